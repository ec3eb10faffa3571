import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemory } from '../../../gateway/core/memory.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import { release } from '../../../gateway/pipeline/depart.ts';
import { bound, intake, noon, policyOf } from '../../support/wards.ts';

const monitor = 'generic-vital-signs-monitor';
const policy = policyOf({
  'mon-1': { profile: monitor, associations: [bound('MRN-4711')] },
  'mon-2': { profile: monitor, associations: [] },
  'cuff-1': { profile: 'a-and-d-home-bp', associations: [bound('MRN-4712')] },
});
const spo2 = (value: unknown, more: object = {}) => ({
  seq: 1,
  at: new Date(noon).toISOString(),
  values: { MDC_PULS_OXIM_SAT_O2: value, ...more },
});
const reasons = (admission: ReturnType<typeof admit>) =>
  admission.rejected.map(({ stage, reason }) => `${stage}/${reason}`);

describe('admission', () => {
  it('releases what is plausible and accounts for the rest', () => {
    const message = spo2(97, { MDC_ECG_HEART_RATE: 999, MDC_TEMP_BODY: { absent: 'sensor-off' } });
    const { departures, rejected } = admit([intake('mon-1', message)], [], policy, createMemory());
    expect(departures).toHaveLength(1);
    expect(departures[0]).toMatchObject({ relay: 'ehr', lane: 'trend' });
    expect(departures[0]?.observations).toMatchObject([
      { metric: 'MDC_PULS_OXIM_SAT_O2', value: 97, clock: 'device', at: noon },
      { metric: 'MDC_TEMP_BODY', absent: 'sensor-off' },
    ]);
    expect(rejected).toMatchObject([{ stage: 'check', reason: 'implausible' }]);
  });

  it('lets neither the patient nor the device leave by name', () => {
    const message = { ...spo2(97), note: 'Jane Doe', operator: 'nurse-7', serial: 'SN-1' };
    const { departures } = admit([intake('mon-1', message)], [], policy, createMemory());
    const text = JSON.stringify(departures);
    expect(departures).toHaveLength(1);
    for (const name of ['4711', 'mon-1', 'Jane', 'nurse', 'SN-1', '[phi]']) {
      expect(text).not.toContain(name);
    }
  });

  it('holds what nobody is bound to, but lets its alarm go at once', () => {
    const alert = {
      seq: 2,
      alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
    };
    const batch = [intake('mon-2', spo2(97)), intake('mon-2', alert, { channel: 'alerts' })];
    const { departures, held } = admit(batch, [], policy, createMemory());
    expect(held).toMatchObject([{ device: 'mon-2', observations: [{ value: 97 }] }]);
    expect(departures).toMatchObject([{ lane: 'alert', observations: [{ kind: 'alert' }] }]);
    expect(departures[0]?.observations[0]?.subject).toBeUndefined();
  });

  it('gives what was measured before to the patient who was bound then', () => {
    const hour = 3_600_000;
    const history = policyOf({
      'mon-1': {
        profile: monitor,
        associations: [bound('B', noon - hour), bound('A', noon - 3 * hour, noon - 2 * hour)],
      },
    });
    const at = (hours: number) => new Date(noon - hours * hour).toISOString();
    const message = (hours: number) => ({ ...spo2(97), seq: hours * 2, at: at(hours) });
    const batch = [0.5, 1.5, 2.5, 3.5].map((hours) => intake('mon-1', message(hours)));
    const { departures, held } = admit(batch, [], history, createMemory());
    const subjects = departures.map(({ observations }) => observations[0]?.subject);
    expect(new Set(subjects).size).toBe(2);
    expect(held).toHaveLength(2);
  });

  it('never makes patient data of a demonstration', () => {
    const admission = admit(
      [intake('mon-1', { ...spo2(97), mode: 'demo' })],
      [],
      policy,
      createMemory(),
    );
    expect(admission.departures).toEqual([]);
    expect(reasons(admission)).toEqual(['decode/test-data']);
  });

  it('recognises a record that comes again, also in a later batch', () => {
    const memory = createMemory();
    const first = admit([intake('mon-1', spo2(97)), intake('mon-1', spo2(97))], [], policy, memory);
    expect(first.departures).toHaveLength(1);
    expect(reasons(first)).toEqual(['read/duplicate']);
    memory.remember(first.changes);
    expect(reasons(admit([intake('mon-1', spo2(97))], [], policy, memory))).toEqual([
      'read/duplicate',
    ]);
  });

  it.each([
    ['says nothing of itself', {}],
    ['only counts, for its count starts anew when it does', { seq: 1 }],
  ])('keeps two equal messages apart when the device %s', (_, own) => {
    const { departures } = admit(
      [
        intake('mon-1', { ...own, values: { MDC_PULS_OXIM_SAT_O2: 97 } }),
        intake('mon-1', { ...own, values: { MDC_PULS_OXIM_SAT_O2: 97 } }),
      ],
      [],
      policy,
      createMemory(),
    );
    const ids = departures.flatMap(({ observations }) => observations.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
  });

  it('gives the same record the same id after a restart, whoever relays it', () => {
    const id = () =>
      admit([intake('mon-1', spo2(97))], [], policy, createMemory()).departures[0]?.observations[0]
        ?.id;
    expect(id()).toBe(id());
    const later = admit(
      [intake('mon-1', spo2(97), { at: (noon + 5_000) as Instant })],
      [],
      policy,
      createMemory(),
    );
    expect(later.departures[0]?.observations[0]?.id).toBe(id());
  });

  it('leaves no trace of a batch that is not remembered', () => {
    const memory = createMemory();
    admit([intake('mon-1', spo2(97))], [], policy, memory);
    expect(memory.values.size).toBe(0);
    expect(memory.seen.size).toBe(0);
  });

  it('sorts a single measurement into the lane that is shed last', () => {
    const message = {
      seq: 1,
      values: { MDC_PRESS_BLD_NONINV_SYS: 120, MDC_PRESS_BLD_NONINV_DIA: 80 },
    };
    const { departures } = admit([intake('cuff-1', message)], [], policy, createMemory());
    expect(departures).toMatchObject([{ lane: 'numeric' }]);
  });

  it.each([
    ['a depth of 10,000', '['.repeat(10_000) + ']'.repeat(10_000), 'read/too-deep'],
    ['__proto__', '{"values":{},"__proto__":{"isTest":true}}', 'read/malformed'],
    ['NaN', '{"values":{"MDC_PULS_OXIM_SAT_O2":NaN}}', 'read/malformed'],
    ['half a message', '{"values":{"MDC_PULS_OXIM_SAT_O2":9', 'read/malformed'],
    ['999 %', '{"values":{"MDC_PULS_OXIM_SAT_O2":999}}', 'check/implausible'],
    ['a text for a number', '{"values":{"MDC_PULS_OXIM_SAT_O2":"high"}}', 'decode/not-a-number'],
    [
      'a metric it does not have',
      '{"values":{"MDC_MASS_BODY_ACTUAL":70}}',
      'decode/unknown-metric',
    ],
  ])('sets %s aside and goes on', (_, text, reason) => {
    const batch = [intake('mon-1', text), intake('mon-1', spo2(97))];
    const admission = admit(batch, [], policy, createMemory());
    expect(reasons(admission)).toEqual([reason]);
    expect(admission.departures).toHaveLength(1);
    expect({}).not.toHaveProperty('isTest');
  });

  it('accounts for every value, whatever a device says', () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer({ min: -10, max: 400 }),
      fc.string(),
      fc.constant(null),
      fc.record({ value: fc.integer(), unit: fc.string() }),
      fc.record({ absent: fc.constantFrom('sensor-off', 'nonsense') }),
    );
    const metric = fc.constantFrom('MDC_PULS_OXIM_SAT_O2', 'MDC_ECG_HEART_RATE', 'x', 'toString');
    fc.assert(
      fc.property(fc.dictionary(metric, value), (values) => {
        const { departures, rejected, replies } = admit(
          [intake('mon-1', { seq: 1, values })],
          [],
          policy,
          createMemory(),
        );
        const released = departures.flatMap(({ observations }) => observations).length;
        const isWhole = rejected.some(({ stage }) => stage === 'read');
        expect(replies).toHaveLength(1);
        expect(isWhole ? 0 : released + rejected.length).toBe(
          isWhole ? 0 : Object.keys(values).length,
        );
        for (const { observations } of departures) {
          for (const observation of observations) {
            const { value, absent } = observation as { value?: number; absent?: string };
            expect((value === undefined) !== (absent === undefined)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('detection', () => {
  const findings = (
    batch: Parameters<typeof admit>[0],
    signals: Parameters<typeof admit>[1] = [],
  ) => admit(batch, signals, policy, createMemory()).findings.map(({ threat }) => threat);

  it('says nothing about an ordinary minute', () => {
    const minute = Array.from({ length: 60 }, (_, second) =>
      intake('mon-1', { ...spo2(97), seq: second }, { at: (noon + 1_000 * second) as Instant }),
    );
    expect(findings(minute)).toEqual([]);
  });

  it('calls a flood a flood, once, and still releases the data', () => {
    const flood = Array.from({ length: 2_000 }, (_, seq) => intake('mon-1', { ...spo2(97), seq }));
    const admission = admit(flood, [], policy, createMemory());
    expect(admission.findings.map(({ threat }) => threat)).toEqual(['D10']);
    expect(admission.departures).toHaveLength(2_000);
  });

  it('notices a foreign topic, a borrowed identity and a broken packet', () => {
    const device = 'mon-1' as never;
    expect(
      findings(
        [],
        [
          { kind: 'topic-refused', device, at: noon, action: 'publish', topic: 'devices/mon-2/x' },
          { kind: 'refused', address: '10.0.0.9', at: noon, cause: 'no-certificate' },
          { kind: 'protocol-violation', address: '10.0.0.9', at: noon, cause: 'MQTT-3.3.1-4' },
        ],
      ),
    ).toEqual(['D05', 'D02', 'D09']);
  });

  it('names values that come too often to be an artefact, and not their figures', () => {
    const batch = Array.from({ length: 6 }, (_, seq) => intake('mon-1', { ...spo2(999), seq }));
    const { findings } = admit(batch, [], policy, createMemory());
    expect(findings).toMatchObject([{ threat: 'D08', about: 'mon-1' }]);
    expect(JSON.stringify(findings)).not.toContain('999');
  });
});

describe('a device that announces its serial number', () => {
  const says = (serial: string | undefined, seq: number) =>
    intake('mon-1', { ...spo2(97), seq, ...(serial !== undefined && { serial }) });

  it('is known by it, and another one under its name is held and noticed', () => {
    const memory = createMemory();
    const first = admit([says('A', 1), says('A', 2)], [], policy, memory);
    expect([...first.announced]).toEqual([['mon-1', 'A']]);
    expect(first.departures).toHaveLength(2);

    const bound = new Map(policy.devices);
    const device = bound.get('mon-1');
    if (device) bound.set('mon-1', { ...device, serialNumber: 'A' });
    const batch = [says('B', 3), says(undefined, 4), says('A', 5), says(undefined, 6)];
    const second = admit(batch, [], { ...policy, devices: bound }, memory);
    expect(second.held.map(({ cause }) => cause)).toEqual(['swapped', 'swapped']);
    expect(second.departures).toHaveLength(2);
    expect(second.findings).toMatchObject([{ threat: 'D04', about: 'mon-1' }]);
  });

  it('is still heard when it alarms, but names no patient', () => {
    const devices = new Map(policy.devices);
    const device = devices.get('mon-1');
    if (device) devices.set('mon-1', { ...device, serialNumber: 'A' });
    const alert = { event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' };
    const message = { seq: 1, serial: 'B', alerts: [alert] };
    const { departures, held } = admit(
      [intake('mon-1', message, { channel: 'alerts' })],
      [],
      { ...policy, devices },
      createMemory(),
    );
    expect(departures).toMatchObject([{ lane: 'alert' }]);
    expect(departures[0]?.observations[0]?.subject).toBeUndefined();
    expect(held).toEqual([]);
  });
});

it('keeps what has nowhere to go yet, whose patient it knows', () => {
  const nowhere = { ...policy, destinations: [] };
  const { departures, held } = admit([intake('mon-1', spo2(97))], [], nowhere, createMemory());
  expect(departures).toEqual([]);
  expect(held).toMatchObject([
    { device: 'mon-1', cause: 'no-relay', observations: [{ value: 97 }] },
  ]);
  const [waiting] = held;
  expect(waiting && release(waiting, policy).departures).toHaveLength(1);
});

it('releases what was held once its patient is known', () => {
  const before = admit([intake('mon-2', spo2(97))], [], policy, createMemory());
  const [held] = before.held;
  const now = policyOf({ 'mon-2': { profile: monitor, associations: [bound('C', noon - 1)] } });
  expect(held && release(held, now).departures).toMatchObject([
    { relay: 'ehr', lane: 'trend', observations: [{ value: 97 }] },
  ]);
  const tooLate = policyOf({ 'mon-2': { profile: monitor, associations: [bound('C', noon + 1)] } });
  expect(held && release(held, tooLate)).toMatchObject({ departures: [], held: [{ value: 97 }] });
});
