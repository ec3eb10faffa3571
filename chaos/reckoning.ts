import type { Observation } from '../gateway/core/observation.ts';
import { codeOf } from '../gateway/demo/ledger.ts';

/** What the gateway promised to keep, and when. */
export interface Promised {
  readonly device: string;
  readonly key: string;
  readonly isAlert: boolean;
  /** When its device measured it, and when the gateway acknowledged it; on the run's own clock. */
  readonly measuredAtMs: number;
  readonly acknowledgedAtMs: number;
}

/** One observation the hospital has more or less often than once. */
export interface Miscarried {
  readonly promise: Promised;
  readonly found: number;
}

export interface Reckoning {
  readonly acknowledged: number;
  readonly delivered: number;
  readonly lost: readonly Miscarried[];
  /** Also of what was never acknowledged: nothing may be there twice. */
  readonly doubled: readonly string[];
  readonly alerts: AlertReckoning;
  /** Delivered with a time more than `misdatedMs` from the one its device printed. */
  readonly misdated: number;
}

export interface AlertReckoning {
  readonly acknowledged: number;
  readonly delivered: number;
  /** From acknowledgement to the hospital, milliseconds. */
  readonly medianMs: number;
  readonly largestMs: number;
}

/** Two clocks that agree, and how late a record may be. */
const misdatedMs = 5_000;

/**
 * Holds what was acknowledged against what the hospital has, by device, the time the device itself
 * printed, code and value: none of them is made by the gateway.
 */
export class Reckoner {
  readonly #promised = new Map<string, Promised>();

  get acknowledged(): number {
    return this.#promised.size;
  }

  promise(id: string, pseudonym: string, observation: Observation, acknowledgedAtMs: number) {
    const key = keyOf(
      pseudonym,
      observation.deviceTime,
      codeOf(observation),
      measuredOf(observation),
    );
    const isAlert = observation.kind === 'alert';
    const measuredAtMs = observation.at;
    this.#promised.set(key, { device: id, key, isAlert, measuredAtMs, acknowledgedAtMs });
  }

  /** `arrivedAtMs` by the identifier of an observation. */
  reckon(
    stored: ReadonlyMap<string, { readonly resource: object }>,
    arrivedAtMs: ReadonlyMap<string, number>,
  ): Reckoning {
    const found = new Map<string, Fact[]>();
    for (const [id, { resource }] of stored) {
      for (const fact of factsOf(resource, arrivedAtMs.get(id) ?? 0)) {
        const same = found.get(fact.key);
        if (!same) found.set(fact.key, [fact]);
        else if (same.every((other) => other.resource !== resource)) same.push(fact);
      }
    }
    const promised = [...this.#promised.values()];
    const lost = promised.filter(({ key }) => !found.has(key));
    const delivered = promised.filter(({ key }) => found.has(key));
    return {
      acknowledged: promised.length,
      delivered: delivered.length,
      lost: lost.map((promise) => ({ promise, found: 0 })),
      doubled: [...found].filter(([, facts]) => facts.length > 1).map(([key]) => key),
      alerts: reckonAlerts(promised, found),
      misdated: delivered.filter(({ key }) => isMisdated(found.get(key)?.[0])).length,
    };
  }
}

function reckonAlerts(
  promised: readonly Promised[],
  found: ReadonlyMap<string, readonly Fact[]>,
): AlertReckoning {
  const alerts = promised.filter(({ isAlert }) => isAlert);
  const delays = alerts
    .flatMap(({ key, acknowledgedAtMs }) => {
      const [first] = found.get(key) ?? [];
      // The hospital may have it before its device hears that the gateway has.
      return first ? [Math.max(0, first.arrivedAtMs - acknowledgedAtMs)] : [];
    })
    .toSorted((one, other) => one - other);
  return {
    acknowledged: alerts.length,
    delivered: delays.length,
    medianMs: Math.round(delays[delays.length >> 1] ?? 0),
    largestMs: Math.round(delays.at(-1) ?? 0),
  };
}

interface Fact {
  readonly key: string;
  readonly resource: object;
  readonly arrivedAtMs: number;
}

interface Valued {
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly valueQuantity?: { readonly value?: number };
  readonly valueCodeableConcept?: { readonly text?: string };
  readonly dataAbsentReason?: object;
}

interface FhirObservation extends Valued {
  readonly category?: readonly { readonly coding?: readonly { readonly code?: string }[] }[];
  readonly device?: { readonly identifier?: { readonly value?: string } };
  readonly effectiveDateTime?: string;
  readonly _effectiveDateTime?: {
    readonly extension?: readonly { readonly url?: string; readonly valueString?: string }[];
  };
  readonly component?: readonly Valued[];
}

function factsOf(resource: FhirObservation, arrivedAtMs: number): readonly Fact[] {
  const device = resource.device?.identifier?.value;
  const time = printedTime(resource);
  const isAlert = resource.category?.[0]?.coding?.[0]?.code === 'alert';
  const parts = isAlert ? [resource] : [resource, ...(resource.component ?? [])];
  return parts.flatMap((part) => {
    const value = isAlert ? 'alert' : shownValue(part);
    if (value === undefined) return [];
    // Of MDC and LOINC the first is the one promises are written under.
    const code = part.code?.coding?.[0]?.code;
    return [{ key: keyOf(device, time, code, value), resource, arrivedAtMs }];
  });
}

function printedTime({ _effectiveDateTime }: FhirObservation): string | undefined {
  return _effectiveDateTime?.extension?.find(({ url }) => url?.endsWith(':device-time'))
    ?.valueString;
}

function shownValue(part: Valued): number | string | undefined {
  const { valueQuantity, valueCodeableConcept, dataAbsentReason } = part;
  if (dataAbsentReason) return 'absent';
  return valueQuantity?.value ?? valueCodeableConcept?.text;
}

function measuredOf(observation: Observation): number | string {
  if (observation.kind === 'alert') return 'alert';
  if (observation.absent !== undefined || observation.kind === 'samples') return 'absent';
  return observation.value;
}

function keyOf(
  device: string | undefined,
  time: string | undefined,
  code: number | string | undefined,
  value: number | string,
): string {
  return `${device} ${time} ${code} ${value}`;
}

function isMisdated(fact: Fact | undefined): boolean {
  if (!fact) return false;
  const resource = fact.resource as FhirObservation;
  const printed = printedTime(resource) ?? '';
  const compact = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(printed);
  const shown = compact
    ? Date.UTC(
        Number(compact[1]),
        Number(compact[2]) - 1,
        ...(compact.slice(3, 7).map(Number) as [number, number, number, number]),
      )
    : Date.parse(printed);
  return Math.abs(Date.parse(resource.effectiveDateTime ?? '') - shown) > misdatedMs;
}
