import { alertEvents } from './alert.ts';
import { metrics } from './metric.ts';
import { isPseudonym, type Released } from './observation.ts';
import type { OutboxEntry } from './relay.ts';

/** FHIR R4 dateTime and HL7 v2 DTM have four digits for the year. */
const instantMax = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * The last look before anything leaves. The types promise all of this; data read back from a disk
 * was only cast to them. Says what is wrong, never with whom.
 */
export function flawOf(batch: readonly OutboxEntry[]): string | undefined {
  for (const { observations } of batch) {
    for (const observation of observations) {
      const flaw = flawOfOne(observation);
      if (flaw) return flaw;
    }
  }
  return undefined;
}

function flawOfOne(observation: Released): string | undefined {
  const { kind, id, device, subject, at, receivedAt, uncertaintyMs = 0 } = observation;
  if (typeof id !== 'string' || id === '') return 'observation without an id';
  if (!isPseudonymText(device)) return 'device is not pseudonymous';
  const isNobody = subject === undefined && kind === 'alert';
  if (!isNobody && !isPseudonymText(subject)) return 'subject is not pseudonymous';
  if (!isInstant(at) || !isInstant(receivedAt)) return 'time out of range';
  if (!Number.isFinite(uncertaintyMs)) return 'uncertainty is no number';
  return isCoded(observation) ? undefined : 'not in the nomenclature';
}

/** An outbox can outlive the version of the gateway that filled it. */
function isCoded(observation: Released): boolean {
  if (observation.kind !== 'alert') return Object.hasOwn(metrics, observation.metric);
  const { event, metric } = observation;
  return (
    Object.hasOwn(alertEvents, event) && (metric === undefined || Object.hasOwn(metrics, metric))
  );
}

function isPseudonymText(value: unknown): boolean {
  return typeof value === 'string' && isPseudonym(value);
}

function isInstant(value: number): boolean {
  return value >= 0 && value <= instantMax;
}
