import { expect, it, onTestFinished } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import { expire } from '../../gateway/keeper/expiry.ts';
import type { AgeSample } from '../../gateway/store/age.ts';
import { openStore } from '../../gateway/store/store.ts';
import { temporaryFolder } from '../support/site.ts';
import { noon } from '../support/wards.ts';

const hour = 3_600_000;
const day = 24 * hour;
const year = 365 * day;
const kept = 7 * day;

/** A store in which one observation waits for a patient since `noon`. */
function start() {
  const folder = temporaryFolder('expiry');
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  onTestFinished(() => {
    store.close();
    folder.remove();
  });
  const waiting = { id: 'k.0', device: 'mon-1', receivedAt: noon, at: noon } as Observation;
  store.transact(() => store.held.add('mon-1' as DeviceId, [waiting], 'unbound', noon));
  /** As each hour, at such a moment. Returns how much it let go. */
  const look = (sample: Partial<AgeSample> & { readonly now: number }) => {
    const whole = { isVouched: false, boot: 'b1', monotonicMs: sample.now - noon, ...sample };
    const aged = store.transact(() => store.age.advance(whole));
    return expire(store, aged, kept, sample.now as Instant);
  };
  expect(look({ now: noon })).toBe(0);
  return { look };
}

it('lets go of what has waited for its time on the clock nobody sets', () => {
  const { look } = start();
  expect(look({ now: noon + kept - hour })).toBe(0);
  expect(look({ now: noon + kept + hour })).toBe(1);
});

it('keeps what a wall clock years ahead would have made old, however often it starts', () => {
  const { look } = start();
  for (let run = 2; run < 20; run += 1) {
    expect(look({ now: noon + 10 * year, boot: `b${run}`, monotonicMs: hour })).toBe(0);
  }
  // Nor when the gateway alone begins anew, and the machine goes on.
  expect(look({ now: noon + 10 * year, boot: 'b19', monotonicMs: 2 * hour })).toBe(0);
  // By now it was seen to wait for its time.
  expect(look({ now: noon + 10 * year, boot: 'b19', monotonicMs: kept + 2 * hour })).toBe(1);
});

it('counts the time without power where a time service vouches for it', () => {
  const { look } = start();
  const later = { now: noon + kept + hour, boot: 'b2', monotonicMs: hour };
  expect(look(later)).toBe(0);
  expect(look({ ...later, isVouched: true })).toBe(1);
});

it('goes back with a clock that was ahead, once a time service says so', () => {
  const { look } = start();
  const { now, boot } = { now: noon + hour, boot: 'b2' };
  expect(look({ now: noon + 3 * day, monotonicMs: 3 * day })).toBe(0);
  expect(look({ now, boot, monotonicMs: hour, isVouched: true })).toBe(0);
  expect(look({ now: now + 5 * day, boot, monotonicMs: hour + 5 * day })).toBe(0);
});
