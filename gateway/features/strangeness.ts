import { episodeMs, lookedAtTicks, strangeTicks } from '../core/alarm-rule.ts';
import { type CalmScores, learnCalm, ownShare, startCalm } from './calm-scores.ts';

/** How strange one identity was in the last ticks. Plain data. */
export interface Strangeness {
  /** The scores of the last ticks, the newest last. */
  readonly scores: number[];
  /** How much above its usual threshold it now is: each alarm raises it. */
  caution: number;
  /** Last; no time yet where it is later than any. */
  strangeAt: number;
  /** How strange it is on ordinary days: its own threshold comes from it. */
  readonly calm: CalmScores;
}

const never = Number.MAX_SAFE_INTEGER;

/** An alarm about a device makes the next one so much harder: at most one or so a day is the aim. */
const cautionStep = 1.25;
const cautionMax = 4;
/** What an alarm added is forgotten by half in this time. */
const cautionHalfLifeMs = 86_400_000;

export function startStrangeness(): Strangeness {
  return { scores: [], caution: 1, strangeAt: never, calm: startCalm() };
}

/** Its own threshold now, where the model’s is `threshold`. */
export function ownThreshold({ caution, calm }: Strangeness, threshold: number): number {
  return threshold * caution * ownShare(calm);
}

/** Takes in the score of one tick. True where three of the last five were above its own threshold. */
export function isStrange(
  state: Strangeness,
  score: number,
  threshold: number,
  at: number,
  elapsedMs: number,
): boolean {
  const kept = 2 ** (-Math.max(0, elapsedMs) / cautionHalfLifeMs);
  state.caution = 1 + (state.caution - 1) * kept;
  // The episode is over: it counts against the next one.
  if (at - state.strangeAt >= episodeMs) {
    state.caution = Math.min(cautionMax, state.caution * cautionStep);
    state.strangeAt = never;
  }
  const { scores, calm } = state;
  scores.push(score);
  if (scores.length > lookedAtTicks) scores.shift();
  const smooth = smoothed(scores);
  const isAbove = smooth > ownThreshold(state, threshold);
  learnCalm(calm, smooth, threshold, at);
  if (isAbove) state.strangeAt = at;
  return isAbove;
}

/** The third largest of the last five: it is above a threshold where three of them are. */
function smoothed(scores: readonly number[]): number {
  if (scores.length < strangeTicks) return 0;
  return [...scores].sort((one, other) => other - one)[strangeTicks - 1] ?? 0;
}
