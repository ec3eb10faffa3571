import type { DeviceId } from '../core/device.ts';
import type { Evaluation, ModelFigures } from '../core/model-card.ts';
import { seededRandom } from '../core/random.ts';
import type { Signal } from '../core/signal.ts';
import { type Deed, stealthRates, withAttack } from '../datasets/stealth.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import { calibrate, falseAlarms, rocNearZero, smoothed } from '../learning/judge.ts';
import { episodeTicks, type Score, shippedBudget } from './model-training.ts';
import { type Played, playTraffic } from './traffic-play.ts';

/** One ordinary device of the part that nothing was made from. */
export interface UnseenDevice {
  readonly id: DeviceId;
  readonly signals: readonly Signal[];
  readonly perSecondMax: number;
  readonly from: number;
  readonly until: number;
  /** Somebody else could speak in its name: attacks are played on it. */
  readonly isAttackable: boolean;
}

/** Everything that judges: scores what was played, and alarms above its threshold. */
export interface Judge {
  readonly name: string;
  readonly threshold: number;
  score(played: Played): Promise<Float32Array>;
}

/** An attack begins when its device has enrolled and settled, and lasts ten minutes. */
export const attackAfterMs = 900_000;
const attackMs = 600_000;
/** Seconds of an attack that are not yet counted: three of five must be strange. */
const graceMs = 3_000;
/** Scores of the curve, thinned: a curve needs no more. */
const rocStride = 7;

export function modelJudge(name: string, threshold: number, score: Score): Judge {
  return { name, threshold, score: async (played) => (await score(played)).scores };
}

/** A figure of each row of features, which begins at `start`. */
type Rule = (values: Float32Array, start: number, width: number) => number;

const scoreBy =
  (rule: Rule) =>
  async ({ width, uncut }: Played) => {
    const scores = new Float32Array(uncut.length / width);
    for (let row = 0; row < scores.length; row += 1) scores[row] = rule(uncut, row * width, width);
    return scores;
  };
const largestZ: Rule = (values, start, width) => {
  let largest = 0;
  for (let index = start; index < start + width; index += 1) {
    largest = Math.max(largest, Math.abs(values[index] ?? 0));
  }
  return largest;
};

/**
 * The rules that a model must beat, within the same budget of false alarms: the largest deviation
 * of any feature, and each feature alone. They see deviations before they are cut: where most of what
 * is strange is cut to one figure, no threshold could tell it from the strangest that is ordinary.
 */
export async function plainJudges(validation: readonly Played[]): Promise<readonly Judge[]> {
  const rules: [string, Rule][] = [
    ['max-z', largestZ],
    ...trafficFeatures.map((name, index): [string, Rule] => [
      `only ${name}`,
      (values, start) => Math.abs(values[start + index] ?? 0),
    ]),
  ];
  const judges: Judge[] = [];
  for (const [name, rule] of rules) {
    const score = scoreBy(rule);
    const scores: Float32Array[] = [];
    for (const played of validation) scores.push(smoothed(await score(played)));
    judges.push({ name, threshold: calibrate(scores, shippedBudget, episodeTicks), score });
  }
  return judges;
}

interface Course {
  readonly seconds: number;
  readonly hits: number;
  readonly firstSeconds: number | undefined;
}

interface Tried {
  readonly family: string;
  readonly rate: number;
  readonly courses: Map<string, Course[]>;
}

/** Judges judges on ordinary devices nothing was made from, and on attacks under their names. */
export async function evaluate(
  data: string,
  devices: readonly UnseenDevice[],
  families: Readonly<Record<string, Deed>>,
  judges: readonly Judge[],
  onStep: (what: string) => void,
): Promise<Evaluation> {
  const ordinary = new Map(judges.map(({ name }) => [name, [] as Float32Array[]]));
  const strange = new Map(judges.map(({ name }) => [name, [] as number[]]));
  const tried: Tried[] = Object.keys(families).flatMap((family) =>
    stealthRates.map((rate) => ({ family, rate, courses: new Map() })),
  );
  for (const [index, device] of devices.entries()) {
    onStep(`${data}: ${device.id}`);
    const { id, signals, perSecondMax, from, until } = device;
    const played = playTraffic(signals, id, perSecondMax, { from, until });
    for (const { name, score } of judges) ordinary.get(name)?.push(smoothed(await score(played)));
    if (!device.isAttackable) continue;
    for (const attempt of tried) {
      const deed = families[attempt.family] as Deed;
      const attacked = attack(device, deed, attempt.rate, index);
      for (const judge of judges) {
        const scores = smoothed(await judge.score(attacked.played));
        const course = courseOf(scores, attacked, judge.threshold, strange.get(judge.name) ?? []);
        const others = attempt.courses.get(judge.name) ?? [];
        attempt.courses.set(judge.name, [...others, course]);
      }
    }
  }
  const figures = judges.map((judge) =>
    figuresOf(judge, ordinary.get(judge.name) ?? [], strange.get(judge.name) ?? [], tried),
  );
  return { data, judges: withBestFeature(figures) };
}

