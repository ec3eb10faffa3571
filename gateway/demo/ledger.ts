import { alertEvents } from '../core/alert.ts';
import { type MetricId, metrics } from '../core/metric.ts';
import type { Observation } from '../core/observation.ts';
import type { StoredRow } from '../hospital/message-store.ts';

/** What was promised to devices, to be held against what the hospital has. */
export interface Ledger {
  /** The gateway acknowledged this observation of this device (by its pseudonym). */
  promise(device: string, observation: Observation): void;
  reconcile(stored: Iterable<readonly [string, StoredObservation]>): Reconciliation;
}

/** What a hospital keeps of an observation: a FHIR resource, or a row of an HL7 v2 message. */
export type StoredObservation = { readonly resource: object } | StoredRow;

export interface Reconciliation {
  readonly acknowledged: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicates: number;
}

interface Coded {
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] };
}

/** As much of a FHIR Observation as says whose, when and what. */
interface FhirObservation extends Coded {
  readonly device?: { readonly identifier?: { readonly value?: string } };
  readonly effectiveDateTime?: string;
  readonly effectivePeriod?: { readonly start?: string };
  readonly component?: readonly Coded[];
}

/** Knows an observation by device, time and code alone, so it depends on none of the gateway's own ids. */
export function openLedger(): Ledger {
  const promised = new Set<string>();
  return {
    promise(device, observation) {
      promised.add(`${device} ${observation.at} ${codeOf(observation)}`);
    },
    reconcile(stored) {
      const found = new Map<string, Set<object>>();
      for (const [, one] of stored) {
        for (const key of keysOf(one)) {
          const same = found.get(key) ?? new Set();
          if (same.size === 0) found.set(key, same);
          same.add('resource' in one ? one.resource : one);
        }
      }
      const delivered = [...promised].filter((key) => found.has(key));
      const duplicates = delivered.reduce((sum, key) => sum + (found.get(key)?.size ?? 1) - 1, 0);
      return {
        acknowledged: promised.size,
        delivered: delivered.length,
        lost: promised.size - delivered.length,
        duplicates,
      };
    },
  };
}

function keysOf(one: StoredObservation): readonly string[] {
  if (!('resource' in one)) return [`${one.device} ${one.at} ${one.code}`];
  const resource: FhirObservation = one.resource;
  const device = resource.device?.identifier?.value;
  const at = Date.parse(resource.effectiveDateTime ?? resource.effectivePeriod?.start ?? '');
  const codes = [resource, ...(resource.component ?? [])].flatMap(({ code }) =>
    (code?.coding ?? []).map((coding) => coding.code),
  );
  return codes.map((code) => `${device} ${at} ${code}`);
}

/** The code under which the hospital finds it: MDC where there is one, else LOINC. */
export function codeOf(observation: Observation): number | string {
  if (observation.kind === 'alert') return alertEvents[observation.event];
  return codeOfMetric(observation.metric);
}

export function codeOfMetric(metric: MetricId): number | string {
  const { code, loinc } = metrics[metric] as { code?: number; loinc?: string };
  return code ?? loinc ?? metric;
}
