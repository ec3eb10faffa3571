import assert from 'node:assert/strict';
import type { AbsentReason } from '../core/absent-reason.ts';
import { isPlaceholderSubject } from '../core/association.ts';
import type { Dating } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Rejection, RejectionReason } from '../core/intake.ts';
import { type Metric, type MetricId, metrics } from '../core/metric.ts';
import type {
  AlertCondition,
  Instant,
  Measured,
  Numeric,
  Observation,
  Quality,
  SampleArray,
} from '../core/observation.ts';
import { Phi } from '../core/phi.ts';
import type { AlertRecord, DeviceRecord, FieldValue } from '../core/protocol.ts';
import { apply, type Conversion, conversion } from '../core/unit.ts';

/** A rejection names a field; a longer name is an attack or an accident. */
const detailLengthMax = 64;

/** What devices print. `Number` alone would read an empty field as 0. */
const decimal = /^[+-]?\d+(\.\d+)?$/;

/** A record of a known device, with the key that makes its observations recognisable. */
export interface IdentifiedRecord {
  readonly key: string;
  readonly device: DeviceId;
  readonly plan: DecodePlan;
  readonly record: DeviceRecord;
  readonly receivedAt: Instant;
  readonly dating: Dating;
  /** Whom the device is bound to, where the link already knows. */
  readonly subject?: Phi | undefined;
}

interface PlannedMetric {
  readonly metric: MetricId;
  readonly row: Metric;
  /** Undefined when the profile leaves none to look up. */
  readonly absent: ReadonlyMap<string, AbsentReason> | undefined;
  /** From the profile's unit to the metric's own. */
  readonly conversion: Conversion;
}

/** A profile prepared for reading: everything that does not depend on the record. */
export interface DecodePlan {
  readonly fields: ReadonlyMap<string, PlannedMetric>;
  readonly omitted: ReadonlySet<string>;
  readonly association: DeviceProfile['association'];
}

export interface Decoded {
  readonly observations: readonly Observation[];
  readonly rejected: readonly Rejection[];
  /** Fields that the profile leaves out on purpose. */
  readonly omitted: number;
}

/** Throws when the profile names a unit that does not convert to its metric's own. */
export function planDecoding(profile: DeviceProfile): DecodePlan {
  const fields = new Map<string, PlannedMetric>();
  for (const { field, metric, unit, absent } of profile.metrics) {
    const row: Metric = metrics[metric];
    const found = conversion(unit ?? row.unit, row.unit, row);
    assert(found, `${profile.id}: ${field} is in ${unit}, ${metric} in ${row.unit}`);
    assert(!fields.has(field), `${profile.id}: ${field} is named twice`);
    const marks = new Map(Object.entries(absent));
    fields.set(field, {
      metric,
      row,
      absent: marks.size > 0 ? marks : undefined,
      conversion: found,
    });
  }
  return { fields, omitted: new Set(profile.omitted), association: profile.association };
}

/** What every observation of one record shares. */
type Shared = Pick<
  Observation,
  keyof Dating | 'deviceTime' | 'subject' | 'performer' | 'note' | 'device' | 'receivedAt'
>;

/**
 * Turns a device's own words into the gateway's, as its profile says. Every field and alert ends
 * as exactly one observation or one rejection, unless the profile omits it; a test record and one
 * of a placeholder patient end as one rejection altogether.
 */
export function decode(identified: IdentifiedRecord): Decoded {
  const { key, plan, record, device, receivedAt } = identified;
  if (record.isTest) {
    return refused(device, receivedAt, 'test-data', `${Object.keys(record.fields).length} fields`);
  }
  const named = plan.association === 'record' ? record.subject : undefined;
  if (named !== undefined && isPlaceholderSubject(named)) {
    return refused(device, receivedAt, 'placeholder-subject', 'subject');
  }

  const shared = sharedOf(identified, named);
  const observations: Observation[] = [];
  const rejected: Rejection[] = [];
  let index = 0;
  let omitted = 0;
  for (const field in record.fields) {
    const value = record.fields[field];
    const planned =
      plan.fields.get(field) ??
      (record.loinc === undefined ? undefined : plan.fields.get(`${record.loinc}^LN`));
    if (value !== undefined && planned) {
      const result = readField(value, planned, `${key}.${index}`, shared);
      if (typeof result === 'string') rejected.push(rejection(device, receivedAt, result, field));
      else observations.push(result);
    } else if (plan.omitted.has(field)) omitted += 1;
    else rejected.push(rejection(device, receivedAt, 'unknown-metric', field));
    index += 1;
  }
  const alerts = record.alerts ?? [];
  for (let position = 0; position < alerts.length; position += 1) {
    const alert = alerts[position];
    if (alert) observations.push(alertOf(alert, plan, `${key}.a${position}`, shared));
  }

  assert(observations.length + rejected.length + omitted === index + alerts.length);
  return { observations, rejected, omitted };
}