interface Attacked {
  readonly played: Played;
  readonly beganAt: number;
  readonly until: number;
}

function attack(
  { id, signals, perSecondMax, from }: UnseenDevice,
  deed: Deed,
  rate: number,
  seed: number,
): Attacked {
  const began = from + attackAfterMs;
  const until = began + attackMs;
  const own = signals.filter(({ at }) => at < until);
  const random = seededRandom(seed + 1);
  const span = { from: began + 500, until };
  const { signals: all, beganAt } = withAttack(own, id, { deed, rate, ...span }, random);
  return { played: playTraffic(all, id, perSecondMax, { from, until }), beganAt, until };
}

function courseOf(
  scores: Float32Array,
  { played, beganAt, until }: Attacked,
  threshold: number,
  strange: number[],
): Course {
  let [seconds, hits] = [0, 0];
  let firstSeconds: number | undefined;
  for (const [tick, at] of played.at.entries()) {
    if (at < beganAt || at > until) continue;
    const score = scores[tick] ?? 0;
    const isHit = score > threshold;
    if (isHit) firstSeconds ??= (at - beganAt) / 1_000;
    if (at < beganAt + graceMs) continue;
    seconds += 1;
    if (isHit) hits += 1;
    if (tick % rocStride === 0) strange.push(score);
  }
  return { seconds, hits, firstSeconds };
}

function figuresOf(
  { name, threshold }: Judge,
  ordinary: readonly Float32Array[],
  strange: readonly number[],
  tried: readonly Tried[],
): ModelFigures {
  const { rate, perDeviceDay, deviceDays } = falseAlarms(ordinary, threshold, episodeTicks);
  const all = Float32Array.from(ordinary.flatMap((scores) => [...scores]));
  return {
    judge: name,
    threshold: rounded(threshold),
    falsePositiveRate: rounded(rate),
    falseAlarmsPerDeviceDay: rounded(perDeviceDay),
    deviceDays: rounded(deviceDays),
    attacks: tried.map(({ family, rate: perSecond, courses }) =>
      attackFigures(family, perSecond, courses.get(name) ?? []),
    ),
    roc: rocNearZero(all, Float32Array.from(strange)).map(({ falsePositive, truePositive }) => [
      falsePositive,
      rounded(truePositive),
    ]),
  };
}

function attackFigures(
  family: string,
  perSecond: number,
  courses: readonly Course[],
): ModelFigures['attacks'][number] {
  const sum = (figure: (course: Course) => number) =>
    courses.reduce((total, course) => total + figure(course), 0);
  const times = courses
    .map(({ firstSeconds }) => firstSeconds ?? Number.POSITIVE_INFINITY)
    .sort((one, other) => one - other);
  const at = (share: number) => {
    const time = times[Math.min(times.length - 1, Math.floor(share * times.length))];
    return time === undefined || time === Number.POSITIVE_INFINITY ? null : rounded(time);
  };
  return {
    family,
    perMinute: rounded(perSecond * 60),
    truePositiveRate: rounded(
      sum(({ hits }) => hits) /
        Math.max(
          1,
          sum(({ seconds }) => seconds),
        ),
    ),
    noticed: rounded(times.filter(Number.isFinite).length / Math.max(1, times.length)),
    secondsMedian: at(0.5),
    secondsP90: at(0.9),
  };
}

/** Of the features alone, the one that does best on the whole stands for all. */
function withBestFeature(figures: readonly ModelFigures[]): ModelFigures[] {
  const total = ({ attacks }: ModelFigures) =>
    attacks.reduce((sum, { truePositiveRate }) => sum + truePositiveRate, 0);
  const single = figures.filter(({ judge }) => judge.startsWith('only '));
  const best = single.reduce<ModelFigures | undefined>(
    (found, each) => (found && total(found) >= total(each) ? found : each),
    undefined,
  );
  const others = figures.filter(({ judge }) => !judge.startsWith('only '));
  return best ? [...others, best] : others;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
