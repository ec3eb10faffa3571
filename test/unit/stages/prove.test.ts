import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DeviceProfile } from '../../../gateway/core/device-profile.ts';
import { createMemory } from '../../../gateway/core/memory.ts';
import {
  type DeviceKey,
  type MessageSignature,
  signMessage,
} from '../../../gateway/core/signed-message.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import type { Policy } from '../../../gateway/pipeline/policy.ts';
import { bound, intake, policyOf } from '../../support/wards.ts';

const pair = generateKeyPairSync('ed25519');
const secret = createSecretKey(Buffer.alloc(32, 1));
const keys: Readonly<
  Record<MessageSignature, { readonly own: KeyObject; readonly known: KeyObject }>
> = {
  HS256: { own: secret, known: secret },
  EdDSA: { own: pair.privateKey, known: pair.publicKey },
};

/** A monitor that signs, as the gateway knows it; `counter`: what was kept before this run. */
function ward(algorithm: MessageSignature, counter = 0, id = 'one') {
  const plain = policyOf({
    'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-1')] },
  });
  const device = plain.devices.get('mon-1');
  if (device?.profile.link.kind !== 'mqtt') throw new RangeError('no monitor');
  const profile: DeviceProfile = {
    ...device.profile,
    link: { ...device.profile.link, signs: algorithm },
  };
  const deviceKey: DeviceKey = { algorithm, key: keys[algorithm].known, id, counter };
  const policy: Policy = {
    ...plain,
    devices: new Map([['mon-1', { ...device, profile, deviceKey }]]),
  };
  return { policy, unkeyed: { ...policy, devices: new Map([['mon-1', { ...device, profile }]]) } };
}

const said = (value: number) =>
  JSON.stringify({ seq: value, values: { MDC_PULS_OXIM_SAT_O2: value } });
const signed = (value: number, counter: number, algorithm: MessageSignature = 'HS256') =>
  signMessage(said(value), counter, { algorithm, key: keys[algorithm].own });

/** Says one after the other. What was refused, and how many values left. */
function say(policy: Policy, messages: readonly string[], memory = createMemory()) {
  const admissions = messages.map((message) => {
    const admission = admit([intake('mon-1', message)], [], policy, memory);
    memory.remember(admission.changes);
    return admission;
  });
  return {
    memory,
    refused: admissions.flatMap(({ rejected }) =>
      rejected.map(({ reason, detail }) => `${reason}: ${detail}`),
    ),
    left: admissions.flatMap(({ departures }) => departures.flatMap((one) => one.observations))
      .length,
    found: admissions.flatMap(({ findings }) => findings.map(({ detector }) => detector)),
    counters: admissions.map(({ counters }) => counters.get('mon-1' as never)),
  };
}

describe.each(['HS256', 'EdDSA'] as const)('a device that signs by %s', (algorithm) => {
  const { policy } = ward(algorithm);

  it('is read, and its counter kept', () => {
    const { left, refused, counters } = say(policy, [
      signed(97, 1, algorithm),
      signed(96, 5, algorithm),
    ]);
    expect({ left, refused, counters }).toEqual({ left: 2, refused: [], counters: [1, 5] });
  });

  it.each([
    ['unsigned', said(97)],
    ['of another’s signature', `${signed(97, 1, algorithm).slice(0, -20)}${'A'.repeat(20)}`],
    [
      'of another content',
      signed(97, 1, algorithm).replace(
        /\.[^.]*\./,
        `.${Buffer.from(said(60)).toString('base64url')}.`,
      ),
    ],
    [
      'of another counter',
      signed(97, 1, algorithm).replace(
        /^[^.]*/,
        Buffer.from(JSON.stringify({ alg: algorithm, ctr: 9 })).toString('base64url'),
      ),
    ],
    [
      'of no algorithm',
      `${Buffer.from('{"alg":"none","ctr":1}').toString('base64url')}.${Buffer.from(said(97)).toString('base64url')}.AA`,
    ],
    ['of nothing', ''],
  ])('is not read where a message is %s, and that is found', (_, message) => {
    const { left, refused, found } = say(policy, [message]);
    expect(left).toBe(0);
    expect(refused).toEqual([expect.stringMatching(/^not-proven: /)]);
    expect(found).toEqual(['forged-message']);
  });
});

describe('the counter of a device that signs', () => {
  it('never goes back, nor stays', () => {
    const { policy } = ward('HS256');
    const { left, refused } = say(policy, [
      signed(97, 7),
      signed(96, 7),
      signed(95, 6),
      signed(94, 8),
    ]);
    expect(left).toBe(2);
    expect(refused).toEqual(['old-counter: 7 after 7', 'old-counter: 6 after 7']);
  });

  it('goes on where it was before a restart, and begins anew with another key', () => {
    expect(say(ward('HS256', 40).policy, [signed(97, 40), signed(96, 41)])).toMatchObject({
      left: 1,
    });
    const { memory } = say(ward('HS256', 0, 'one').policy, [signed(97, 40)]);
    expect(say(ward('HS256', 0, 'two').policy, [signed(96, 1)], memory).left).toBe(1);
  });

  it('is told where one message comes again and again', () => {
    const { policy } = ward('HS256');
    const again = Array.from({ length: 12 }, () => signed(97, 1));
    expect(say(policy, again).found).toEqual(['replay']);
  });
});

it('a device that is to sign and has no key is not read; one that need not sign is read as ever', () => {
  const { unkeyed } = ward('HS256');
  expect(say(unkeyed, [signed(97, 1), said(97)]).refused).toEqual([
    'not-proven: no key is enrolled',
    'not-proven: no key is enrolled',
  ]);
  const plain = policyOf({
    'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-1')] },
  });
  expect(say(plain, [said(97)])).toMatchObject({ left: 1, refused: [] });
});
