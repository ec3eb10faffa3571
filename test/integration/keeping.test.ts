import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Intake } from '../../gateway/core/intake.ts';
import { openBatch } from '../../gateway/keeper/batch.ts';
import { startKeeper } from '../../gateway/keeper/keeping.ts';
import type { Policy } from '../../gateway/pipeline/policy.ts';
import { openStore } from '../../gateway/store/store.ts';
import { letGo } from '../support/held.ts';
import { budget, owed } from '../support/outbox.ts';
import { bound, intake, policyOf } from '../support/wards.ts';

const monitor = 'generic-vital-signs-monitor';
const message = (seq: number) => ({ seq, values: { MDC_PULS_OXIM_SAT_O2: 97 } });

function start(policy: Policy) {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-keeping-'));
  const store = openStore(directory, new Uint8Array(32).fill(7));
  onTestFinished(() => {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { store, keeper: startKeeper(store, { make: () => policy }, budget(1_000_000)) };
}

function batchOf(...intakes: Intake[]) {
  const batch = openBatch();
  for (const each of intakes) batch.add(each);
  return batch.close();
}

it('leaves out the one message that a fault of ours cannot admit, and keeps the others', () => {
  const policy = policyOf({
    'mon-1': { profile: monitor, associations: [bound('A')] },
    'mon-2': { profile: monitor, associations: [bound('B')] },
  });
  const [broken] = policy.devices.values();
  const readMessage = () => {
    throw new RangeError('planted');
  };
  const devices = new Map(policy.devices);
  if (broken) devices.set('mon-2', { ...broken, protocol: { ...broken.protocol, readMessage } });
  const { store, keeper } = start({ ...policy, devices });

  const kept = keeper.keep(
    batchOf(intake('mon-1', message(1)), intake('mon-2', message(1)), intake('mon-1', message(2))),
  );
  expect(kept).toMatchObject({ refused: [1], faults: ['mon-2'], departures: 2 });
  expect(owed(store, 'ehr', 10)).toHaveLength(2);
});

it('keeps what has nowhere to go, with its patient, until the site has a destination', () => {
  const policy = policyOf({ 'mon-1': { profile: monitor, associations: [bound('A')] } });
  const { store, keeper } = start({ ...policy, destinations: [] });
  keeper.keep(batchOf(intake('mon-1', message(1)), intake('mon-1', message(2))));
  expect(store.held.depths()).toMatchObject([{ device: 'mon-1', cause: 'no-relay', rows: 2 }]);
  letGo(startKeeper(store, { make: () => policy }, budget(1_000_000)));
  expect(store.held.depths()).toEqual([]);
  expect(owed(store, 'ehr', 10)).toHaveLength(2);
});

it('counts what a destination does not carry, also of what waited for it', () => {
  const policy = policyOf({ 'mon-1': { profile: monitor, associations: [bound('A')] } });
  const destinations = policy.destinations.map((one) => ({ ...one, lanes: new Set(['alert']) }));
  const narrow = { ...policy, destinations } as Policy;
  const { store, keeper } = start({ ...policy, destinations: [] });
  keeper.keep(batchOf(intake('mon-1', message(1))));
  const next = startKeeper(store, { make: () => narrow }, budget(1_000_000));
  letGo(next);
  expect(store.counters.all()).toMatchObject({ 'uncarried/ehr/trend': 1 });
  next.keep(batchOf(intake('mon-1', message(2)), intake('mon-1', message(3))));
  expect(store.counters.all()).toMatchObject({ 'uncarried/ehr/trend': 3 });
  expect(owed(store, 'ehr', 10)).toEqual([]);
});

it('refuses what a device that is not registered sends', () => {
  const { keeper } = start(policyOf({ 'mon-1': { profile: monitor, associations: [bound('A')] } }));
  const kept = keeper.keep(batchOf(intake('mon-9', message(1)), intake('mon-1', message(1))));
  expect(kept).toMatchObject({ refused: [0], faults: [], departures: 1 });
});
