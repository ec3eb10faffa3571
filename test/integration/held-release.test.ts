import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import { startKeeper } from '../../gateway/keeper/keeping.ts';
import { openStore, type Store } from '../../gateway/store/store.ts';
import { portionRowsMax } from '../../gateway/ward/held-release.ts';
import { letGo } from '../support/held.ts';
import { startInterface } from '../support/interface-under-test.ts';
import { budget, owed } from '../support/outbox.ts';
import { temporaryFolder, until } from '../support/site.ts';
import { bound, noon, policyOf } from '../support/wards.ts';

vi.setConfig({ testTimeout: 180_000 });

const device = 'mon-1' as DeviceId;
const profile = 'generic-vital-signs-monitor';

/** As many records as a device may have waiting, each of one value that tells its place. */
function hold(store: Store, count: number, at: number, cause = 'unbound'): void {
  store.transact(() => {
    for (let index = 0; index < count; index += 1) {
      const observation = {
        ...{ kind: 'numeric', id: `r${index}.0`, device, metric: 'MDC_ECG_HEART_RATE' },
        ...{ unit: '/min', value: 60 + (index % 40), quality: 'good' },
        ...{ at: (at + index) as Instant, clock: 'gateway', uncertaintyMs: 0, receivedAt: at },
      } as unknown as Observation;
      store.held.add(device, [observation], cause, at);
    }
  });
}

const heldRows = (store: Store) => store.held.depths().reduce((sum, { rows }) => sum + rows, 0);
const departed = (store: Store) =>
  store.outbox.depths().reduce((sum, { entries }) => sum + entries, 0);

it('keeps an alarm while 50,000 records are let go, and does not let it wait for them', async () => {
  const relays = [{ id: 'ehr', use: 'fhir' as const, url: 'https://127.0.0.1:1/fhir' }];
  const site = await startInterface([{ id: device, profile }], { relays });
  const at = Date.now();
  const count = 50_000;
  hold(site.store, count, at - 60_000);
  const order = { device, subject: 'MRN-4711', actor: 'test', now: at };
  const bindings = await site.admission.call('associate', { ...order, since: at - 120_000 });
  expect(bindings).toMatchObject({ released: portionRowsMax, later: count - portionRowsMax });
  const alarm = { seq: 1, alerts: [{ event: 'MDC_EVT_HI_GT_LIM', phase: 'start' }] };
  let waiting = heldRows(site.store);
  for (let seq = 1; waiting > 0; seq += 1) {
    const bytes = Buffer.from(JSON.stringify({ ...alarm, seq }));
    await site.watch.queue.offer({
      ...{ device, channel: 'alerts', bytes, receivedAt: Date.now() as Instant },
    });
    if (seq === 1) expect(heldRows(site.store)).toBeGreaterThan(count / 2);
    waiting = heldRows(site.store);
  }
  await until('all are let go', () => heldRows(site.store) === 0);
});

it('loses and doubles nothing, and keeps the order, when it is killed between two portions', async () => {
  const folder = temporaryFolder('held');
  onTestFinished(() => folder.remove());
  const count = 20 * portionRowsMax + 7;
  const open = () => openStore(folder.path, new Uint8Array(32).fill(7));
  const before = open();
  hold(before, count, noon, 'no-relay');
  before.close();

  const program = join(import.meta.dirname, '../support/held-writer.ts');
  const killed = spawn(process.execPath, [program, folder.path]);
  let portions = 0;
  killed.stdout.on('data', (chunk: Buffer) => {
    portions += chunk.toString().split('\n').length - 1;
    if (portions >= 3) killed.kill('SIGKILL');
  });
  const [, signal] = await once(killed, 'close');
  expect(signal).toBe('SIGKILL');

  const store = open();
  onTestFinished(() => store.close());
  const left = heldRows(store);
  expect(left).toBeLessThan(count);
  expect(left).toBeGreaterThan(0);
  expect(departed(store)).toBe(count - left);
  const policy = policyOf({ [device]: { profile, associations: [bound('A')] } });
  letGo(startKeeper(store, { make: () => policy }, budget(1_000_000_000)));
  expect(heldRows(store)).toBe(0);
  const ids = owed(store, 'ehr', 10_000).flatMap(({ observations }) => observations);
  expect(ids.map(({ at }) => at - noon)).toEqual(Array.from({ length: count }, (_, each) => each));
});

it('leaves what another cause holds, and lets it go when that ends', () => {
  const folder = temporaryFolder('held');
  onTestFinished(() => folder.remove());
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  onTestFinished(() => store.close());
  const count = 3 * portionRowsMax;
  hold(store, count, noon, 'quarantined');
  hold(store, count, noon + count, 'swapped');
  const free = policyOf({ [device]: { profile, associations: [bound('A')] } });
  const [known] = free.devices.values();
  const withheld = { ...free, devices: new Map([[device, { ...known, quarantine: 'hold' }]]) };
  let policy = withheld as typeof free;
  const keeper = startKeeper(store, { make: () => policy }, budget(1_000_000_000));
  letGo(keeper);
  expect(heldRows(store)).toBe(2 * count);
  policy = free;
  keeper.use({ make: () => policy }, budget(1_000_000_000));
  keeper.turnHeld();
  expect(heldRows(store)).toBe(2 * count - portionRowsMax);
  // Back in quarantine in the middle of it: the rest stays.
  policy = withheld as typeof free;
  keeper.use({ make: () => policy }, budget(1_000_000_000));
  letGo(keeper);
  expect(heldRows(store)).toBe(2 * count - portionRowsMax);
  policy = free;
  keeper.use({ make: () => policy }, budget(1_000_000_000));
  letGo(keeper);
  expect(store.held.depths()).toMatchObject([{ cause: 'swapped', rows: count }]);
});
