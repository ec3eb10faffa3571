import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { type MetricId, metrics } from '../../../gateway/core/metric.ts';
import type { Instant, Numeric } from '../../../gateway/core/observation.ts';
import { pressureTriples } from '../../../gateway/core/physiology.ts';
import {
  isLookDue,
  lookAtVitals,
  seeVital,
  startVitals,
  vitalsFeatures,
} from '../../../gateway/features/vitals-state.ts';
import type { Rows } from '../../../gateway/learning/matrix.ts';
import { check } from '../../../gateway/stages/check.ts';

/** What a chart says at one time. */
export interface Look {
  readonly at: number;
  readonly values: ReadonlyMap<MetricId, number>;
  /** The gateway set something of it aside: impossible pressures, which nobody believes any more. */
  readonly isRefused?: boolean;
}

/** One stay of one patient. */
export interface Stay {
  readonly record: number;
  readonly looks: readonly Look[];
}

export type Part = 'training' | 'validation' | 'test';

/** Columns of the charts that are vital signs. */
const columns: Readonly<Record<string, MetricId>> = {
  HR: 'MDC_ECG_HEART_RATE',
  RespRate: 'MDC_RESP_RATE',
  SaO2: 'MDC_PULS_OXIM_SAT_O2',
  Temp: 'MDC_TEMP_BODY',
  NISysABP: 'MDC_PRESS_BLD_NONINV_SYS',
  NIDiasABP: 'MDC_PRESS_BLD_NONINV_DIA',
  NIMAP: 'MDC_PRESS_BLD_NONINV_MEAN',
  SysABP: 'MDC_PRESS_BLD_ART_ABP_SYS',
  DiasABP: 'MDC_PRESS_BLD_ART_ABP_DIA',
  MAP: 'MDC_PRESS_BLD_ART_ABP_MEAN',
};

const bytesMax = 200_000_000;
const minuteMs = 60_000;
/** Some day: of stays only the minutes since they began are known. */
const chartStart = Date.UTC(2026, 0, 1);
/** Looks closer than this are one: how a patient is looked at while the gateway runs. */
const lookEveryMs = 30 * minuteMs;

/**
 * Reads PhysioNet/CinC 2012 as one table, gzipped: stays by record, looks by time.
 *
 * @param isChecked as the gateway looks at them: without what it sets aside, and pressures of one place
 * together. The model was made from them as they are.
 */
export function readCharts(path: string, isChecked = false): readonly Stay[] {
  const text = gunzipSync(readFileSync(path), { maxOutputLength: bytesMax }).toString('latin1');
  const [head = '', ...lines] = text.split('\n');
  const names = head.trim().split(',');
  const minutePlace = names.indexOf('minute');
  const recordPlace = names.indexOf('record');
  const stays = new Map<number, Look[]>();
  const merge = isChecked ? mergedWhole : merged;
  for (const line of lines) {
    const cells = line.trim().split(',');
    const minute = Number(cells[minutePlace]);
    const values = new Map<MetricId, number>();
    for (const [place, name] of names.entries()) {
      const metric = columns[name];
      if (metric && cells[place]) addPlausible(values, metric, Number(cells[place]));
    }
    if (values.size === 0 || !Number.isFinite(minute)) continue;
    const record = Number(cells[recordPlace]);
    const looks = stays.get(record) ?? [];
    stays.set(record, looks);
    const look = { at: chartStart + minute * minuteMs, values };
    looks.push(isChecked ? passed(look) : look);
  }
  return [...stays].map(([record, looks]) => ({ record, looks: merge(looks) }));
}

/** What the gateway's own check lets pass of it. */
export function passed(look: Look): Look {
  const { observations, rejected } = check(numericsOf(look));
  if (rejected.length === 0) return look;
  const kept = new Set(observations.flatMap((one) => (one.kind === 'numeric' ? [one.metric] : [])));
  const values = new Map([...look.values].filter(([metric]) => kept.has(metric)));
  return { at: look.at, values, isRefused: true };
}

/** As a device would have said it. */
export function numericsOf({ at, values }: Look): readonly Numeric[] {
  const when = at as Instant;
  return [...values].map(
    ([metric, value]): Numeric => ({
      ...{ kind: 'numeric', id: '', device: charted, metric, value, quality: 'good' },
      ...{ at: when, receivedAt: when, clock: 'device' },
    }),
  );
}

export const charted = 'charted' as DeviceId;

/** The gateway refuses what no living patient says before anybody looks at it. */
function addPlausible(values: Map<MetricId, number>, metric: MetricId, value: number): void {
  const [low, high] = metrics[metric].plausible;
  if (value >= low && value <= high) values.set(metric, value);
}

function merged(looks: readonly Look[]): readonly Look[] {
  const kept: { at: number; values: Map<MetricId, number> }[] = [];
  for (const { at, values } of looks.toSorted((one, other) => one.at - other.at)) {
    const last = kept.at(-1);
    if (last && at - last.at < lookEveryMs) {
      for (const [metric, value] of values) last.values.set(metric, value);
    } else kept.push({ at, values: new Map(values) });
  }
  return kept;
}

/** Pressures of one place that were taken at different times say nothing of each other. */
function mergedWhole(looks: readonly Look[]): readonly Look[] {
  const kept: { at: number; values: Map<MetricId, number>; isRefused: boolean }[] = [];
  for (const { at, values, isRefused = false } of looks.toSorted((a, b) => a.at - b.at)) {
    const last = kept.at(-1);
    if (!last || at - last.at >= lookEveryMs) kept.push({ at, values: new Map(values), isRefused });
    else {
      for (const { systolic, mean, diastolic } of pressureTriples) {
        const place = [systolic, mean, diastolic];
        if (place.some((each) => values.has(each)))
          for (const each of place) last.values.delete(each);
      }
      for (const [metric, value] of values) last.values.set(metric, value);
      last.isRefused ||= isRefused;
    }
  }
  return kept;
}

/** By patient: three in five to learn from, one in five to put thresholds by, one in five to judge by. */
export function partOf({ record }: Stay): Part {
  const place = (Math.imul(record, 0x9e3779b1) >>> 8) % 5;
  if (place < 3) return 'training';
  return place === 3 ? 'validation' : 'test';
}

/** Rows of features, one a look. */
export function rowsOf(looks: readonly Look[]): Rows {
  const width = vitalsFeatures.length;
  const values = new Float32Array(looks.length * width).fill(Number.NaN);
  const state = startVitals();
  for (const [index, { at, values: told }] of looks.entries()) {
    // Nothing of it passed: there is nothing to look at.
    if (told.size === 0) continue;
    for (const [metric, value] of told) seeVital(state, metric, value, at);
    if (!isLookDue(state, at)) throw new RangeError('looks are too close');
    values.set(lookAtVitals(state, at), index * width);
  }
  return { width, values };
}

export function joined(parts: readonly Rows[]): Rows {
  const values = new Float32Array(parts.reduce((sum, each) => sum + each.values.length, 0));
  let offset = 0;
  for (const part of parts) {
    values.set(part.values, offset);
    offset += part.values.length;
  }
  return { width: vitalsFeatures.length, values };
}
