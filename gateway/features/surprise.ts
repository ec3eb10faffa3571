/**
 * How often something happens among the messages of one identity: what never did is a surprise, what
 * does now and then is none. Plain data.
 */
export interface Habit {
  /** Messages looked at, and those where it happened; the old ones fade. */
  of: number;
  times: number;
}

/** Messages after which an old one counts half. */
const halfLifeMessages = 512;
const kept = 2 ** (-1 / halfLifeMessages);
/** Something that never happened in so many messages is a whole surprise. */
const wholeOf = 256;

export const startHabit = (): Habit => ({ of: 0, times: 0 });

/** How surprising it would be now, from 0 to 1. */
export function surpriseOf({ of, times }: Habit): number {
  const share = (times + 0.5) / (of + 1);
  return Math.min(1, Math.max(0, -Math.log(share) / Math.log(2 * wholeOf)));
}

export function learnHabit(habit: Habit, happened: boolean): void {
  habit.of = habit.of * kept + 1;
  habit.times = habit.times * kept + (happened ? 1 : 0);
}
