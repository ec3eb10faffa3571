import { createMemory } from '../../gateway/core/memory.ts';
import type { OutboxEntry } from '../../gateway/core/relay.ts';
import { admit } from '../../gateway/pipeline/admit.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { batchOf, openPolicy, valuesPerMessage } from '../admission.ts';
import { vitalSigns } from '../payload.ts';

const devices = 50;
const batchSize = 2_000;
const payloadBytes = 200;

/** Admits messages of a ward until so many observations are owed to its one destination. */
export async function fillOutbox(site: string, observations: number): Promise<void> {
  const policy = await openPolicy(site);
  const { store } = openSiteStore(site);
  const memory = createMemory();
  const payload = vitalSigns(payloadBytes);
  const messages = Math.ceil(observations / valuesPerMessage);
  for (let first = 0; first < messages; first += batchSize) {
    const size = Math.min(batchSize, messages - first);
    const admission = admit(batchOf({ devices, size }, payload, first), [], policy, memory);
    store.transact(() => store.outbox.add(admission.departures));
    memory.remember(admission.changes);
  }
  store.close();
}

/** The first of what is owed, as a relay is given it. */
export function firstOwed(site: string, countMax: number): readonly OutboxEntry[] {
  const { store } = openSiteStore(site);
  const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER, bytesMax: 50_000_000 };
  const lanes = ['numeric', 'trend', 'waveform'] as const;
  const { entries } = store.outbox.next('ehr', { ...everything, lanes, countMax });
  store.close();
  return entries;
}

/** Records still owed. */
export interface OwedCount {
  now(): number;
  close(): void;
}

export function watchOwed(site: string): OwedCount {
  const { store } = openSiteStore(site);
  return {
    now: () => store.outbox.depths().reduce((sum, { entries }) => sum + entries, 0),
    close: () => store.close(),
  };
}
