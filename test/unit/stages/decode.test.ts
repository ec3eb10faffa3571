import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { defineDeviceProfile } from '../../../gateway/core/device-profile.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { Phi } from '../../../gateway/core/phi.ts';
import type { DeviceRecord, FieldValue } from '../../../gateway/core/protocol.ts';
import { decode, type IdentifiedRecord, planDecoding } from '../../../gateway/stages/decode.ts';

const profile = {
  id: 'test-monitor',
  manufacturer: 'Test',
  model: 'Test',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'mqtt', protocol: 'wardgate-json' },
  metrics: [
    {
      field: 'SPO2',
      metric: 'MDC_PULS_OXIM_SAT_O2',
      absent: { '---': 'sensor-off', 127: 'invalid' },
    },
    { field: 'HR', metric: 'MDC_ECG_HEART_RATE' },
    { field: 'TEMP', metric: 'MDC_TEMP_BODY', unit: '[degF]' },
    { field: 'PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
    { field: '6690-2^LN', metric: 'LN_6690_2' },
  ],
  omitted: ['BATTERY'],
  silentAfterMs: 10_000,
  messagesPerSecondMax: 1,
  security: { authenticates: true, encrypts: true, updatable: true },
  sources: ['test'],
} as const;
const monitor = planDecoding(defineDeviceProfile(profile as never));
const analyser = planDecoding(defineDeviceProfile({ ...profile, association: 'record' } as never));

const receivedAt = Date.UTC(2026, 10, 22, 10, 0, 0) as Instant;

function identified(record: DeviceRecord, more: Partial<IdentifiedRecord> = {}): IdentifiedRecord {
  const dating = { at: receivedAt, clock: 'gateway', uncertaintyMs: 30_000 } as const;
  const device = 'oxi-1' as DeviceId;
  return { key: 'k1', device, plan: monitor, record, receivedAt, dating, ...more };
}

function read(fields: Readonly<Record<string, FieldValue>>) {
  return decode(identified({ fields }));
}

describe('a result that states its LOINC number', () => {
  const fields = { LEUCO: { value: '5.5', unit: '10E3/uL' } };

  it('is that measurement, whatever the device calls it', () => {
    const { observations } = decode(identified({ fields, loinc: '6690-2' }));
    expect(observations).toMatchObject([{ metric: 'LN_6690_2', value: 5.5 }]);
  });

  it.each(['751-8', undefined])('is unknown under %s', (loinc) => {
    const { observations, rejected } = decode(identified({ fields, loinc }));
    expect(observations).toEqual([]);
    expect(rejected).toMatchObject([{ reason: 'unknown-metric', detail: 'LEUCO' }]);
  });
});

describe('a field', () => {
  it.each([
    [97, 97],
    ['097', 97],
    ['-0.5', -0.5],
    [{ value: 97 }, 97],
    [{ value: '0.97', unit: '1' }, 97],
  ])('of %j becomes %d', (field, value) => {
    const { observations, rejected } = read({ SPO2: field });
    expect(observations).toMatchObject([
      { kind: 'numeric', id: 'k1.0', device: 'oxi-1', metric: 'MDC_PULS_OXIM_SAT_O2', value },
    ]);
    expect(observations[0]).toMatchObject({ quality: 'good', absent: undefined });
    expect(rejected).toEqual([]);
  });

  it.each([
    [{ absent: 'no-sensor' }, 'no-sensor'],
    ['---', 'sensor-off'],
    [127, 'invalid'],
    [{ value: '---', unit: '%' }, 'sensor-off'],
  ] as const)('of %j is absent: %s', (field, absent) => {
    const { observations } = read({ SPO2: field });
    expect(observations).toMatchObject([{ absent, value: undefined }]);
  });

  it.each([
    ['', 'not-a-number'],
    [' 97', 'not-a-number'],
    ['0x61', 'not-a-number'],
    ['9,7', 'not-a-number'],
    ['1e2', 'not-a-number'],
    ['Infinity', 'not-a-number'],
    [Number.NaN, 'not-a-number'],
    [Number.POSITIVE_INFINITY, 'not-a-number'],
    ['9'.repeat(400), 'not-a-number'],
    [{ value: 97, unit: 'mm[Hg]' }, 'wrong-unit'],
    [{ value: 97, unit: '' }, 'wrong-unit'],
    [{ samples: [1, 2], periodMs: 10 }, 'not-a-number'],
  ] as const)('of %j is refused: %s', (field, reason) => {
    const { observations, rejected } = read({ SPO2: field });
    expect(observations).toEqual([]);
    expect(rejected).toEqual([
      { device: 'oxi-1', at: receivedAt, stage: 'decode', reason, detail: 'SPO2' },
    ]);
  });

  it('is read in the unit of the profile, unless it states its own', () => {
    expect(read({ TEMP: 98.6 }).observations).toMatchObject([{ value: 37 }]);
    expect(read({ TEMP: { value: 37, unit: 'Cel' } }).observations).toMatchObject([{ value: 37 }]);
  });

  it('keeps the doubt the device states', () => {
    const { observations } = read({ SPO2: { value: 97, quality: 'questionable' } });
    expect(observations).toMatchObject([{ quality: 'questionable' }]);
  });

  it('of samples becomes a waveform, and of anything else it does not', () => {
    const { observations } = read({ PLETH: { samples: [1, 2, 3], periodMs: 10 } });
    expect(observations).toMatchObject([{ kind: 'samples', value: [1, 2, 3], periodMs: 10 }]);
    for (const field of [
      5,
      { samples: [1, Number.NaN], periodMs: 10 },
      { samples: [], periodMs: 10 },
      { samples: [1], periodMs: 0 },
    ]) {
      expect(read({ PLETH: field }).rejected).toMatchObject([{ reason: 'not-a-number' }]);
    }
  });

  it('keeps its place in the record as part of its id', () => {
    const { observations, rejected } = read({ BATTERY: 1, SPO2: 97, other: 1, HR: 70 });
    expect(observations.map(({ id }) => id)).toEqual(['k1.1', 'k1.3']);
    expect(rejected).toMatchObject([{ reason: 'unknown-metric', detail: 'other' }]);
  });

  it('never carries its name into a log unfiltered', () => {
    const name = `<b>\n${'x'.repeat(100)}`;
    const { rejected } = read({ [name]: 1 });
    expect(rejected[0]?.detail).toBe(`b${'x'.repeat(60)}`);
  });
});

