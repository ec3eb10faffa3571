import { describe, expect, it } from 'vitest';
import {
  medibusAlarms1,
  medibusAlarms2,
  medibusFieldNames,
} from '../../../gateway/core/medibus/codes.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import protocol from '../../../gateway/protocols/draeger-medibus.ts';
import { run } from '../../support/protocol-run.ts';

const SOH = 0x01;
const ESC = 0x1b;

function frame(start: number, code: number, data = ''): Buffer {
  const plain = Buffer.concat([Buffer.from([start, code]), Buffer.from(data, 'latin1')]);
  const sum = plain.reduce((total, byte) => (total + byte) & 0xff, 0);
  const digits = sum.toString(16).toUpperCase().padStart(2, '0');
  return Buffer.concat([plain, Buffer.from(`${digits}\r`, 'latin1')]);
}

const response = (code: number, data = '') => frame(SOH, code, data);
const measured = (data: string) => response(0x24, data);
const hex = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString('hex');
const fieldsOf = (...chunks: readonly Uint8Array[]) => run(protocol, chunks).records[0]?.fields;
const alertsOf = (...chunks: readonly Uint8Array[]) =>
  run(protocol, chunks).records.map(({ alerts = [] }) =>
    alerts.map(({ event, phase, priority }) => `${phase} ${priority} ${event}`),
  );

/** Lets the gateway speak once a second; `answer` gives what the device says to it. */
function conversation(seconds: number, answer: (said: string, second: number) => Uint8Array) {
  let { start: state } = protocol;
  const said: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const spoken = protocol.speak?.(state, (1_000_000 + second * 1_000) as Instant);
    const text = hex(spoken?.bytes ?? []);
    said.push(text);
    state = protocol.step(spoken?.state ?? state, answer(text, second)).state;
  }
  return said;
}

const echoed = (said: string) =>
  said === '' ? Buffer.alloc(0) : response(Number.parseInt(said.slice(2, 4), 16));

