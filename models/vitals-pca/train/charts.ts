import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type MetricId, metrics } from '../../../gateway/core/metric.ts';
import {
  isLookDue,
  lookAtVitals,
  seeVital,
  startVitals,
  vitalsFeatures,
} from '../../../gateway/features/vitals-state.ts';
import type { Rows } from '../../../gateway/learning/matrix.ts';

/** What a chart says at one time. */
export interface Look {
  readonly at: number;
  readonly values: ReadonlyMap<MetricId, number>;
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

/** Reads PhysioNet/CinC 2012 as one table, gzipped: stays by record, looks by time. */
export function readCharts(path: string): readonly Stay[] {
  const text = gunzipSync(readFileSync(path), { maxOutputLength: bytesMax }).toString('latin1');
  const [head = '', ...lines] = text.split('\n');
  const names = head.trim().split(',');
  const minutePlace = names.indexOf('minute');
  const recordPlace = names.indexOf('record');
  const stays = new Map<number, Look[]>();
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
    looks.push({ at: chartStart + minute * minuteMs, values });
  }
  return [...stays].map(([record, looks]) => ({ record, looks: merged(looks) }));
}

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

/** By patient: three in five to learn from, one in five to put thresholds by, one in five to judge by. */
export function partOf({ record }: Stay): Part {
  const place = (Math.imul(record, 0x9e3779b1) >>> 8) % 5;
  if (place < 3) return 'training';
  return place === 3 ? 'validation' : 'test';
}

/** Rows of features, one a look. */
export function rowsOf(looks: readonly Look[]): Rows {
  const width = vitalsFeatures.length;
  const values = new Float32Array(looks.length * width);
  const state = startVitals();
  for (const [index, { at, values: told }] of looks.entries()) {
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
