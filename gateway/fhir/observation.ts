import { type AlertPriority, alertEvents } from '../core/alert.ts';
import { isClockFace } from '../core/clock.ts';
import {
  type AlertCondition,
  endOf,
  observationIdSystem,
  type Released,
} from '../core/observation.ts';
import type { OutboxEntry } from '../core/relay.ts';
import { groupPressures, type PressurePanel, pressureSites } from './blood-pressure.ts';
import { absentJson, categoryJson, loincCoding, mdcCoding, metricJson } from './coding.ts';

/** Pseudonyms are unlinkable between destinations; these name the spaces they live in. */
export const deviceIdentifierSystem = 'urn:wardgate:device-pseudonym';
const subjectIdentifierSystem = 'urn:wardgate:subject-pseudonym';
const clockSystem = 'urn:wardgate:clock';
const uncertaintyUrl = 'urn:wardgate:time-uncertainty';
const deviceTimeUrl = 'urn:wardgate:device-time';
const orderUrl = 'urn:wardgate:order';

export interface ObservationResource {
  /** The id that makes the delivery idempotent. */
  readonly id: string;
  readonly json: string;
}

/**
 * The observations of one record as FHIR R4 Observation resources. Choices where R4 leaves them:
 * - An Enumeration is `valueCodeableConcept.text`: the device coded it, in no public system.
 * - An alert is an Observation of the MDC event whose components are the facets of IHE DEC PCD-04
 *   (source, phase, priority) in PCD-04's own words. R4 has no resource for a device's alert, and
 *   the HL7 Point-of-Care Device guide for R4 gives no profile for one.
 * - A doubt the device states is an `interpretation` with that guide's measurement status.
 * - A waveform is a SampledData over its `effectivePeriod`, as in that guide's examples; each lead of
 *   an ECG is an Observation of its own, for a device may send them apart.
 * - How the time is known is a `meta.tag`, which can be searched for, and how well, with what the
 *   device's own clock showed, are extensions of the time: R4 has no element that says it, and the
 *   coincident time stamp of the HL7 Personal Health Device guide is a resource of its own.
 * - `issued` is when the gateway received it. In which order that was is an extension of the
 *   resource: R4 has no element for it either. A decimal, for R4's integers end at 2^31 - 1.
 */
export function toObservations({
  observations,
  order,
}: Pick<OutboxEntry, 'observations' | 'order'>): readonly ObservationResource[] {
  // The observations of a record mostly share their circumstances: write them once.
  let last: Released | undefined;
  let circumstances = '';
  const place = `"extension":[{"url":"${orderUrl}","valueDecimal":${order}}],`;
  return groupPressures(observations).map((one) => {
    const members = one.kind === 'pressure' ? one.members : ([one] as const);
    const [first] = members;
    if (!last || !isSharing(last, first)) circumstances = circumstancesJson(first);
    last = first;
    const ids = members.map(({ id }) => identifierJson(observationIdSystem, id)).join(',');
    const statement = one.kind === 'pressure' ? pressureBody(one) : body(one);
    return { id: first.id, json: `${circumstances}${place}"identifier":[${ids}],${statement}}` };
  });
}

function isSharing(one: Released, other: Released): boolean {
  return (
    one.at === other.at &&
    endOf(one) === endOf(other) &&
    one.receivedAt === other.receivedAt &&
    one.clock === other.clock &&
    one.uncertaintyMs === other.uncertaintyMs &&
    one.deviceTime === other.deviceTime &&
    one.device === other.device &&
    one.subject === other.subject
  );
}

export function identifierJson(system: string, value: string): string {
  return `{"system":"${system}","value":${JSON.stringify(value)}}`;
}

/** Whom, when and by what: the beginning of the resource, up to its identifiers. */
function circumstancesJson(observation: Released): string {
  const { subject, device, receivedAt } = observation;
  return (
    `{"resourceType":"Observation","meta":{"tag":[${clockTags(observation)}]},` +
    '"status":"final",' +
    // Only an alert may concern nobody: FHIR R4 lets the subject out.
    (subject === undefined
      ? ''
      : reference('subject', 'Patient', subjectIdentifierSystem, subject)) +
    timeJson(observation) +
    `"issued":"${new Date(receivedAt).toISOString()}",` +
    reference('device', 'Device', deviceIdentifierSystem, device)
  );
}

/** `untrusted`: the gateway did not know the time, and could not wait until it did. */
function clockTags({ clock, provisional }: Released): string {
  const tag = `{"system":"${clockSystem}","code":"${clock}"}`;
  return provisional ? `${tag},{"system":"${clockSystem}","code":"untrusted"}` : tag;
}

/** Samples were taken over a time, from the first one's beginning to the last one's end. */
function timeJson(observation: Released): string {
  const extensions = timeExtensions(observation);
  const said = extensions === '' ? '' : `"extension":[${extensions}]`;
  const start = new Date(observation.at).toISOString();
  const endAt = endOf(observation);
  if (endAt === observation.at) {
    // FHIR R4 json.html#primitive: what is said about a primitive stands under its name with a `_`.
    const besides = said && `"_effectiveDateTime":{${said}},`;
    return `"effectiveDateTime":"${start}",${besides}`;
  }
  const end = new Date(endAt).toISOString();
  return `"effectivePeriod":{${said && `${said},`}"start":"${start}","end":"${end}"},`;
}

