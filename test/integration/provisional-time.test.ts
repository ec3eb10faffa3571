import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Instant } from '../../gateway/core/observation.ts';
import { openBatch } from '../../gateway/keeper/batch.ts';
import { startKeeper } from '../../gateway/keeper/keeping.ts';
import { openStore } from '../../gateway/store/store.ts';
import { isChronyRight, readTimeService } from '../../gateway/time/time-service.ts';
import { budget, portion } from '../support/outbox.ts';
import { temporaryFolder } from '../support/site.ts';
import { bound, intake, noon, policyOf } from '../support/wards.ts';

const monitor = 'generic-vital-signs-monitor';
const minute = 60_000;
const day = 86_400_000;
/** What the gateway took for the time while it did not know it. */
const wrong = (noon - 9 * day) as Instant;
const anchorMs = noon - 5_000;

const values = (seq: number, at?: string) => ({
  seq,
  ...(at !== undefined && { at }),
  values: { MDC_PULS_OXIM_SAT_O2: 97 },
});
const alarm = {
  seq: 9,
  alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
};

function start(associations = [bound('B', noon - day), bound('A', 0, noon - day)]) {
  const folder = temporaryFolder('provisional');
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  onTestFinished(() => {
    store.close();
    folder.remove();
  });
  const policy = policyOf({ 'mon-1': { profile: monitor, associations } });
  const keeper = startKeeper(store, { make: () => policy }, budget(1_000_000));
  const take = (message: unknown, monotonicMs: number, isTrusted = false) => {
    const batch = openBatch();
    const receivedAt = (wrong + monotonicMs) as Instant;
    batch.add(intake('mon-1', message, { at: receivedAt }), { boot: 'b1', monotonicMs, isTrusted });
    return keeper.keep(batch.close());
  };
  const owed = (monotonicMs: number, boot = 'b1') =>
    store.outbox
      .next('ehr', portion({ countMax: 100 }), { boot, monotonicMs })
      .entries.flatMap(({ observations }) => observations);
  return { store, keeper, take, owed };
}

it('keeps and acknowledges at once, and lets an alarm go at once with its mark', () => {
  const { take, owed } = start();
  expect(take(values(1), 5_000)).toMatchObject({ refused: [], departures: 1 });
  take(alarm, 5_100);
  expect(owed(5_200)).toMatchObject([
    { kind: 'alert', provisional: { boot: 'b1', monotonicMs: 5_100 } },
  ]);
});

it('repairs what waited once the time is known, with the patient of that moment', () => {
  const { keeper, take, owed } = start();
  take(values(1), 5_000);
  keeper.knowTime('b1', anchorMs, noon);
  const [one] = owed(6_000);
  expect(one).toMatchObject({ at: noon, receivedAt: noon, clock: 'gateway' });
  expect(one?.provisional).toBeUndefined();
  // The same record under the time that was taken for the true one would have been of patient A.
  const { take: other, owed: others } = start([bound('B', noon - day)]);
  other(values(1), 5_000);
  expect(others(5_000 + 15 * minute)[0]?.subject).toBe(one?.subject);
});

it('is as unsure as what a device kept is late, where its arrival is all that dates it', () => {
  const { keeper, take, owed } = start();
  take(values(1, new Date(noon - 10 * minute).toISOString()), 5_000);
  take(values(2, new Date(noon - 10_000).toISOString()), 5_000);
  keeper.knowTime('b1', anchorMs, noon);
  expect(owed(6_000)).toMatchObject([
    { at: noon, clock: 'gateway', uncertaintyMs: 10 * minute },
    { at: noon, clock: 'gateway', uncertaintyMs: 30_000 },
  ]);
});

it('is as unsure as a backlog is late, however steadily it came while nobody knew the time', () => {
  const { keeper, take, owed } = start();
  const sent = 20;
  for (let index = 0; index < sent; index += 1) {
    const said = noon - 10 * minute + index * 1_000;
    take(values(index + 1, new Date(said).toISOString()), 5_000 + index * 1_000);
  }
  keeper.knowTime('b1', anchorMs, noon);
  const kept = owed(30_000);
  expect(kept.map(({ clock }) => clock)).toContain('corrected');
  for (const { at, deviceTime, uncertaintyMs = 0 } of kept) {
    expect(Math.abs(at - Date.parse(deviceTime ?? ''))).toBeLessThanOrEqual(uncertaintyMs);
  }
});

it('waits a quarter of an hour for the time and no longer, and never for that of another run', () => {
  const { take, owed } = start();
  take(values(1), 5_000);
  expect(owed(5_000 + 15 * minute - 1)).toEqual([]);
  expect(owed(5_000 + 15 * minute)).toMatchObject([{ provisional: { boot: 'b1' } }]);
  expect(owed(6_000, 'b2')).toMatchObject([{ provisional: { boot: 'b1' } }]);
});

it('does not keep back what came after the time was known in another lane', () => {
  const { take, owed } = start();
  take(
    {
      ...values(1),
      values: {},
      waveforms: { MDC_PULS_OXIM_PLETH: { samples: [1, 2], periodMs: 10 } },
    },
    5_000,
  );
  take(values(2), 6_000, true);
  expect(owed(6_100)).toMatchObject([{ kind: 'numeric' }]);
});

it('holds what nobody can date until the time is known; it does not expire meanwhile', () => {
  const { store, keeper, take, owed } = start([]);
  take(values(1), 5_000);
  expect(store.held.depths()).toMatchObject([{ device: 'mon-1', cause: 'unbound', rows: 1 }]);
  expect(store.held.expire(noon - 7 * day)).toEqual([]);
  keeper.knowTime('b1', anchorMs, noon);
  expect(store.held.expire(noon - 7 * day)).toEqual([]);
  expect(store.held.of('mon-1' as never, ['unbound'])[0]?.observations).toMatchObject([
    { at: noon },
  ]);
  expect(owed(6_000)).toEqual([]);
  expect(store.held.expire(noon + 1)).toMatchObject([{ rows: 1 }]);
});

it('remembers the newest time that was known', () => {
  const { store, keeper, take } = start();
  take(values(1), 5_000);
  expect(store.trustedTime.newest()).toBe(0);
  keeper.knowTime('b1', anchorMs, noon);
  expect(store.trustedTime.newest()).toBe(noon);
  store.trustedTime.note(noon - day);
  expect(store.trustedTime.newest()).toBe(noon);
});

it('reads what a time service says of itself', async () => {
  const folder = temporaryFolder('run');
  onTestFinished(() => folder.remove());
  expect(await readTimeService(folder.path)).toBe('none');
  mkdirSync(join(folder.path, 'systemd/timesync'), { recursive: true });
  expect(await readTimeService(folder.path)).toBe('unsynchronised');
  writeFileSync(join(folder.path, 'systemd/timesync/synchronized'), '');
  expect(await readTimeService(folder.path)).toBe('synchronised');
  const columns = 'C0248F97,pool.example,2,1795348800.1,0.0,0.0,0.0,1.2,0.0,0.1,0.01,0.001,64.2';
  expect(isChronyRight(`${columns},Normal\n`)).toBe(true);
  expect(isChronyRight(`${columns},Not synchronised\n`)).toBe(false);
});
