import type { AbsentReason } from '../core/absent-reason.ts';
import { alertEvents } from '../core/alert.ts';
import { namedUnit } from '../core/mdc-unit.ts';
import { type Metric, type MetricId, metricIds, metrics } from '../core/metric.ts';
import { components } from './encoding.ts';

/** What rows of one metric share: CWE with MDC first and, where there is one, LOINC or UCUM second. */
export interface MetricFields {
  /** OBX-3. */
  readonly code: string;
  /** OBX-6. */
  readonly unit: string;
  readonly isLaboratory: boolean;
}

const prepared = new Map<MetricId, MetricFields>(metricIds.map((id) => [id, fieldsOf(id)]));

export function metricFields(id: MetricId): MetricFields {
  const fields = prepared.get(id);
  if (!fields) throw new RangeError(`no metric ${id}`);
  return fields;
}

function fieldsOf(id: MetricId): MetricFields {
  const { code, loinc = '', unit, category }: Metric = metrics[id];
  const named = namedUnit(unit, id.includes('RESP_RATE'));
  const ucum = [unit, unit, 'UCUM'];
  const alternate = loinc === '' ? [] : [loinc, '', 'LN'];
  return {
    code: components(...(code === undefined ? alternate : [`${code}`, id, 'MDC', ...alternate])),
    unit: components(...(named ? [`${named.code}`, named.id, 'MDC', ...ucum] : ucum)),
    isLaboratory: (category ?? (code === undefined ? 'laboratory' : undefined)) === 'laboratory',
  };
}

export function eventCode(event: keyof typeof alertEvents): string {
  return components(`${alertEvents[event]}`, event, 'MDC');
}

/**
 * OBX-8 for a value that is not there (IHE PCD TF-2 B.8.5.2, MeasurementStatus; HL7 table 0078).
 * The gateway's finer words, such as `sensor-off`, have none of their own.
 */
export const absentFlags: Readonly<Record<AbsentReason, 'INV' | 'NAV' | 'CAL' | '<' | '>'>> = {
  invalid: 'INV',
  'sensor-off': 'NAV',
  'no-sensor': 'NAV',
  'sensor-fault': 'INV',
  'not-measured': 'NAV',
  'not-ready': 'NAV',
  calibrating: 'CAL',
  'poor-signal': 'INV',
  'below-range': '<',
  'above-range': '>',
  'not-a-number': 'INV',
  unsupported: 'NAV',
  unknown: 'NAV',
};