function timeExtensions({ uncertaintyMs, deviceTime }: Released): string {
  const extensions: string[] = [];
  if (uncertaintyMs !== undefined) {
    const unit = '"unit":"ms","system":"http://unitsofmeasure.org","code":"ms"';
    const quantity = `{"value":${uncertaintyMs},${unit}}`;
    extensions.push(`{"url":"${uncertaintyUrl}","valueQuantity":${quantity}}`);
  }
  if (isClockFace(deviceTime)) {
    extensions.push(`{"url":"${deviceTimeUrl}","valueString":"${deviceTime}"}`);
  }
  return extensions.join(',');
}

/** A logical reference (FHIR R4 references.html#logical): the hospital knows which record it is. */
function reference(element: string, type: string, system: string, value: string): string {
  return `"${element}":{"type":"${type}","identifier":${identifierJson(system, value)}},`;
}

function body(observation: Released): string {
  if (observation.kind === 'alert') return alertBody(observation);
  const { codings, category } = metricJson(observation.metric);
  return (
    `"category":${category},"code":{"coding":${codings}},` +
    valueJson(observation) +
    doubtJson(observation)
  );
}

type Measurement = Exclude<Released, { kind: 'alert' }>;

/** Never both value and reason, never neither: what cannot be stated is absent, and never zero. */
function valueJson(observation: Measurement): string {
  if (observation.absent !== undefined) return absentJson(observation.absent);
  switch (observation.kind) {
    case 'numeric':
      if (!Number.isFinite(observation.value)) return absentJson('not-a-number');
      return `"valueQuantity":{"value":${observation.value},${metricJson(observation.metric).unit}}`;
    case 'enumeration':
      // FHIR R4 string: an empty one does not exist.
      if (observation.value === '') return absentJson('unknown');
      return `"valueCodeableConcept":{"text":${JSON.stringify(observation.value)}}`;
    case 'samples':
      if (observation.value.length === 0) return absentJson('unknown');
      return sampledJson(
        observation.value,
        observation.periodMs,
        metricJson(observation.metric).unit,
      );
  }
}

/** FHIR R4 SampledData: `E` marks a sample without a value. The first one was taken at `effective`. */
function sampledJson(samples: readonly number[], periodMs: number, unit: string): string {
  const data = samples.map((sample) => (Number.isFinite(sample) ? sample : 'E')).join(' ');
  return `"valueSampledData":{"origin":{"value":0,${unit}},"period":${periodMs},"dimensions":1,"data":"${data}"}`;
}

const doubt =
  '"interpretation":[{"coding":[{"system":"http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status","code":"questionable"}]}]';

function doubtJson({ quality }: Released): string {
  return quality === 'questionable' ? `,${doubt}` : '';
}

/** FHIR R4 bp.html: both systolic and diastolic are there, each with a value or a reason. */
function pressureBody({ site, members, systolic, diastolic }: PressurePanel): string {
  const components = members.map((one) =>
    componentJson(metricJson(one.metric).codings, `${valueJson(one)}${doubtJson(one)}`),
  );
  const mdc = pressureSites[site];
  if (!systolic) {
    const codings = `[${mdcCoding(mdc + 1, `${site}_SYS`)},${loincCoding('8480-6')}]`;
    components.push(componentJson(codings, absentJson('unknown')));
  }
  if (!diastolic) {
    const codings = `[${mdcCoding(mdc + 2, `${site}_DIA`)},${loincCoding('8462-4')}]`;
    components.push(componentJson(codings, absentJson('unknown')));
  }
  // "Blood pressure panel with all children optional".
  const code = `[${mdcCoding(mdc, site)},${loincCoding('85354-9')}]`;
  return (
    `"category":${categoryJson('vital-signs')},"code":{"coding":${code}},` +
    `"component":[${components.join(',')}]`
  );
}

function componentJson(codings: string, value: string): string {
  return `{"code":{"coding":${codings}},${value}}`;
}

/** IHE DEC PCD-04 and its codes for the facets of an alert (ISO/IEEE 11073-10101). */
const facets = {
  source: `[${mdcCoding(68480, 'MDC_ATTR_ALERT_SOURCE')}]`,
  phase: `[${mdcCoding(68481, 'MDC_ATTR_EVENT_PHASE')}]`,
  priority: `[${mdcCoding(68484, 'MDC_ATTR_ALARM_PRIORITY')}]`,
} as const;

const priorityWords = {
  high: 'PH',
  medium: 'PM',
  low: 'PL',
  none: 'PN',
} as const satisfies Record<AlertPriority, string>;

const alertCategory =
  '[{"coding":[{"system":"urn:wardgate:observation-category","code":"alert"}]}]';

function alertBody(alert: Released & AlertCondition): string {
  const { event, metric, phase, priority } = alert;
  const components = [
    componentJson(facets.phase, `"valueString":"${phase}"`),
    componentJson(facets.priority, `"valueString":"${priorityWords[priority]}"`),
  ];
  if (metric !== undefined) {
    const source = `"valueCodeableConcept":{"coding":${metricJson(metric).codings}}`;
    components.push(componentJson(facets.source, source));
  }
  return (
    `"category":${alertCategory},"code":{"coding":[${mdcCoding(alertEvents[event], event)}]},` +
    `"component":[${components.join(',')}]${doubtJson(alert)}`
  );
}
