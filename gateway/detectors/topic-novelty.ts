import { defineDetector } from '../core/detector.ts';
import { shortHash } from '../core/short-hash.ts';
import { wildcardShare } from '../core/topic-filter.ts';

/** A client says all it wants to read at its first connection. */
const acquaintanceMs = 10_000;
/** Below this a new filter was not to be expected of this client. */
const probabilityMax = 0.05;
/** Standing still for an hour says as much as subscribing to the same once more; a year does not. */
const exposuresMax = 1_000;
const knownMax = 32;
/** So many times as many topics as it ever saw, and so many more. */
const wideningFactor = 4;
const wideningMin = 8;
const episodeMs = 600_000;
const hourMs = 3_600_000;

interface Habit {
  readonly since: number;
  readonly at: number;
  /** Filters it had before, by their hashes; the oldest is forgotten first. */
  readonly known: readonly string[];
  /** Times, and hours, at which it could have wanted another topic. */
  readonly exposures: number;
  /** How often it did. */
  readonly novelties: number;
  /** The most topics that one of its filters let it see. */
  readonly reach: number;
  readonly toldAt: number;
}

/**
 * Somebody reads what it never read: a client, mostly a consumer, that always wants the same topics,
 * wants another one. By Laplace’s rule of succession: after n chances, of which k were used, the next
 * is used with (k + 1) / (n + 2). It is within its rights, so it is granted, and told.
 */
export default defineDetector<Habit>({
  id: 'topic-novelty',
  threat: 'D05',
  watches: ['subscribed'],
  start: { since: 0, at: 0, known: [], exposures: 0, novelties: 0, reach: 0, toldAt: 0 },

  step(before, signal) {
    if (signal.kind !== 'subscribed') return { state: before };
    const { topic, reach, at } = signal;
    const hash = shortHash(topic);
    const since = before.since === 0 ? at : before.since;
    const isKnown = before.known.includes(hash);
    const isAcquainted = at - since >= acquaintanceMs;
    const hours = before.at === 0 ? 0 : Math.max(0, at - before.at) / hourMs;
    const exposures = Math.min(exposuresMax, before.exposures + 1 + hours);
    const probability = (before.novelties + 1) / (exposures + 1);
    const isWider = reach >= wideningFactor * before.reach && reach - before.reach >= wideningMin;
    const isStrange = isAcquainted && !isKnown && (isWider || probability <= probabilityMax);
    const isTold = before.toldAt > 0 && at >= before.toldAt && at < before.toldAt + episodeMs;
    const isNew = isStrange && !isTold;
    const state = {
      since,
      at,
      known: isKnown ? before.known : [...before.known, hash].slice(-knownMax),
      exposures,
      novelties: before.novelties + (isKnown || !isAcquainted ? 0 : 1),
      reach: Math.max(before.reach, reach),
      toldAt: isNew ? at : before.toldAt,
    };
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: isWider ? 'high' : 'medium',
        confidence: isWider ? 0.8 : 0.7,
        outcome: 'detected',
        evidence: {
          topic,
          wildcards: round(wildcardShare(topic)),
          topicsSeen: reach,
          topicsBefore: before.reach,
          probability: round(probability),
        },
      },
    };
  },
});

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