describe('draeger-medibus', () => {
  it('says every command with the sum of the interface', () => {
    // V: the vectors of the interface's own examples.
    expect(conversation(14, echoed)).toEqual([
      '1b5136430d',
      '1b5236440d',
      '1b2433460d',
      '1b2734320d',
      '1b2433460d',
      '1b2e34390d',
      '1b2433460d',
      '1b2b34360d',
      '1b2433460d',
      '1b2934340d',
      '1b2433460d',
      '1b2a34350d',
      '1b2433460d',
      '1b2834330d',
    ]);
  });

  it('says nothing but what it declares, whatever the device answers', () => {
    const whole = Object.values(protocol.transmits).map(({ source }) => `(?:${source})`);
    const allowed = new RegExp(`^(?:${whole.join('|')})?$`);
    for (const said of conversation(60, (text, second) =>
      second % 17 < 14 ? echoed(text) : Buffer.alloc(0),
    )) {
      expect(said).toMatch(allowed);
    }
    for (let code = 0; code < 0x80; code += 1) {
      expect(hex(run(protocol, [frame(ESC, code)]).reply)).toMatch(allowed);
    }
  });

  it('keeps the line alive while an answer is late, and begins anew when none comes', () => {
    const silent = conversation(16, (said, second) =>
      second < 2 ? echoed(said) : Buffer.alloc(0),
    );
    expect(silent.slice(2)).toEqual([
      '1b2433460d',
      '',
      '1b3034420d',
      '',
      '1b3034420d',
      '',
      '1b3034420d',
      '',
      '1b3034420d',
      '',
      '1b5136430d',
      '',
      '1b5136430d',
      '',
    ]);
  });

  it('goes on after an answer that came late, and after one of a corrupt command', () => {
    const late = conversation(8, (said, second) => {
      if (second === 2) return Buffer.alloc(0);
      return second === 4 ? response(0x24) : echoed(said);
    });
    expect(late.slice(2, 6)).toEqual(['1b2433460d', '', '1b3034420d', '1b2734320d']);
    const corrupt = conversation(4, (said, second) =>
      second === 2 ? response(0x15) : echoed(said),
    );
    expect(corrupt[3]).toBe('1b2734320d');
  });

  it('answers what the device asks with the echo alone', () => {
    expect(hex(run(protocol, [frame(ESC, 0x51)]).reply)).toBe('015135320d');
    expect(hex(run(protocol, [frame(ESC, 0x52)]).reply)).toBe('015235330d');
    expect(hex(run(protocol, [frame(ESC, 0x30)]).reply)).toBe('013033310d');
    expect(hex(run(protocol, [frame(ESC, 0x7a)]).reply)).toBe('');
    const damaged = frame(ESC, 0x51);
    damaged[3] = 0x30;
    expect(run(protocol, [damaged])).toMatchObject({ reply: [], discardedBytes: 5 });
  });

  it('reads measured data of both code pages', () => {
    // The interface's own example of an oximeter: saturation 98 %, pulse rate 70.
    const example = Buffer.from('0124454220393820453120373020', 'hex');
    const own = measured('EB 98 E1 70 ');
    expect(own.subarray(0, -3)).toEqual(example);
    expect(fieldsOf(own)).toEqual({ OxygenSaturation: 98, PulseRateOximeter: 70 });
    expect(fieldsOf(response(0x2b, '21 476'))).toEqual({ 'CP2.ExpiratoryTidalVolumeVTe': 476 });
    expect(fieldsOf(response(0x29, '0B  6.0'))).toEqual({ 'SET.PEEP': 6 });
  });

  it.each([
    ['    ', { absent: 'not-measured' }],
    ['----', { absent: 'invalid' }],
    ['>100', { absent: 'invalid' }],
    ['1 23', { absent: 'invalid' }],
    ['   0', 0],
    ['-  2', -2],
    [' .48', 0.48],
    ['12. ', 12],
    ['1E02', { absent: 'invalid' }],
  ])('reads %j as %j', (text, value) => {
    expect(fieldsOf(measured(`78${text}`))).toEqual({ PEEPBreathingPressure: value });
  });

  it('gives a code that no table has under its number', () => {
    expect(fieldsOf(measured('1F   1'))).toEqual({ 'CP1.1F': 1 });
  });

  it('refuses an answer whose structure is wrong though its sum is right', () => {
    for (const bad of [
      measured('78   '),
      measured('7g   6'),
      measured('7a   6'),
      response(0x27, 'O0EAPNOEA'),
      response(0x27, '00EAPNOEA      '),
      response(0x2a, '539Leak\x03'),
      response(0x28, '9:05'),
    ]) {
      expect(run(protocol, [bad])).toMatchObject({ records: [], discardedBytes: bad.length });
    }
  });

  it('says an alarm when it begins, changes its priority and ends, by code page', () => {
    const volume = '19MV LOW      ';
    expect(
      alertsOf(
        response(0x27, `A${volume}`),
        response(0x2e),
        response(0x27, `A${volume}`),
        response(0x27, `O${volume}`),
        response(0x27),
      ),
    ).toEqual([
      ['start medium MDC_EVT_LO_VAL_LT_LIM'],
      ['continue high MDC_EVT_LO_VAL_LT_LIM'],
      ['end high MDC_EVT_LO_VAL_LT_LIM'],
    ]);
    expect(alertsOf(response(0x27, '122O2 SAT HIGH'.padEnd(15)))).toEqual([
      ['start low MDC_EVT_HI_VAL_GT_LIM'],
    ]);
  });

  it('says what a limit alarm is about by the name of the value', () => {
    const { records } = run(protocol, [
      response(0x27, '119MV LOW      '),
      response(0x2a),
      response(0x27, '10EAPNOEA      '),
    ]);
    expect(records.map(({ alerts }) => alerts?.map(({ field }) => field))).toEqual([
      ['RespiratoryMinuteVolumeFrac'],
      [undefined, 'RespiratoryMinuteVolumeFrac'],
    ]);
    const names = new Set([...medibusAlarms1.values(), ...medibusAlarms2.values()]);
    const fields = [...medibusAlarms1.keys()].flatMap((code) => {
      const digits = code.toString(16).toUpperCase().padStart(2, '0');
      const alarm = run(protocol, [response(0x27, `1${digits}`.padEnd(15))]).records[0];
      return alarm?.alerts?.[0]?.field ?? [];
    });
    expect(names.size).toBeGreaterThan(100);
    expect(fields).toHaveLength(15);
    expect(fields.filter((field) => !medibusFieldNames.includes(field))).toEqual([]);
  });

  it('knows an advisory, a caution and a warning by their priority', () => {
    const priorities = [1, 10, 11, 24, 25, 31].map(
      (level) => alertsOf(response(0x27, `${String.fromCharCode(0x30 + level)}0E            `))[0],
    );
    expect(priorities.map((alerts) => alerts?.[0]?.split(' ')[1])).toEqual([
      'low',
      'low',
      'medium',
      'medium',
      'high',
      'high',
    ]);
  });

  it('takes what is measured in a leak test for no patient’s, until it is over', () => {
    const { records } = run(protocol, [
      measured('78   6'),
      response(0x2a, '539Leak test\x03'),
      measured('78   6'),
      response(0x2a),
      measured('78   6'),
    ]);
    expect(records.map(({ isTest }) => isTest)).toEqual([undefined, true, undefined]);
  });

  it.each([
    ['09:05:0703-OKT-26', '2026-10-03T09:05:07'],
    [' 9: 5: 7 3-MRZ-26', '2026-03-03T09:05:07'],
    ['23:59:5931-DEZ-25', '2025-12-31T23:59:59'],
    ['00:00:0029-FEB-24', '2024-02-29T00:00:00'],
    ['12:00:0001-MAI-26', '2026-05-01T12:00:00'],
    ['12:00:0001-OCT-26', '2026-10-01T12:00:00'],
  ])('reads the clock %j', (data, time) => {
    expect(run(protocol, [response(0x28, data)]).records).toEqual([{ fields: {}, time }]);
  });

  it('gives no time of a day that no calendar has', () => {
    for (const data of ['00:00:0029-FEB-23', '24:00:0001-JAN-26', '00:00:0001-XYZ-26']) {
      expect(run(protocol, [response(0x28, data)])).toMatchObject({
        records: [],
        discardedBytes: 0,
      });
    }
  });

  it('takes realtime data and flow control out of the midst of a frame', () => {
    const whole = measured('78   6');
    const mixed = [...whole].flatMap((byte, index) => [0xd1, 0x80 | index, 0xbf, 0x13, byte]);
    const { records, discardedBytes } = run(protocol, [Uint8Array.from(mixed)]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(0);
  });

  it('counts realtime bytes that belong to no pair', () => {
    const loose = Uint8Array.from([0x81, 0xd1, 0xc1, 0x82, 0x83, 0xe7]);
    expect(run(protocol, [loose]).discardedBytes).toBe(3);
  });

  it('finds the next answer after a lost end, and counts what was before', () => {
    const whole = measured('78   6');
    const { records, discardedBytes } = run(protocol, [
      Buffer.from('noise\r'),
      whole.subarray(0, -1),
      whole,
    ]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(6 + whole.length - 1);
  });

  it('gives up a frame that never ends', () => {
    const endless = Buffer.concat([Buffer.from([SOH, 0x24]), Buffer.alloc(10_000, 0x20)]);
    const { records, discardedBytes } = run(protocol, [endless, measured('78   6')]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });

  it('cannot form a command that configures, sets the clock or carries an argument', () => {
    const whole = Object.values(protocol.transmits).map(({ source }) => `(?:${source})`);
    const allowed = new RegExp(`^(?:${whole.join('|')})+$`);
    expect(hex(frame(ESC, 0x24))).toMatch(allowed);
    for (const forbidden of [
      frame(ESC, 0x4a, '24'),
      frame(ESC, 0x54, '0001'),
      frame(ESC, 0x49, '09:05:0703-OKT-26'),
      frame(ESC, 0x55),
      frame(ESC, 0x24, '78'),
      frame(SOH, 0x52, "0000'wardgate'"),
      Buffer.from([0xd0, 0xc1, 0xc1, 0xc0, 0xc0]),
    ]) {
      expect(hex(forbidden)).not.toMatch(allowed);
    }
  });
});
