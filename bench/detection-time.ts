import { accumulate, type CusumRule, noCusum } from '../gateway/core/cusum.ts';
import type { Instant } from '../gateway/core/observation.ts';
import { type Random, seededRandom } from '../gateway/core/random.ts';
import { median, rounded } from './median.ts';
import type { Answer, Question, Row } from './question.ts';

const daySeconds = 86_400;
/** Days of ordinary traffic to calibrate on, and as many others to count the false alarms on. */
const days = { max: 40, messagesMax: 4_000_000 };
const falseAlarmsPerDayMax = 1;
const windowSeconds = 60;
const episodeSeconds = 600;
/** Ordinary traffic before an attack, and how long it may last unseen. */
const leadSeconds = 600;
const horizonSeconds = 3_600;
const trials = 60;
/** Of one attack: a flood is seen at once or not at all. */
const messagesMax = 20_000;
/** The factor between usual and attack that the sum is tuned to: the smallest one here. */
const tunedTo = 1.5;
/** By how much the median over all must be shorter. */
const gainMin = 0.1;

/** How a device speaks: times of its messages, in seconds. */
interface Habit {
  readonly name: string;
  readonly perSecond: number;
  readonly isRegular: boolean;
}

const habits: readonly Habit[] = [
  { name: 'irregular, 12/min', perSecond: 0.2, isRegular: false },
  { name: 'irregular, 1/s', perSecond: 1, isRegular: false },
  { name: 'irregular, 5/s', perSecond: 5, isRegular: false },
  { name: 'regular, 1/s, late and at once now and then', perSecond: 1, isRegular: true },
];

/** What an attacker adds to it, in messages a second. */
const attacks = [
  { name: '×1.5', beyond: ({ perSecond }: Habit) => 0.5 * perSecond },
  { name: '×2', beyond: ({ perSecond }: Habit) => perSecond },
  { name: '×3', beyond: ({ perSecond }: Habit) => 2 * perSecond },
  { name: '×5', beyond: ({ perSecond }: Habit) => 4 * perSecond },
  { name: 'flood, 200/s', beyond: () => 200 },
] as const;

/** Whether each message is the one at which an alarm is given; a fold over their times. */
type Watch = (times: readonly number[], until: number) => readonly number[];

export const detectionTime: Question = {
  name: 'detection-time',
  summary: 'How soon a surge is seen, at the same false alarms: 60 s windows, and ours.',

  async ask({ remark }) {
    return [compare(remark)];
  },
};

/** Both watch the same messages; ours is `accumulate`, the sum behind the detectors of D01 and D10. */
export function compare(remark: (line: string) => void, seed = 7): Answer & { isPassed: boolean } {
  const rows: Row[] = [];
  const all = { windows: [] as number[], ours: [] as number[] };
  let isSlower = false;
  let isWorse = false;
  for (const [index, habit] of habits.entries()) {
    remark(`  ${habit.name}`);
    const random = seededRandom(seed + index);
    const { windows, ours, realised, isNoisier } = calibrate(habit, random);
    isWorse ||= isNoisier;
    for (const { name, beyond } of attacks) {
      const times = Array.from({ length: trials }, () => {
        const began = leadSeconds + random.next() * windowSeconds;
        const until = began + Math.min(horizonSeconds, messagesMax / beyond(habit));
        const said = merged(ordinary(habit, until, random), began, until, beyond(habit), random);
        const delay = (watch: Watch) =>
          (watch(said, until).find((at) => at >= began) ?? until) - began;
        return { windows: delay(windows), ours: delay(ours) };
      });
      const figures = {
        windows: times.map((each) => each.windows),
        ours: times.map((each) => each.ours),
      };
      all.windows.push(...figures.windows);
      all.ours.push(...figures.ours);
      isSlower ||=
        median(figures.ours) > median(figures.windows) || p90(figures.ours) > p90(figures.windows);
      rows.push({
        device: habit.name,
        attack: name,
        'windows median s': rounded(median(figures.windows)),
        'ours median s': rounded(median(figures.ours)),
        'windows p90 s': rounded(p90(figures.windows)),
        'ours p90 s': rounded(p90(figures.ours)),
        'median shorter by %': rounded(
          100 * (1 - median(figures.ours) / median(figures.windows)),
          2,
        ),
        'false alarms/day': `${rounded(realised.windows, 2)} and ${rounded(realised.ours, 2)}`,
      });
    }
  }
  const gain = 1 - median(all.ours) / median(all.windows);
  const isPassed = gain >= gainMin && !isSlower && !isWorse;
  return {
    title: 'From the first message of an attack to the alarm, at the same false alarms',
    rows,
    isPassed,
    notes: [
      `median over all: ${rounded(median(all.windows))} s and ${rounded(median(all.ours))} s, ${rounded(100 * gain, 2)} % shorter; ${isSlower ? 'an attack is seen later' : 'no attack is seen later, by median or p90'}: ${isPassed ? 'passed' : 'NOT passed'}`,
      `both calibrated to at most ${falseAlarmsPerDayMax} false alarm a device and day on 9 to ${days.max} days, ours to no more than the windows have; realised on as many other days: windows, then ours (more than three standard errors above would not pass)`,
      `${trials} attacks each, at any moment of a window; one unseen within ${horizonSeconds} s counts as that; seed ${seed}`,
      'times of the traffic, not of the machine: the load does not matter',
    ],
  };
}

