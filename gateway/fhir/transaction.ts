import { hash } from 'node:crypto';
import { observationIdSystem } from '../core/observation.ts';
import type { OutboxEntry } from '../core/relay.ts';
import { toObservations } from './observation.ts';
import { searchFor } from './search.ts';

export interface Transaction {
  /** FHIR R4 Bundle of type transaction, as JSON. */
  readonly body: string;
  readonly entryCount: number;
}

/**
 * One transaction of conditional creates (FHIR R4 http.html#trules, #ccreate): sent again it
 * stores nothing twice. Patients and devices are referred to by the pseudonyms the hospital knows
 * them by, which need no resource to be there (references.html#logical).
 */
export function toTransaction(batch: readonly OutboxEntry[]): Transaction {
  const entries: string[] = [];
  for (const entry of batch) {
    const resources = toObservations(entry);
    const uuid = uuidOf(`${observationIdSystem}|${resources[0]?.id}`);
    for (const [index, { id, json }] of resources.entries()) {
      entries.push(conditionalCreate(id, numbered(uuid, index), json));
    }
  }
  return {
    body: `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join(',')}]}`,
    entryCount: entries.length,
  };
}

function conditionalCreate(id: string, uuid: string, resource: string): string {
  const search = JSON.stringify(searchFor(observationIdSystem, id));
  return (
    `{"fullUrl":"urn:uuid:${uuid}","resource":${resource},` +
    `"request":{"method":"POST","url":"Observation","ifNoneExist":${search}}}`
  );
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
