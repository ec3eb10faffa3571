import { expect, it, onTestFinished } from 'vitest';
import { lockMs } from '../../gateway/access/lock-out.ts';
import { signInCalls } from '../../gateway/people/sign-in-keeping.ts';
import { openStore } from '../../gateway/store/store.ts';
import { temporaryFolder } from '../support/site.ts';

const now = 1_700_000_000_000;

function openKeeping() {
  const folder = temporaryFolder('sign-in');
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  onTestFinished(() => {
    store.close();
    folder.remove();
  });
  return { store, calls: signInCalls(store) };
}

it('whoever tries ten thousand names makes nobody forget a lock, and the disk does not fill', () => {
  const { store, calls } = openKeeping();
  for (let tries = 0; tries < 10; tries += 1) {
    calls.beginSignIn({ name: 'anna', address: `10.0.0.${tries}`, now: now + tries * 120_000 });
  }
  const at = now + 9 * 120_000;
  expect(calls.beginSignIn({ name: 'anna', address: '10.0.1.1', now: at }).waitMs).toBe(lockMs);
  store.transact(() => {
    const failures = { count: 1, lastAt: at, blockedUntil: at };
    for (let name = 0; name < 10_100; name += 1) store.signInFailures.put(`user/${name}`, failures);
  });
  const kept = Array.from({ length: 10_100 }, (_, name) =>
    store.signInFailures.find(`user/${name}`),
  );
  expect(kept.filter((each) => each !== undefined).length).toBeLessThanOrEqual(10_000);
  expect(calls.beginSignIn({ name: 'anna', address: '10.0.1.1', now: at }).waitMs).toBe(lockMs);
});

it('one host with all addresses of its network is one address', () => {
  const { calls } = openKeeping();
  const waits = Array.from({ length: 22 }, (_, host) =>
    calls.beginSignIn({ name: `name-${host}`, address: `2001:db8::${host + 1}`, now }),
  ).map(({ waitMs }) => waitMs);
  expect(waits.slice(0, 21).every((waitMs) => waitMs === 0)).toBe(true);
  expect(waits[21]).toBe(1_000);
  const other = calls.beginSignIn({ name: 'name', address: '2001:db8:0:1::1', now });
  expect(other.waitMs).toBe(0);
  const mapped = calls.beginSignIn({ name: 'name', address: '::ffff:10.0.0.1', now });
  expect(mapped.waitMs).toBe(0);
});

it('a password that could not be checked is no failure', () => {
  const { calls } = openKeeping();
  for (let tries = 0; tries < 20; tries += 1) {
    const attempt = { name: 'anna', address: '10.0.0.1', now };
    expect(calls.beginSignIn(attempt).waitMs).toBe(0);
    calls.abandonSignIn(attempt);
  }
});