function calibrate(habit: Habit, random: Random) {
  const count = Math.min(days.max, Math.floor(days.messagesMax / (habit.perSecond * daySeconds)));
  const seen = ordinary(habit, count * daySeconds, random);
  const perDay = (watch: Watch, times: readonly number[]) =>
    watch(times, count * daySeconds).length / count;
  let limit = Math.ceil(habit.perSecond * windowSeconds);
  while (perDay(windowsOf(limit), seen) > falseAlarmsPerDayMax) limit += 1;
  const windows = windowsOf(limit);
  const allowed = perDay(windows, seen);
  // The sum from which it is an attack, to a hundredth of itself.
  let [low, high] = [1, 2 ** 14];
  while (high / low > 1.01) {
    const middle = Math.sqrt(low * high);
    if (perDay(oursOf(habit, middle), seen) > allowed) low = middle;
    else high = middle;
  }
  const ours = oursOf(habit, high);
  const other = ordinary(habit, count * daySeconds, random);
  const realised = { windows: perDay(windows, other), ours: perDay(ours, other) };
  const error = Math.sqrt((realised.windows + realised.ours) / count);
  const isNoisier = realised.ours > realised.windows + 3 * error;
  return { windows, ours, realised, isNoisier };
}

/** More than `limit` messages in a window of 60 s, told at its end; once in ten minutes. */
function windowsOf(limit: number): Watch {
  return (times, until) => {
    const alarms: number[] = [];
    let index = 0;
    for (let end = windowSeconds; end <= until; end += windowSeconds) {
      const from = index;
      while ((times[index] ?? Infinity) < end) index += 1;
      const isNew = end >= (alarms.at(-1) ?? -Infinity) + episodeSeconds;
      if (index - from > limit && isNew) alarms.push(end);
    }
    return alarms;
  };
}

/** As the detectors use it; what is taken off is the reference value of Lucas for `tunedTo`. */
function oursOf({ perSecond: usual }: Habit, limit: number): Watch {
  const perSecond = (usual * (tunedTo - 1)) / Math.log(tunedTo);
  const rule: CusumRule = { perSecond, limit, episodeMs: episodeSeconds * 1_000 };
  return (times) => {
    const alarms: number[] = [];
    let state = noCusum;
    for (const time of times) {
      const step = accumulate(state, (1 + time * 1_000) as Instant, 1, rule);
      state = step.state;
      if (step.isNew) alarms.push(time);
    }
    return alarms;
  };
}

/** Messages of a device that is well, until a time. */
function ordinary({ perSecond, isRegular }: Habit, until: number, random: Random): number[] {
  if (!isRegular) return poisson(0, until, perSecond, random);
  const times: number[] = [];
  const jitter = 0.2 / perSecond;
  // About once an hour it is late by ten seconds and says all of it at once.
  let lateUntil = -1;
  for (let due = 0; due < until; due += 1 / perSecond) {
    if (due > lateUntil && random.next() < 1 / (3_600 * perSecond)) lateUntil = due + 10;
    const at = due <= lateUntil ? lateUntil : due + random.next() * jitter;
    if (at < until) times.push(at);
  }
  return times.sort((one, other) => one - other);
}

function merged(
  times: readonly number[],
  from: number,
  until: number,
  perSecond: number,
  random: Random,
): readonly number[] {
  return [...times, ...poisson(from, until, perSecond, random)].sort((one, other) => one - other);
}

function poisson(from: number, until: number, perSecond: number, random: Random): number[] {
  const times: number[] = [];
  for (let at = from; ; ) {
    at += random.wait(perSecond);
    if (at >= until) return times;
    times.push(at);
  }
}

function p90(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil(0.9 * sorted.length) - 1] ?? Number.NaN;
}