it('is dated as it was told, and keeps what the device printed', () => {
  const dating = {
    at: (receivedAt - 5_000) as Instant,
    clock: 'corrected',
    uncertaintyMs: 40,
    provisional: { boot: 'b', monotonicMs: 7 },
  } as const;
  const time = '1999-12-31T23:59:00';
  const { observations } = decode(identified({ fields: { SPO2: 97 }, time }, { dating }));
  expect(observations).toMatchObject([{ ...dating, receivedAt, deviceTime: time }]);
});

describe('a record', () => {
  it('in test mode is refused as a whole', () => {
    const { observations, rejected } = decode(
      identified({
        fields: { SPO2: 97, HR: 70 },
        alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
        isTest: true,
      }),
    );
    expect(observations).toEqual([]);
    expect(rejected).toMatchObject([{ stage: 'decode', reason: 'test-data' }]);
  });

  it('names its own subject where the profile says so', () => {
    const record = { fields: { SPO2: 97 }, subject: 'TUBE-1', performer: 'OP7', note: 'lipaemic' };
    const bound = new Phi('PAT-9');
    const { observations } = decode(identified(record, { plan: analyser, subject: bound }));
    const [one] = observations;
    expect(one?.subject instanceof Phi && one.subject.reveal()).toBe('TUBE-1');
    expect(one?.performer?.reveal()).toBe('OP7');
    expect(one?.note?.reveal()).toBe('lipaemic');
  });

  it('without a subject is nobody’s, whoever the analyser is bound to', () => {
    const bound = new Phi('PAT-9');
    const record = { fields: { SPO2: 97 } };
    const { observations } = decode(identified(record, { plan: analyser, subject: bound }));
    expect(observations[0]?.subject).toBeUndefined();
  });

  it('of a bedside device belongs to whom the device is bound to, whatever it says', () => {
    const bound = new Phi('PAT-9');
    const record = { fields: { SPO2: 97 }, subject: 'HED12' };
    expect(decode(identified(record, { subject: bound })).observations[0]?.subject).toBe(bound);
  });

  it.each(['HED12', '99999', ' ', 'test', '000000'])(
    'of the placeholder %j is refused',
    (subject) => {
      const { observations, rejected } = decode(
        identified({ fields: { SPO2: 97, HR: 70 }, subject }, { plan: analyser }),
      );
      expect(observations).toEqual([]);
      expect(rejected).toMatchObject([{ reason: 'placeholder-subject' }]);
      expect(JSON.stringify(rejected)).not.toContain(subject.trim() || 'HED12');
    },
  );

  it('keeps every alert, even about a field nobody knows', () => {
    const alert = { event: 'MDC_EVT_LO_VAL_LT_LIM', phase: 'start', priority: 'high' } as const;
    const { observations } = decode(
      identified({
        fields: {},
        alerts: [
          { ...alert, field: 'SPO2' },
          { ...alert, field: '?' },
        ],
      }),
    );
    expect(observations).toMatchObject([
      { kind: 'alert', id: 'k1.a0', metric: 'MDC_PULS_OXIM_SAT_O2', priority: 'high' },
      { kind: 'alert', id: 'k1.a1', metric: undefined, event: 'MDC_EVT_LO_VAL_LT_LIM' },
    ]);
  });

  it('ends field by field as one observation or one rejection, whatever it holds', () => {
    const value = fc.oneof(
      fc.double(),
      fc.string(),
      fc.record({ value: fc.oneof(fc.double(), fc.string()), unit: fc.string() }),
      fc.record({ samples: fc.array(fc.double()), periodMs: fc.double() }),
      fc.constant({ absent: 'unknown' } as const),
    );
    const name = fc.oneof(fc.constantFrom('SPO2', 'HR', 'TEMP', 'PLETH', 'BATTERY'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(name, value), (fields) => {
        const { observations, rejected } = read(fields);
        const omitted = Object.hasOwn(fields, 'BATTERY') ? 1 : 0;
        expect(observations.length + rejected.length + omitted).toBe(Object.keys(fields).length);
      }),
    );
  });
});

describe('a plan', () => {
  it('is refused when a unit does not convert or a field is named twice', () => {
    const [first] = profile.metrics;
    const wrong = { ...profile, metrics: [{ ...first, unit: 'kPa' }] };
    const twice = { ...profile, metrics: [first, first] };
    expect(() => planDecoding(defineDeviceProfile(wrong as never))).toThrow(/SPO2/);
    expect(() => planDecoding(defineDeviceProfile(twice as never))).toThrow(/twice/);
  });
});