function sharedOf(identified: IdentifiedRecord, named: string | undefined): Shared {
  const { record, receivedAt, device, plan, dating } = identified;
  const { time, performer, note } = record;
  // A patient bound to a shared analyser is not the one whose specimen it measures.
  const bound = plan.association === 'record' ? undefined : identified.subject;
  return {
    device,
    subject: named === undefined ? bound : new Phi(named),
    at: dating.at,
    clock: dating.clock,
    uncertaintyMs: dating.uncertaintyMs,
    provisional: dating.provisional,
    deviceTime: time,
    receivedAt,
    performer: performer === undefined ? undefined : new Phi(performer),
    note: note === undefined ? undefined : new Phi(note),
  };
}

function readField(
  field: FieldValue,
  planned: PlannedMetric,
  id: string,
  shared: Shared,
): Observation | RejectionReason {
  if (typeof field === 'number' || typeof field === 'string') {
    return numericOf(field, planned, planned.conversion, 'good', id, shared);
  }
  if ('absent' in field) return absentOf(field.absent, planned, id, shared);
  const { unit } = field;
  const { row } = planned;
  const stated = unit === undefined ? planned.conversion : conversion(unit, row.unit, row);
  if (!stated) return 'wrong-unit';
  if ('samples' in field) {
    return samplesOf(field.samples, field.periodMs, planned, stated, id, shared);
  }
  return numericOf(field.value, planned, stated, field.quality ?? 'good', id, shared);
}

function numericOf(
  raw: number | string,
  planned: PlannedMetric,
  toMetric: Conversion,
  quality: Quality,
  id: string,
  shared: Shared,
): Observation | RejectionReason {
  const reason = planned.absent?.get(typeof raw === 'string' ? raw : `${raw}`);
  if (reason !== undefined) return absentOf(reason, planned, id, shared);
  if (planned.row.shape === 'samples') return 'not-a-number';
  if (typeof raw === 'string' && !decimal.test(raw)) return 'not-a-number';
  const value = apply(toMetric, typeof raw === 'string' ? Number(raw) : raw);
  if (!Number.isFinite(value)) return 'not-a-number';
  return numeric(planned.metric, id, shared, quality, { value });
}

function absentOf(
  absent: AbsentReason,
  { metric, row }: PlannedMetric,
  id: string,
  shared: Shared,
): Observation {
  if (row.shape !== 'samples') return numeric(metric, id, shared, 'good', { absent });
  return { ...shared, kind: 'samples', id, metric, quality: 'good', periodMs: 0, absent };
}

/** Written out, so that every numeric of every device has the same members in the same order. */
function numeric(
  metric: MetricId,
  id: string,
  shared: Shared,
  quality: Quality,
  measured: Measured<number>,
): Numeric {
  const made = {
    kind: 'numeric' as const,
    id,
    device: shared.device,
    metric,
    value: measured.value,
    absent: measured.absent,
    quality,
    at: shared.at,
    clock: shared.clock,
    uncertaintyMs: shared.uncertaintyMs,
    provisional: shared.provisional,
    deviceTime: shared.deviceTime,
    receivedAt: shared.receivedAt,
    subject: shared.subject,
    performer: shared.performer,
    note: shared.note,
  };
  return made as Numeric;
}

function samplesOf(
  samples: readonly number[],
  periodMs: number,
  { metric, row }: PlannedMetric,
  toMetric: Conversion,
  id: string,
  shared: Shared,
): SampleArray | RejectionReason {
  const isWaveform = row.shape === 'samples' && samples.length > 0;
  if (!isWaveform || !(periodMs > 0) || !Number.isFinite(periodMs)) return 'not-a-number';
  if (!samples.every(Number.isFinite)) return 'not-a-number';
  const isOwnUnit = toMetric.factor === 1 && toMetric.offset === 0;
  const value = isOwnUnit ? samples : samples.map((sample) => apply(toMetric, sample));
  return { ...shared, kind: 'samples', id, metric, quality: 'good', periodMs, value };
}

/** An alert about a field the profile does not know is still an alert. */
function alertOf(
  { event, field, phase, priority }: AlertRecord,
  plan: DecodePlan,
  id: string,
  shared: Shared,
): AlertCondition {
  const metric = field === undefined ? undefined : plan.fields.get(field)?.metric;
  return { ...shared, kind: 'alert', id, event, metric, phase, priority, quality: 'good' };
}

function refused(device: DeviceId, at: Instant, reason: RejectionReason, detail: string): Decoded {
  return {
    observations: [],
    rejected: [{ device, at, stage: 'decode', reason, detail }],
    omitted: 0,
  };
}

/** Names the field, in letters that no log and no page has to fear. */
function rejection(
  device: DeviceId,
  at: Instant,
  reason: RejectionReason,
  field: string,
): Rejection {
  const detail = field.slice(0, detailLengthMax).replace(/[^A-Za-z0-9_.^-]/g, '');
  return { device, at, stage: 'decode', reason, detail };
}
