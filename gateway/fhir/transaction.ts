import { hash } from 'node:crypto';
import { alertEvents } from '../core/alert.ts';
import { metrics } from '../core/metric.ts';
import { isPseudonym, observationIdSystem, type Released } from '../core/observation.ts';
import type { OutboxEntry } from '../core/relay.ts';
import { deviceIdentifierSystem, identifierJson, toObservations } from './observation.ts';

export interface Transaction {
  /** FHIR R4 Bundle of type transaction, as JSON. */
  readonly body: string;
  readonly entryCount: number;
}

/**
 * One transaction of conditional creates (FHIR R4 http.html#trules, #ccreate): sent again it
 * stores nothing twice. Each device is created once, before what it measured. Patients are never
 * created: they are referred to by the pseudonym the hospital knows them by.
 */
export function toTransaction(batch: readonly OutboxEntry[]): Transaction {
  const devices = new Set<string>();
  const observations: string[] = [];
  for (const { observations: record } of batch) {
    for (const { device } of record) devices.add(device);
    const resources = toObservations(record);
    const uuid = uuidOf(`${observationIdSystem}|${resources[0]?.id}`);
    for (const [index, { id, json }] of resources.entries()) {
      const target = { type: 'Observation', system: observationIdSystem, value: id };
      observations.push(conditionalCreate(target, numbered(uuid, index), json));
    }
  }
  const entries = [...[...devices].map(createDevice), ...observations];
  return {
    body: `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join(',')}]}`,
    entryCount: entries.length,
  };
}

function createDevice(pseudonym: string): string {
  const system = deviceIdentifierSystem;
  const json = `{"resourceType":"Device","identifier":[${identifierJson(system, pseudonym)}]}`;
  const target = { type: 'Device', system, value: pseudonym };
  return conditionalCreate(target, uuidOf(`${system}|${pseudonym}`), json);
}

interface Target {
  readonly type: string;
  readonly system: string;
  readonly value: string;
}

function conditionalCreate(
  { type, system, value }: Target,
  uuid: string,
  resource: string,
): string {
  const search = JSON.stringify(`identifier=${system}|${searchToken(value)}`);
  return (
    `{"fullUrl":"urn:uuid:${uuid}","resource":${resource},` +
    `"request":{"method":"POST","url":"${type}","ifNoneExist":${search}}}`
  );
}

/** FHIR R4 search.html#escaping: `\ $ , |` are part of the search language; then RFC 3986. */
function searchToken(value: string): string {
  if (/^[\w.~-]+$/.test(value)) return value;
  return encodeURIComponent(value.replace(/[\\$,|]/g, '\\$&'));
}

/** The same name gives the same UUID: version 8 over SHA-256 (RFC 9562 5.8 and B.2). */
function uuidOf(name: string): string {
  const hex = hash('sha256', name, 'hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The UUID of the n-th resource of a record: its last 32 bits count. One hash a record is enough. */
function numbered(uuid: string, index: number): string {
  return `${uuid.slice(0, -8)}${index.toString(16).padStart(8, '0')}`;
}

/** FHIR R4 dateTime has four digits for the year. */
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
