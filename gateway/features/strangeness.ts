import { episodeMs, lookedAtTicks, strangeTicks } from '../core/alarm-rule.ts';

/** How strange one identity was in the last ticks. Plain data. */
export interface Strangeness {
  /** A bit a tick, the newest lowest: whether its score was above its threshold. */
  ticks: number;
  /** How much above the model's threshold its own stands: each alarm raises it. */
  caution: number;
  /** Last; no time yet where it is later than any. */
  strangeAt: number;
}

const never = Number.MAX_SAFE_INTEGER;

/** An alarm about a device makes the next one so much harder: at most one or so a day is the aim. */
const cautionStep = 1.25;
const cautionMax = 4;
/** What an alarm added is forgotten by half in this time. */
const cautionHalfLifeMs = 86_400_000;
const ticksMask = 2 ** lookedAtTicks - 1;

export function startStrangeness(): Strangeness {
  return { ticks: 0, caution: 1, strangeAt: never };
}

/** Takes in the score of one tick. True where three of the last five were above the threshold. */
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
  const isAbove = score > threshold * state.caution;
  state.ticks = ((state.ticks << 1) | (isAbove ? 1 : 0)) & ticksMask;
  if (bitsOf(state.ticks) < strangeTicks) return false;
  state.strangeAt = at;
  return true;
}

function bitsOf(word: number): number {
  let bits = 0;
  for (let rest = word; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
}
