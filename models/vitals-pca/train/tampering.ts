import { type MetricId, metrics } from '../../../gateway/core/metric.ts';
import type { Random } from '../../../gateway/core/random.ts';
import type { Look } from './charts.ts';

/** Changes looks of a stay from `start` on, for `lastLooks` of them. */
export type Tampering = (
  looks: readonly Look[],
  start: number,
  random: Random,
  other: readonly Look[],
) => readonly Look[];

/** So many looks are tampered with: some hours of a chart. */
export const tamperedLooks = 8;

/** One signal is tampered with as whoever does it would: the three pressures of one place together. */
interface Target {
  readonly metrics: readonly MetricId[];
  /** What is a lot, in the metric's unit, and by what it is multiplied. */
  readonly shift: number;
  readonly factor: number;
  /** It cannot go further up. */
  readonly isDown?: boolean;
}

const targets: readonly Target[] = [
  { metrics: ['MDC_ECG_HEART_RATE'], shift: 25, factor: 1.25 },
  { metrics: ['MDC_RESP_RATE'], shift: 8, factor: 1.3 },
  { metrics: ['MDC_PULS_OXIM_SAT_O2'], shift: 6, factor: 1.06, isDown: true },
  { metrics: ['MDC_TEMP_BODY'], shift: 1.2, factor: 1.03 },
  {
    metrics: ['MDC_PRESS_BLD_NONINV_SYS', 'MDC_PRESS_BLD_NONINV_DIA', 'MDC_PRESS_BLD_NONINV_MEAN'],
    shift: 25,
    factor: 1.25,
  },
  {
    metrics: [
      'MDC_PRESS_BLD_ART_ABP_SYS',
      'MDC_PRESS_BLD_ART_ABP_DIA',
      'MDC_PRESS_BLD_ART_ABP_MEAN',
    ],
    shift: 25,
    factor: 1.25,
  },
];

/** A spike goes so many times as far as a shift does. */
const spikeTimes = { from: 3, to: 5 } as const;

/** One reading of one signal goes so many times as far as a shift does, and the next one is back. */
function spikeOf(from: number, to: number): Tampering {
  return (looks, start, random) => {
    const target = targetOf(looks, start, 1, random);
    const metric = random.pick(target.metrics.filter((each) => looks[start]?.values.has(each)));
    const by = sign(target, random) * target.shift * random.between(from, to);
    return changed(looks, [metric], (index) =>
      index === start ? (value) => value + by : undefined,
    );
  };
}

/** Spikes by how far they go: a small one is not told from an ill patient. */
export const spikes: Readonly<Record<string, Tampering>> = Object.fromEntries(
  [1, 2, 3, 4, 5].map((times) => [`spike of ${times} shifts`, spikeOf(times, times)]),
);

export const tamperings: Readonly<Record<string, Tampering>> = {
  stuck: (looks, start) => {
    const held = new Map<MetricId, number>();
    return looks.map(({ at, values }, index) => {
      const isIn = isTampered(index, start);
      const told = [...values].map(([metric, value]) => {
        const kept = isIn ? (held.get(metric) ?? value) : value;
        held.set(metric, kept);
        return [metric, kept] as const;
      });
      return { at, values: new Map(told) };
    });
  },
  replay: (looks, start) =>
    looks.map((look, index) => ({
      at: look.at,
      values: isTampered(index, start)
        ? (looks[index - tamperedLooks]?.values ?? look.values)
        : look.values,
    })),
  spike: spikeOf(spikeTimes.from, spikeTimes.to),
  drift: (looks, start, random) => {
    const target = targetOf(looks, start, tamperedLooks, random);
    const by = (sign(target, random) * target.shift * 1.5) / tamperedLooks;
    return changed(looks, target.metrics, (index) =>
      isTampered(index, start) ? (value) => value + by * (index - start + 1) : undefined,
    );
  },
  offset: (looks, start, random) => {
    const target = targetOf(looks, start, tamperedLooks, random);
    const by = sign(target, random) * target.shift;
    return changed(looks, target.metrics, (index) =>
      isTampered(index, start) ? (value) => value + by : undefined,
    );
  },
  scale: (looks, start, random) => {
    const target = targetOf(looks, start, tamperedLooks, random);
    const by = target.factor ** sign(target, random);
    return changed(looks, target.metrics, (index) =>
      isTampered(index, start) ? (value) => value * by : undefined,
    );
  },
  swap: (looks, start, _random, other) =>
    looks.map((look, index) => ({
      at: look.at,
      values: isTampered(index, start)
        ? (other[index % other.length]?.values ?? look.values)
        : look.values,
    })),
};

const isTampered = (index: number, start: number): boolean =>
  index >= start && index < start + tamperedLooks;

const sign = ({ isDown }: Target, random: Random): number =>
  isDown || random.next() < 0.5 ? -1 : 1;

/** A signal that is told among the next looks. */
function targetOf(looks: readonly Look[], start: number, count: number, random: Random): Target {
  const some = looks.slice(start, start + count);
  return random.pick(
    targets.filter((target) =>
      target.metrics.some((metric) => some.some(({ values }) => values.has(metric))),
    ),
  );
}

/** Whoever tampers keeps to what the gateway lets pass, and to the decimal places of the device. */
function changed(
  looks: readonly Look[],
  some: readonly MetricId[],
  changeAt: (index: number) => ((value: number) => number) | undefined,
): readonly Look[] {
  return looks.map((look, index) => {
    const change = changeAt(index);
    if (change === undefined) return look;
    const values = new Map(look.values);
    for (const metric of some) {
      const value = values.get(metric);
      if (value === undefined) continue;
      const [low, high] = metrics[metric].plausible;
      const top = metric === 'MDC_PULS_OXIM_SAT_O2' ? 100 : high;
      const places = Number.isInteger(value) ? 0 : 1;
      values.set(metric, Number(Math.min(top, Math.max(low, change(value))).toFixed(places)));
    }
    return { at: look.at, values };
  });
}
