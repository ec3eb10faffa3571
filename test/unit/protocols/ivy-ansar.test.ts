import { describe, expect, it } from 'vitest';
import type { FieldValue } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/ivy-ansar.ts';
import { cut, run } from '../../support/protocol-run.ts';

const quiet = ['HR=1;72;ECG-II;', 'RR=1;15;;', 'SPO2=1;97;PR=73 ;', 'P1=3;120;70;87;;'];
const samples = Array.from({ length: 400 }, (_, index) => index % 250);

function frame(lines: readonly string[] = quiet, wave: readonly number[] = samples) {
  return Buffer.concat([
    Buffer.from('\xffANSAR-B ', 'latin1'),
    Uint8Array.from(wave),
    Buffer.from(lines.map((line) => `${line}\r`).join(''), 'latin1'),
    Uint8Array.of(0xfe),
  ]);
}

function fieldsOf(...lines: readonly string[]): Readonly<Record<string, FieldValue>> {
  return run(protocol, [frame(lines)]).records[0]?.fields ?? {};
}

describe('ivy-ansar', () => {
  it('reads every channel by its name', () => {
    expect(fieldsOf(...quiet)).toMatchObject({
      HR: 72,
      RR: 15,
      SPO2: 97,
      PR: 73,
      'P1-SYS': 120,
      'P1-DIA': 70,
      'P1-MEAN': 87,
    });
  });

  it('cuts the waves where they begin: one second each, at 200 and 50 samples', () => {
    const fields = fieldsOf(...quiet);
    expect(fields['ECG']).toEqual({ samples: samples.slice(0, 200), periodMs: 5 });
    expect(fields['RESP']).toEqual({ samples: samples.slice(200, 250), periodMs: 20 });
    expect(fields['PLETH']).toEqual({ samples: samples.slice(250, 300), periodMs: 20 });
    expect(fields['P1-WAVE']).toEqual({ samples: samples.slice(300, 350), periodMs: 20 });
    expect(fields['P2-WAVE']).toEqual({ samples: samples.slice(350), periodMs: 20 });
  });

  it('takes any byte for a sample, also those that begin and end a frame', () => {
    const wave = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 0xff : 0xfe));
    const { records, discardedBytes } = run(protocol, [frame(quiet, wave), frame()]);
    expect(records).toHaveLength(2);
    expect(discardedBytes).toBe(0);
  });

  it.each([
    ['', 'not-measured'],
    ['NO TRANSDUCER', 'no-sensor'],
    ['NO SENSOR', 'no-sensor'],
    ['SENSOR OFF', 'sensor-off'],
    ['LEADS OFF', 'sensor-off'],
    ['SEARCHING', 'not-ready'],
    ['ZEROING', 'calibrating'],
    ['APNEA: 20 SEC', 'not-measured'],
  ])('says why there is no value: %j is %s', (label, absent) => {
    expect(fieldsOf(`RR=1;;${label};`)['RR']).toEqual({ absent });
    expect(fieldsOf(`RR=1;---;;${label}`)['RR']).toEqual({ absent });
  });

  it('says of the pulse what it says of the saturation', () => {
    expect(fieldsOf('SPO2=1;;SENSOR OFF;')).toMatchObject({
      SPO2: { absent: 'sensor-off' },
      PR: { absent: 'sensor-off' },
      PLETH: { absent: 'sensor-off' },
    });
    expect(fieldsOf('SPO2=1;98;PR=   ;')).toMatchObject({
      SPO2: 98,
      PR: { absent: 'not-measured' },
    });
  });

  it('never calls a rate the heart’s that was not counted on the ECG', () => {
    expect(fieldsOf('HR=1;72;PLETH;')).toMatchObject({ 'HR-OTHER': 72 });
    expect(fieldsOf('HR=1;72;PLETH;')).not.toHaveProperty('HR');
    for (const label of ['ECG-I-MON', 'ECG-III', '']) {
      expect(fieldsOf(`HR=1;72;${label};`)['HR'], label).toBe(72);
    }
  });

  it('tells the start, the going on and the end of an alarm', () => {
    const alarming = frame(['HR=1;180;ECG-II;HIGH RATE', 'RR=1;15;;']);
    const { records } = run(protocol, [frame(), alarming, alarming, frame(), frame()]);
    expect(records.map(({ alerts }) => alerts?.map(({ field, phase }) => [field, phase]))).toEqual([
      undefined,
      [['HR', 'start']],
      [['HR', 'continue']],
      [['HR', 'end']],
      undefined,
    ]);
  });

  it('hands on what newer firmware adds, for the profile to refuse', () => {
    expect(fieldsOf('HR=1;72;ECG-II;', 'NEW=1;5;;')).toMatchObject({ HR: 72, NEW: '5;;' });
  });

  it.each([
    [['HR=1;7x;ECG-II;']],
    [['HR=1;7 2;ECG-II;']],
    [['HR=1;72;ECG-II;;']],
    [['HR=1;72;ECG-II']],
    [['HR=1;1234;ECG-II;']],
    [['HR=;72;ECG-II;']],
    [['R=1;72;ECG-II;']],
    [['HR=1;72;ECG-II;', 'HR=1;73;ECG-II;']],
    [['HR=1;72;ECG-II;', '']],
    [['HR=1;72;ECG-II;', 'T1=1;111;73;88;;']],
    [['HR=1;72;ECG-II;\x01']],
    [[]],
  ])('discards a frame of %j and reads the next one', (lines) => {
    const damaged = frame(lines);
    const { records, discardedBytes } = run(protocol, [damaged, frame()]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(damaged.length);
  });

  it('discards a frame that lost a sample, and finds the next one', () => {
    for (const lost of [9, 100, 408]) {
      const whole = frame();
      const damaged = Buffer.concat([whole.subarray(0, lost), whole.subarray(lost + 1)]);
      const { records, discardedBytes } = run(protocol, [damaged, frame()]);
      expect(records, `${lost}`).toHaveLength(1);
      expect(discardedBytes).toBe(damaged.length);
    }
  });

  it('lets a text without end go in bounded memory', () => {
    const endless = Buffer.concat([frame().subarray(0, -1), Buffer.alloc(100_000, 0x41)]);
    const { records, discardedBytes } = run(protocol, [
      ...cut(endless, Array(50).fill(2_000)),
      frame(),
    ]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });
});
