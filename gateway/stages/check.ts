import assert from 'node:assert/strict';
import type { DeviceId } from '../core/device.ts';
import type { Rejection } from '../core/intake.ts';
import { type Metric, type MetricId, metrics } from '../core/metric.ts';
import type { Numeric, Observation, SampleArray } from '../core/observation.ts';

export interface Checked {
  readonly observations: readonly Observation[];
  readonly rejected: readonly Rejection[];
}

/** Systolic, mean and diastolic pressure of one place, highest first. */
const pressures: readonly (readonly MetricId[])[] = [
  ['MDC_PRESS_BLD_NONINV_SYS', 'MDC_PRESS_BLD_NONINV_MEAN', 'MDC_PRESS_BLD_NONINV_DIA'],
  ['MDC_PRESS_BLD_ART_SYS', 'MDC_PRESS_BLD_ART_MEAN', 'MDC_PRESS_BLD_ART_DIA'],
  ['MDC_PRESS_BLD_ART_ABP_SYS', 'MDC_PRESS_BLD_ART_ABP_MEAN', 'MDC_PRESS_BLD_ART_ABP_DIA'],
  ['MDC_PRESS_BLD_ART_PULM_SYS', 'MDC_PRESS_BLD_ART_PULM_MEAN', 'MDC_PRESS_BLD_ART_PULM_DIA'],
];
const pressureIds: ReadonlySet<MetricId> = new Set(pressures.flat());

const noRejections: readonly Rejection[] = [];

/**
 * Sets aside what no living patient could have produced, among the observations of one record. A
 * check of the data's integrity, never a clinical judgement: what is unlikely passes. Absent values
 * and alerts always pass. Returns the same array when nothing is wrong.
 */
export function check(observations: readonly Observation[]): Checked {
  let implausible: Set<Observation> | undefined;
  let hasPressure = false;
  for (const observation of observations) {
    if (observation.kind === 'alert' || observation.value === undefined) continue;
    if (!isPlausible(observation)) {
      implausible ??= new Set();
      implausible.add(observation);
    } else if (pressureIds.has(observation.metric)) hasPressure = true;
  }
  if (hasPressure) {
    for (const ids of pressures) {
      if (!isInverted(observations, ids, implausible)) continue;
      implausible ??= new Set();
      for (const each of observations) if (isPressure(each, ids)) implausible.add(each);
    }
  }
  if (!implausible) return { observations, rejected: noRejections };

  const passed: Observation[] = [];
  const rejected: Rejection[] = [];
  for (const observation of observations) {
    if (implausible.has(observation)) rejected.push(rejection(observation));
    else passed.push(observation);
  }
  assert(passed.length + rejected.length === observations.length);
  return { observations: passed, rejected };
}

function isPlausible(observation: Exclude<Observation, { kind: 'alert' }>): boolean {
  if (observation.kind === 'enumeration') return true;
  const [low, high] = metrics[observation.metric].plausible;
  const { value } = observation;
  if (value === undefined) return true;
  if (typeof value === 'number') return low <= value && value <= high;
  for (const sample of value) if (!(low <= sample && sample <= high)) return false;
  return true;
}

/**
 * A systolic pressure below its mean or diastolic one is mixed up or forged; which of them is
 * wrong cannot be told, so none passes. Equal ones do: without a pulse (cardiac arrest, a heart
 * pump) the line is flat. What is impossible by itself judges no other.
 */
function isInverted(
  observations: readonly Observation[],
  ids: readonly MetricId[],
  implausible: ReadonlySet<Observation> | undefined,
): boolean {
  for (const upper of observations) {
    if (!isPressure(upper, ids) || implausible?.has(upper)) continue;
    for (const lower of observations) {
      if (!isPressure(lower, ids) || implausible?.has(lower)) continue;
      const isAbove = ids.indexOf(upper.metric) < ids.indexOf(lower.metric);
      if (isAbove && (upper.value ?? 0) < (lower.value ?? 0)) return true;
    }
  }
  return false;
}

function isPressure(observation: Observation, ids: readonly MetricId[]): observation is Numeric {
  const { kind } = observation;
  return kind === 'numeric' && observation.value !== undefined && ids.includes(observation.metric);
}

function rejection(observation: Observation): Rejection {
  const { device, receivedAt } = observation;
  return {
    // Nothing is pseudonymised before it is checked.
    device: device as DeviceId,
    at: receivedAt,
    stage: 'check',
    reason: 'implausible',
    detail: detailOf(observation),
  };
}

function detailOf(observation: Observation): string {
  if (observation.kind === 'alert') return observation.event;
  const { unit }: Metric = metrics[observation.metric];
  if (observation.kind === 'samples') return `${observation.metric}=${worst(observation)} ${unit}`;
  return `${observation.metric}=${observation.value} ${unit}`;
}

/** The first sample outside the metric's range. */
function worst({ metric, value }: SampleArray): number | undefined {
  const [low, high] = metrics[metric].plausible;
  return value?.find((sample) => !(low <= sample && sample <= high));
}
