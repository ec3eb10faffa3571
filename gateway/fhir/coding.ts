import type { AbsentReason } from '../core/absent-reason.ts';
import { absentReasons } from '../core/absent-reason.ts';
import { type Metric, type MetricId, metricIds, metrics } from '../core/metric.ts';

/** FHIR R4 code systems, by the URIs the specification gives them. */
const systems = {
  mdc: 'urn:iso:std:iso:11073:10101',
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
  category: 'http://terminology.hl7.org/CodeSystem/observation-category',
  dataAbsentReason: 'http://terminology.hl7.org/CodeSystem/data-absent-reason',
} as const;

/** The fixed pieces of JSON that every observation of one metric shares, made once. */
export interface MetricJson {
  /** Array of Coding. */
  readonly codings: string;
  /** Array of CodeableConcept. */
  readonly category: string;
  /** Members `unit`, `system`, `code` of a Quantity, without braces. */
  readonly unit: string;
}

/**
 * A second LOINC code that a FHIR R4 vital-signs profile fixes, beside the more exact one of the
 * metric. http://hl7.org/fhir/R4/oxygensat.html and bp.html; further codings are allowed there.
 */
const profileLoinc: Readonly<Partial<Record<string, string>>> = {
  '59408-5': '2708-6',
  '76215-3': '8480-6',
  '76213-8': '8462-4',
};

export function mdcCoding(code: number, display: string): string {
  return `{"system":"${systems.mdc}","code":"${code}","display":${JSON.stringify(display)}}`;
}

export function loincCoding(code: string): string {
  return `{"system":"${systems.loinc}","code":${JSON.stringify(code)}}`;
}

export function categoryJson(code: 'vital-signs' | 'laboratory' | 'therapy'): string {
  return `[{"coding":[{"system":"${systems.category}","code":"${code}"}]}]`;
}

/** MDC and LOINC side by side: a monitor's reader looks for the first, a record system for the second. */
function codingsOf(id: MetricId, { code, loinc }: Metric): string {
  const codings: string[] = [];
  if (code !== undefined) codings.push(mdcCoding(code, id));
  if (loinc) codings.push(loincCoding(loinc));
  const further = loinc && profileLoinc[loinc];
  if (further) codings.push(loincCoding(further));
  return `[${codings.join(',')}]`;
}

const prepared = new Map<MetricId, MetricJson>(
  metricIds.map((id) => {
    const metric: Metric = metrics[id];
    const unit = JSON.stringify(metric.unit);
    return [
      id,
      {
        codings: codingsOf(id, metric),
        // An analyte is known by LOINC alone; most that a bedside device measures has an MDC code.
        category: categoryJson(
          metric.category ?? (metric.code === undefined ? 'laboratory' : 'vital-signs'),
        ),
        unit: `"unit":${unit},"system":"${systems.ucum}","code":${unit}`,
      },
    ];
  }),
);

export function metricJson(id: MetricId): MetricJson {
  const json = prepared.get(id);
  if (!json) throw new RangeError(`no metric ${id}`);
  return json;
}

/** The FHIR code, and the gateway's finer word as text: `sensor-off` and `no-sensor` share a code. */
export function absentJson(reason: AbsentReason): string {
  const code = absentReasons[reason];
  return `"dataAbsentReason":{"coding":[{"system":"${systems.dataAbsentReason}","code":"${code}"}],"text":"${reason}"}`;
}
