import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absentReasonIds } from '../../../gateway/core/absent-reason.ts';
import type { DeviceRecord, Malformed } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/wardgate-json.ts';

function read(body: unknown): readonly DeviceRecord[] | Malformed {
  return readText(JSON.stringify(body));
}

function readText(text: string): readonly DeviceRecord[] | Malformed {
  return protocol.readMessage?.(Buffer.from(text)) ?? [];
}

/** The detail of a refusal, or the record where there is none. */
function detailOf(text: string): unknown {
  const answer = readText(text);
  return 'detail' in answer ? answer.detail : answer;
}

describe('wardgate-json', () => {
  it('reads numbers, values with a unit, absent values and doubts', () => {
    expect(
      read({
        seq: 17,
        at: '2026-11-22T10:00:00.000Z',
        values: {
          MDC_PULS_OXIM_SAT_O2: 97,
          MDC_ECG_HEART_RATE: { value: 72, unit: '/min', quality: 'questionable' },
          MDC_TEMP_BODY: { absent: 'sensor-off' },
          own_field: 'text',
        },
      }),
    ).toEqual([
      {
        sequence: 17,
        time: '2026-11-22T10:00:00.000Z',
        fields: {
          MDC_PULS_OXIM_SAT_O2: 97,
          MDC_ECG_HEART_RATE: { value: 72, unit: '/min', quality: 'questionable' },
          MDC_TEMP_BODY: { absent: 'sensor-off' },
          own_field: 'text',
        },
      },
    ]);
  });

  it('gives back every value it was given', () => {
    const value = fc.oneof(
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((number) => (number === 0 ? 0 : number)),
      fc.constantFrom(...absentReasonIds).map((absent) => ({ absent })),
    );
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,20}$/);
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 20 }), (values) => {
        const answer = read({ values });
        expect(answer).toEqual([{ fields: { ...values } }]);
      }),
    );
  });

  it('never lets an alarm go for an event it does not know', () => {
    const alert = {
      event: 'MDC_EVT_OF_ANOTHER_TABLE',
      metric: 'MDC_RESP_RATE',
      phase: 'start',
      priority: 'high',
    };
    expect(read({ alerts: [alert] })).toEqual([
      {
        fields: {},
        alerts: [
          { event: 'MDC_EVT_ALARM', field: 'MDC_RESP_RATE', phase: 'start', priority: 'high' },
        ],
      },
    ]);
  });

  it('marks what a device says in demonstration or test mode', () => {
    expect(read({ mode: 'demo', values: { A: 1 } })).toMatchObject([{ isTest: true }]);
    expect(read({ mode: 'test', values: { A: 1 } })).toMatchObject([{ isTest: true }]);
    expect(read({ values: { A: 1 } })).not.toMatchObject([{ isTest: true }]);
  });

  it.each([
    ['{"values":{"A":1},"extra":1}', 'extra: unknown key'],
    ['{"__proto__":{"values":{}}}', '__proto__: unknown key'],
    ['{"values":{"__proto__":1}}', 'values.__proto__: unknown key'],
    ['{"values":{"A":{"__proto__":1}}}', 'values.A.__proto__: unknown key'],
    ['{"values":{"A":{"value":1,"scale":10}}}', 'values.A.scale: unknown key'],
    ['{"constructor":{"values":{"A":1}}}', 'constructor: unknown key'],
    ['{"values":{"A":1e999}}', 'values.A: not a finite number'],
    ['{"values":{"A":{"value":-1e999}}}', 'values.A.value: not a value'],
    ['{"values":{"A":NaN}}', 'not JSON'],
    ['{"values":{"A":Infinity}}', 'not JSON'],
    ['{"values":{"A":null}}', 'values.A: not a value'],
    ['{"values":{"A":true}}', 'values.A: not a value'],
    ['{"values":{"A":[1]}}', 'values.A: not a value'],
    ['{"values":{"A":""}}', 'values.A: not a value'],
    ['{"values":{"A":"a\\u0000b"}}', 'values.A: not a value'],
    ['{"values":{"A":{}}}', 'values.A: not exactly one of value and absent'],
    [
      '{"values":{"A":{"value":1,"absent":"invalid"}}}',
      'values.A: not exactly one of value and absent',
    ],
    ['{"values":{"A":{"absent":"tired"}}}', 'values.A.absent: unknown reason'],
    ['{"values":{"A":{"absent":"toString"}}}', 'values.A.absent: unknown reason'],
    ['{"values":{"A":{"value":1,"quality":"fine"}}}', 'values.A.quality: unknown'],
    ['{"values":{"A":{"value":1,"unit":7}}}', 'values.A.unit: not a unit'],
    ['{"values":{"Jane Doe":1}}', 'values.Jane?Doe: unknown key'],
    ['{"values":[1]}', 'values: not an object'],
    ['{"values":{"A":1},"values":{"A":2}}', 'message: a key twice'],
    ['{"values":{"A":1,"A":2}}', 'message: a key twice'],
    ['{"values":{"A":{"value":1,"value":2}}}', 'message: a key twice'],
    ['[{"values":{"A":1}}]', 'message: not an object'],
    ['"text"', 'message: not an object'],
    ['null', 'message: not an object'],
    ['{}', 'message: neither values, waveforms nor alerts'],
    ['{"seq":1}', 'message: neither values, waveforms nor alerts'],
    ['{"seq":-1,"values":{}}', 'seq: not a count'],
    ['{"seq":1.5,"values":{}}', 'seq: not a count'],
    ['{"seq":9007199254740992,"values":{}}', 'seq: not a count'],
    ['{"seq":"1","values":{}}', 'seq: not a count'],
    ['{"at":"yesterday","values":{}}', 'at: not a time'],
    ['{"at":1795341600,"values":{}}', 'at: not a time'],
    ['{"mode":"live","values":{}}', 'mode: neither demo nor test'],
    ['{"serial":"","values":{}}', 'serial: not a short text'],
    ['{"note":"\\ud800","values":{}}', 'note: not a short text'],
    ['{"operator":7,"values":{}}', 'operator: not a short text'],
    ['{"waveforms":{"A":{"periodMs":0,"samples":[1]}}}', 'waveforms.A.periodMs: not a period'],
    [
      '{"waveforms":{"A":{"periodMs":10,"samples":[]}}}',
      'waveforms.A.samples: not a list of samples',
    ],
    [
      '{"waveforms":{"A":{"periodMs":10,"samples":[1,null]}}}',
      'waveforms.A.samples: not finite numbers',
    ],
    ['{"waveforms":{"A":{"periodMs":10,"samples":[1],"x":1}}}', 'waveforms.A.x: unknown key'],
    [
      '{"values":{"A":1},"waveforms":{"A":{"periodMs":9,"samples":[1]}}}',
      'waveforms.A: also among the values',
    ],
    ['{"alerts":{}}', 'alerts: not a list'],
    [
      '{"alerts":[{"event":"MDC_EVT_ALARM","phase":"begin","priority":"low"}]}',
      'alerts.0.phase: unknown',
    ],
    ['{"alerts":[{"event":"MDC_EVT_ALARM","phase":"start"}]}', 'alerts.0.priority: unknown'],
    [
      '{"alerts":[{"event":"alarm","phase":"start","priority":"low"}]}',
      'alerts.0.event: not an alert event',
    ],
    [
      '{"alerts":[{"event":"MDC_EVT_ALARM","phase":"start","priority":"low","x":1}]}',
      'alerts.0.x: unknown key',
    ],
  ])('refuses %s', (text, detail) => {
    expect(detailOf(text)).toBe(detail);
  });

  it('refuses more values, samples and alerts than its limits', () => {
    const values = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 1]));
    expect(read({ values: values(256) })).toHaveLength(1);
    expect(read({ values: values(257) })).toMatchObject({ detail: 'values: more than 256' });
    const wave = (count: number) => ({ A: { periodMs: 4, samples: Array(count).fill(1) } });
    expect(read({ waveforms: wave(8_192) })).toHaveLength(1);
    expect(read({ waveforms: wave(8_193) })).toMatchObject({ reason: 'malformed' });
    const alert = { event: 'MDC_EVT_ALARM', phase: 'start', priority: 'low' };
    expect(read({ alerts: Array(65).fill(alert) })).toMatchObject({
      detail: 'alerts: more than 64',
    });
  });

  it('answers any depth without running out of stack', () => {
    expect(readText('{"a":'.repeat(10_000))).toMatchObject({ reason: 'too-deep' });
    expect(readText(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)).toMatchObject({
      reason: 'too-deep',
    });
  });

  it('never throws, whatever it is given, and pollutes nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          protocol.readMessage?.(bytes);
          expect(Object.keys(Object.prototype)).toEqual([]);
        },
      ),
    );
  });

  it('reads a payload that is a part of a larger buffer', () => {
    const whole = Buffer.from('xx{"values":{"A":1}}yy');
    expect(protocol.readMessage?.(new Uint8Array(whole.buffer, whole.byteOffset + 2, 18))).toEqual([
      { fields: { A: 1 } },
    ]);
  });
});
