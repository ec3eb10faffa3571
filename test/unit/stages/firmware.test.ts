import { expect, it } from 'vitest';
import type { DeviceProfile } from '../../../gateway/core/device-profile.ts';
import { createMemory } from '../../../gateway/core/memory.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import type { KnownDevice } from '../../../gateway/pipeline/policy.ts';
import { bound, intake, noon, policyOf } from '../../support/wards.ts';

const base = policyOf({
  'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-4711')] },
});
const listing = (firmware: DeviceProfile['firmware']) => {
  const known = base.devices.get('mon-1') as KnownDevice;
  return {
    ...base,
    devices: new Map([['mon-1', { ...known, profile: { ...known.profile, firmware } }]]),
  };
};

/** What is found while a device announces these versions, one a message. */
function found(versions: readonly (string | undefined)[], listed?: readonly string[]) {
  const memory = createMemory();
  return versions.flatMap((firmware, index) => {
    const at = (noon + index * 1_000_000) as Instant;
    const values = { MDC_RESP_RATE: 14 };
    const message = { seq: index + 1, at: new Date(at).toISOString(), values, firmware };
    const policy = listing(listed && [...listed]);
    const admission = admit([intake('mon-1', message, { at })], [], policy, memory);
    memory.remember(admission.changes);
    expect(admission.departures).toHaveLength(1);
    return admission.findings
      .filter(({ threat }) => threat === 'D12')
      .map(({ evidence }) => `${evidence['what']} ${evidence['version']}`);
  });
}

it('says nothing of a version that stays, or is not announced', () => {
  expect(found(['1.4', undefined, '1.4', '1.4'])).toEqual([]);
});

it.each([
  ['1.10.2', '1.9.9', 'lower'],
  ['2.0', '1.99', 'lower'],
  ['1.4.1', '1.4', 'lower'],
  ['1.9', '1.10', 'changed'],
  ['1.4', '1.4.1', 'changed'],
])('tells %s followed by %s: %s', (before, after, what) => {
  expect(found([before, after])).toEqual([`${what} ${after}`]);
});

it('tells a version that the profile does not list, and still takes what the device measures', () => {
  expect(found(['1.4', '6.6.6'], ['1.3', '1.4'])).toEqual(['unlisted 6.6.6']);
});
