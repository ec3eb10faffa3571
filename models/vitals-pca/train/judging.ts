import { createMemory, recollect } from '../../../gateway/core/memory.ts';
import type { ModelFigures } from '../../../gateway/core/model-card.ts';
import { seededRandom } from '../../../gateway/core/random.ts';
import doubtfulValues from '../../../gateway/detectors/doubtful-values.ts';
import { quantile, rocNearZero } from '../../../gateway/learning/judge.ts';
import type { Rows } from '../../../gateway/learning/matrix.ts';
import { doubt } from '../../../gateway/stages/doubt.ts';
import { charted, type Look, numericsOf, rowsOf, type Stay } from './charts.ts';
import { type Tampering, tamperedLooks, tamperings } from './tampering.ts';

/** Scores of looks by one way of judging, look by look. */
export type Judge = (rows: Rows, looks: readonly Look[]) => Promise<Float32Array>;

interface Episode {
  readonly family: string;
  readonly rows: Rows;
  readonly looks: readonly Look[];
  readonly start: number;
}

/** Stays with an attack each of every family, and as they were. */
export interface Trial {
  readonly ordinary: readonly { readonly rows: Rows; readonly looks: readonly Look[] }[];
  readonly episodes: readonly (Episode & { readonly stay: number })[];
}

/** So many looks come before an attack: who was never seen cannot be told from himself. */
const looksBefore = 2 * tamperedLooks;
const minutesPerDay = 1_440;
const minuteMs = 60_000;
/** Ordinary looks above the threshold of which validation says so. */
const nominalRate = 0.001;

/**
 * @param families of attacks: each of its own kind, or of how strong one kind is
 * @param pass what of a tampered look goes on
 */
export function trialOf(
  stays: readonly Stay[],
  seed: number,
  families: Readonly<Record<string, Tampering>> = tamperings,
  pass: (look: Look) => Look = (look) => look,
): Trial {
  const long = stays.filter(({ looks }) => looks.length > looksBefore + tamperedLooks);
  const random = seededRandom(seed);
  const episodes = long.flatMap(({ looks, record }, stay) => {
    const own = random.fork(record);
    const start = Math.floor(own.between(looksBefore, looks.length - tamperedLooks));
    const other = long[(stay + 1) % long.length]?.looks ?? looks;
    return Object.entries(families).map(([family, tamper], index) => {
      const changed = tamper(looks, start, own.fork(index), other).slice(0, start + tamperedLooks);
      const tampered = changed.map((look, at) => (at < start ? look : pass(look)));
      return { family, stay, start, looks: tampered, rows: rowsOf(tampered) };
    });
  });
  return { ordinary: long.map(({ looks }) => ({ looks, rows: rowsOf(looks) })), episodes };
}

/** The threshold that ordinary looks of the validation part stay below. */
export async function thresholdOf({ ordinary }: Trial, judge: Judge): Promise<number> {
  const scores = await Promise.all(ordinary.map(({ rows, looks }) => judge(rows, looks)));
  return quantile(Float32Array.from(scores.flatMap((each) => [...each])), 1 - nominalRate);
}

