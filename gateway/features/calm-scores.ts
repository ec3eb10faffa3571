import { episodeMs } from '../core/alarm-rule.ts';

/**
 * How strange one identity is on ordinary days: the highest score of each ten minutes, sorted into
 * steps. Plain data of a bounded size.
 */
export interface CalmScores {
  /** Stretches of ten minutes by their highest score; the old ones fade. */
  readonly steps: number[];
  /** The highest score of the stretch that goes on, and when it ends; 0: none has begun. */
  highest: number;
  endsAt: number;
}

/** Steps are so many to a doubling, from a share of the model’s threshold on up to a multiple of it. */
const stepsPerDoubling = 4;
const doublingsBelow = 1;
const doublingsAbove = 5;
const stepCount = (doublingsBelow + doublingsAbove) * stepsPerDoubling + 1;
/** A stretch of this long ago counts half: two weeks. */
const halfLifeStretches = 2_016;
const kept = 2 ** (-1 / halfLifeStretches);
const stretchesPerDay = 86_400_000 / episodeMs;
/** Alarms a day that a threshold of its own may cost. */
const alarmsPerDay = 0.5;

export function startCalm(): CalmScores {
  return { steps: Array.from({ length: stepCount }, () => 0), highest: 0, endsAt: 0 };
}

/** Takes in the score of one tick, smoothed. */
export function learnCalm(calm: CalmScores, score: number, threshold: number, at: number): void {
  if (calm.endsAt === 0) calm.endsAt = at + episodeMs;
  if (at >= calm.endsAt) {
    // A score stands in the lowest step that is not below it.
    const step = stepOf(calm.highest, threshold);
    for (let index = 0; index < stepCount; index += 1) {
      calm.steps[index] = (calm.steps[index] ?? 0) * kept + (index === step ? 1 : 0);
    }
    calm.highest = 0;
    calm.endsAt = at + episodeMs;
  }
  calm.highest = Math.max(calm.highest, score);
}

/**
 * The share of the model’s threshold that is its own, 0.5 to 1: the lowest that its calm stretches, and
 * one more that nobody has seen yet, would exceed within the budget (split conformal). Before there
 * are enough of them it is 1.
 */
export function ownShare({ steps }: CalmScores): number {
  const count = steps.reduce((sum, each) => sum + each, 0);
  const allowed = ((count + 1) * alarmsPerDay) / stretchesPerDay - 1;
  let above = count;
  for (let step = 0; step < doublingsBelow * stepsPerDoubling; step += 1) {
    above -= steps[step] ?? 0;
    if (above <= allowed) return limitOf(step);
  }
  return 1;
}

/** The conformal p-value: the share of its ten minutes, this one included, that were as strange. */
export function rarityOf({ steps }: CalmScores, score: number, threshold: number): number {
  const count = steps.reduce((sum, each) => sum + each, 0);
  const step = stepOf(score, threshold);
  const asStrange = steps.reduce((sum, each, index) => (index >= step ? sum + each : sum), 0);
  return (asStrange + 1) / (count + 1);
}

/** The highest score of a step, as a share of the model’s threshold. */
const limitOf = (step: number): number => 2 ** (step / stepsPerDoubling - doublingsBelow);

function stepOf(score: number, threshold: number): number {
  const doublings = Math.log2(Math.max(score / threshold, Number.MIN_VALUE)) + doublingsBelow;
  return Math.min(stepCount - 1, Math.max(0, Math.ceil(doublings * stepsPerDoubling)));
}
