import { deviationOf, learn, startUsual, type Usual } from './usual.ts';

/** When messages of one form come: how far apart, and how many more than that lets expect. Plain data. */
export interface Rhythm {
  readonly gap: Usual;
  /** The gap before the last one. */
  lastGapMs: number;
  /** When the last one came; 0: none did. */
  spokeAt: number;
  /** Moments behind its turn, which it may make up for: 0 or below. */
  behind: number;
  /** How often one came early, fading; what came early once will again. */
  earlies: number;
}

/** What one message was to the rhythm of its form. */
export interface Turn {
  /** 0 in its turn; early, up to 1: how surprising that is. */
  readonly early: number;
  /** By how many moments it came before its turn, beyond what was behind. */
  readonly ahead: number;
}

/** What follows within this time belongs to the same moment of the device: pieces of one answer. */
export const momentMs = 50;
/** A gap above so many usual ones is a silence: the device was off, its rhythm is what it was. */
export const silenceGaps = 5;
/** Two gaps together below so many usual ones: nothing was late before that is made up for now. */
const twoGapsMax = 1.6;
/** This far from what is usual, in deviations, is out of turn. */
const earlyDeviations = 4;
const gapDeviationShare = 0.02;
/** Of a rhythm that was heard a few times only, nobody knows how exact it is. */
const newGapDeviationShare = 0.08;
/** From so many gaps on a rhythm shows; from so many on it is known how exact it is. */
const rhythmGaps = 4;
const settledGaps = 16;
/** So many moments behind are made up for; that is forgotten by half in this time. */
const behindMax = 2;
const behindHalfLifeMs = 60_000;
/** Each time one came early makes the next one less of a surprise, for half a day. */
const earliesHalfLifeMs = 21_600_000;
const earliesMax = 8;
/** A rhythm is known no better than to this share. */
const rhythmShare = 0.01;
const inTurn: Turn = { early: 0, ahead: 0 };

export function startRhythm(): Rhythm {
  return { gap: startUsual(), lastGapMs: 0, spokeAt: 0, behind: 0, earlies: 0 };
}

/** Takes in that a message of this form came. */
export function keepTime(rhythm: Rhythm, at: number): Turn {
  const { gap, spokeAt, lastGapMs } = rhythm;
  rhythm.spokeAt = at;
  const gapMs = at - spokeAt;
  if (gapMs <= momentMs || spokeAt === 0) return inTurn;
  rhythm.lastGapMs = gapMs;
  const usualMs = gap.mean;
  if (gap.seen < rhythmGaps) {
    learn(gap, gapMs);
    return inTurn;
  }
  if (gapMs <= usualMs * silenceGaps) learn(gap, gapMs, true);
  const share = gap.seen < settledGaps ? newGapDeviationShare : gapDeviationShare;
  const shortestMs = usualMs - earlyDeviations * Math.max(share * usualMs, deviationOf(gap));
  const isMadeUp = gapMs + lastGapMs > twoGapsMax * usualMs;
  const behind = rhythm.behind * 2 ** (-gapMs / behindHalfLifeMs) - gapMs / usualMs;
  const after = Math.max(-behindMax, behind) + 1 - rhythmShare;
  rhythm.behind = Math.min(0, after);
  const isEarly = gapMs < shortestMs && !isMadeUp;
  rhythm.earlies *= 2 ** (-gapMs / earliesHalfLifeMs);
  const early = isEarly ? 1 / (1 + 2 * rhythm.earlies) : 0;
  if (isEarly) rhythm.earlies = Math.min(earliesMax, rhythm.earlies + 1);
  return { early, ahead: Math.max(0, after) };
}