/** How one way of judging does on stays nothing was made from. */
export async function judgeTrial(
  name: string,
  judge: Judge,
  threshold: number,
  { ordinary, episodes }: Trial,
): Promise<ModelFigures> {
  const scores: Float32Array[] = [];
  for (const { rows, looks } of ordinary) scores.push(await judge(rows, looks));
  const all = Float32Array.from(scores.flatMap((each) => [...each]));
  const above = all.filter((score) => score > threshold).length;
  const days = ordinary.reduce((sum, { looks }) => sum + daysOf(looks), 0);
  const tampered: number[] = [];
  const attacks: ModelFigures['attacks'][number][] = [];
  for (const family of new Set(episodes.map((each) => each.family))) {
    const [found, before, after]: [number[], number[], number[]] = [[], [], []];
    const delays: number[] = [];
    for (const { rows, looks, start, stay } of episodes.filter((each) => each.family === family)) {
      const window = (await judge(rows, looks)).subarray(start);
      const first = window.findIndex((score) => score > threshold);
      if (first >= 0)
        delays.push(((looks[start + first]?.at ?? 0) - (looks[start]?.at ?? 0)) / 1e3);
      else delays.push(Number.POSITIVE_INFINITY);
      found.push(window.filter((score) => score > threshold).length / window.length);
      after.push(Math.max(...window));
      before.push(Math.max(...(scores[stay]?.subarray(start, start + tamperedLooks) ?? [])));
    }
    tampered.push(...after);
    delays.sort((one, other) => one - other);
    attacks.push({
      family,
      perMinute: minuteMs / (30 * minuteMs),
      truePositiveRate: rounded(found.reduce((sum, each) => sum + each, 0) / found.length),
      noticed: rounded(delays.filter(Number.isFinite).length / delays.length),
      secondsMedian: finite(delays[delays.length >> 1]),
      secondsP90: finite(delays[Math.floor(delays.length * 0.9)]),
      areaUnderCurve: rounded(areaUnderCurve(before, after)),
    });
  }
  return {
    judge: name,
    threshold: Number(threshold.toPrecision(4)),
    falsePositiveRate: Number((above / all.length).toPrecision(3)),
    falseAlarmsPerDeviceDay: Number((above / days).toPrecision(3)),
    deviceDays: rounded(days),
    attacks,
    roc: rocNearZero(all, Float32Array.from(tampered)).map(({ falsePositive, truePositive }) => [
      falsePositive,
      rounded(truePositive),
    ]),
  };
}

export const meanArea = ({ attacks }: ModelFigures): number =>
  rounded(
    attacks.reduce((sum, { areaUnderCurve = 0 }) => sum + areaUnderCurve, 0) / attacks.length,
  );

/** What the gateway's own rules doubt and make a finding of, as a score: 1 where they do. */
export const byRules: Judge = async (_rows, looks) => {
  const memory = recollect(createMemory());
  let state = doubtfulValues.start;
  return Float32Array.from(looks, (look) => {
    let found = 0;
    for (const { figure, ...doubted } of doubt(charted, numericsOf(look), 0, memory).doubted) {
      const origin = { kind: 'doubtful', device: charted, at: figure.at } as const;
      const signal = { ...origin, metric: figure.metric, ...doubted };
      const step = doubtfulValues.step(state, signal, undefined);
      state = step.state;
      if (step.finding) found = 1;
    }
    return found;
  });
};

/** What never reaches anybody, for no living patient can have it. */
export const byRefusal: Judge = async (_rows, looks) =>
  Float32Array.from(looks, ({ isRefused = false }) => (isRefused ? 1 : 0));

/** Two of three looks that a model finds strange, as the gateway asks for: the second highest score. */
export const twoOfThree =
  (judge: Judge): Judge =>
  async (rows, looks) => {
    const scores = await judge(rows, looks);
    return scores.map((_, look) => {
      const last = scores.slice(Math.max(0, look - 2), look + 1).sort();
      return last.at(-2) ?? 0;
    });
  };

function daysOf(looks: readonly Look[]): number {
  return ((looks.at(-1)?.at ?? 0) - (looks[0]?.at ?? 0)) / minuteMs / minutesPerDay;
}

/** How often a tampered window scores higher than an ordinary one (Mann and Whitney). */
function areaUnderCurve(ordinary: readonly number[], tampered: readonly number[]): number {
  const sorted = Float64Array.from(ordinary).sort();
  let sum = 0;
  for (const score of tampered)
    sum += (below(sorted, score, false) + below(sorted, score, true)) / 2;
  return sum / (sorted.length * tampered.length);
}

function below(sorted: Float64Array, value: number, isEqualToo: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = sorted[middle] as number;
    if (at < value || (isEqualToo && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const finite = (value = Number.POSITIVE_INFINITY): number | null =>
  Number.isFinite(value) ? value : null;
const rounded = (value: number): number => Number(value.toFixed(4));
