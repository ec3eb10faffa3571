import {
  type CloseCause,
  type Episode,
  type EpisodeOrderName,
  type EpisodeState,
  episodeOrders,
} from '../core/episode.ts';
import { GatewayError } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import type { Store } from '../store/store.ts';

/** An episode with the last of its findings, newest first. */
export interface EpisodeDetail extends Episode {
  readonly findings: readonly Finding[];
}

/** What a person makes of an episode: by a command, or as a user of the API. */
export interface JudgementOrder {
  readonly sequence: number;
  readonly order: EpisodeOrderName;
  /** With `close` only. */
  readonly cause?: CloseCause | undefined;
  readonly reason: string;
  readonly actor: string;
  readonly now: number;
}

const findingsShownMax = 20;

export function findEpisode({ journal }: Store, sequence: number): EpisodeDetail | undefined {
  const episode = journal.episodes.find(sequence);
  return episode && { ...episode, findings: journal.findingsOf(sequence, findingsShownMax) };
}

/** @throws GatewayError `finding-unknown`, `finding-state`. */
export function judgeEpisode(
  store: Store,
  { sequence, order, cause, reason, actor, now }: JudgementOrder,
): Episode {
  return store.transact(() => {
    const { episodes } = store.journal;
    const before = episodes.find(sequence);
    if (!before) throw new GatewayError('finding-unknown', `there is no finding ${sequence}`);
    const from: readonly EpisodeState[] = episodeOrders[order].from;
    if (!from.includes(before.state)) {
      throw new GatewayError('finding-state', `${order}: finding ${sequence} is ${before.state}`);
    }
    const { to: state } = episodeOrders[order];
    const judgement = { state, cause, actor, changedAt: now, reason };
    episodes.judge(sequence, judgement);
    store.audit.add({
      at: now,
      actor,
      action: `finding.${order}`,
      object: `${sequence}`,
      outcome: 'success',
      detail: cause === undefined ? reason : `${cause}: ${reason}`,
    });
    return { ...before, ...judgement };
  });
}
