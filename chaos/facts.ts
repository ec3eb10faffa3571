import type { MetricId } from '../gateway/core/metric.ts';
import { codeOfMetric } from '../gateway/demo/ledger.ts';

/** What the device itself said: the time it printed, the code, the value. */
export interface Said {
  /** Its pseudonym at this destination. */
  readonly device: string | undefined;
  readonly time: string | undefined;
  readonly code: number | string | undefined;
  readonly value: number | string;
}

/** One observation as a destination has it. */
export interface Fact {
  /** The gateway's name of it; left out where one resource holds several. */
  readonly id?: string;
  /** Left out where the destination is not told what the device printed. */
  readonly said?: Said;
  /** Two facts of two copies are stored twice. */
  readonly copy: object | string;
  /** When it was measured, as the gateway says, in milliseconds since the epoch. */
  readonly at?: number;
  /** How far off it says that may be. */
  readonly uncertaintyMs?: number | undefined;
  /** By which clock, as it says: `device`, `corrected`, `gateway`. */
  readonly clock?: string | undefined;
  /** It left while the gateway did not know the time, and says so. */
  readonly isTimeUntrusted?: boolean | undefined;
}

interface Valued {
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly valueQuantity?: { readonly value?: number };
  readonly valueCodeableConcept?: { readonly text?: string };
  readonly dataAbsentReason?: object;
}

interface Extension {
  readonly url?: string;
  readonly valueString?: string;
  readonly valueQuantity?: { readonly value?: number };
}

interface FhirObservation extends Valued {
  readonly meta?: {
    readonly tag?: readonly { readonly system?: string; readonly code?: string }[];
  };
  readonly category?: readonly { readonly coding?: readonly { readonly code?: string }[] }[];
  readonly device?: { readonly identifier?: { readonly value?: string } };
  readonly effectiveDateTime?: string;
  readonly _effectiveDateTime?: { readonly extension?: readonly Extension[] };
  readonly component?: readonly Valued[];
}

export function fhirFacts(
  stored: ReadonlyMap<string, { readonly resource: object }>,
): readonly Fact[] {
  return [...stored].flatMap(([id, { resource }]) => factsOf(id, resource));
}

function factsOf(id: string, resource: FhirObservation): readonly Fact[] {
  const device = resource.device?.identifier?.value;
  const time = extensionOf(resource, 'device-time')?.valueString;
  const when = {
    at: Date.parse(resource.effectiveDateTime ?? ''),
    uncertaintyMs: extensionOf(resource, 'time-uncertainty')?.valueQuantity?.value,
    clock: resource.meta?.tag?.find(({ system }) => system === 'urn:wardgate:clock')?.code,
    isTimeUntrusted: resource.meta?.tag?.some(({ code }) => code === 'untrusted'),
  };
  const isAlert = resource.category?.[0]?.coding?.[0]?.code === 'alert';
  const parts = isAlert ? [resource] : [resource, ...(resource.component ?? [])];
  return parts.flatMap((part) => {
    const value = isAlert ? 'alert' : shownValue(part);
    if (value === undefined) return [];
    // Of MDC and LOINC the first is the one promises are written under.
    const code = part.code?.coding?.[0]?.code;
    const name = parts.length === 1 ? { id } : {};
    return [{ ...name, said: { device, time, code, value }, copy: resource, ...when }];
  });
}

function extensionOf({ _effectiveDateTime }: FhirObservation, name: string): Extension | undefined {
  return _effectiveDateTime?.extension?.find(({ url }) => url === `urn:wardgate:${name}`);
}

function shownValue(part: Valued): number | string | undefined {
  const { valueQuantity, valueCodeableConcept, dataAbsentReason } = part;
  if (dataAbsentReason) return 'absent';
  return valueQuantity?.value ?? valueCodeableConcept?.text;
}

/** As docs/relays.md describes the plain JSON. */
interface PlainObservation {
  readonly id: string;
  readonly kind: string;
  readonly device: string;
  readonly metric?: { readonly id: MetricId };
  readonly eventCode?: number;
  readonly value?: number | string;
  readonly deviceTime?: string;
  readonly at: string;
  readonly clock: string;
  readonly uncertaintyMs?: number;
  readonly isTimeUntrusted?: boolean;
}

/** @param copy what the destination keeps it under; its id where nothing else tells copies apart */
export function jsonFacts(text: string, copy?: string): readonly Fact[] {
  const { observations } = JSON.parse(text) as { readonly observations: PlainObservation[] };
  return observations.map((one) => ({
    id: one.id,
    said: { device: one.device, time: one.deviceTime, ...meantBy(one) },
    copy: copy ?? one.id,
    at: Date.parse(one.at),
    uncertaintyMs: one.uncertaintyMs,
    clock: one.clock,
    isTimeUntrusted: one.isTimeUntrusted,
  }));
}

function meantBy({ kind, metric, eventCode, value }: PlainObservation) {
  if (kind === 'alert') return { code: eventCode, value: 'alert' };
  return { code: metric && codeOfMetric(metric.id), value: value ?? 'absent' };
}
