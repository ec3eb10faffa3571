import { hash } from 'node:crypto';
import { observationIdSystem } from '../core/observation.ts';
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
  for (const entry of batch) {
    for (const { device } of entry.observations) devices.add(device);
    const resources = toObservations(entry);
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
