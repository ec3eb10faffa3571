import { describe, expect, it } from 'vitest';
import { type DriSubrecord, encodeDriRecord } from '../../../gateway/core/dri/record.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import protocol from '../../../gateway/protocols/ge-dri.ts';
import { run } from '../../support/protocol-run.ts';

const none = -32_767;
const time = Date.UTC(2026, 10, 22, 10, 59, 7) / 1_000;
type Group = readonly [offset: number, status: number, label: number, ...values: number[]];

/** A subrecord of one class, of 278 bytes. Groups that are not given belong to no module. */
function database(classNumber: number, groups: readonly Group[], at = time): DriSubrecord {
  const bytes = Buffer.alloc(278);
  bytes.writeUInt32LE(at, 0);
  for (const [offset, status, label, ...values] of groups) {
    bytes.writeUInt32LE(status, 4 + offset);
    bytes.writeUInt16LE(label, 8 + offset);
    for (const [index, value] of values.entries()) {
      bytes.writeInt16LE(value, 10 + offset + 2 * index);
    }
  }
  bytes.writeUInt8(classNumber, 277);
  return { type: 1, bytes };
}

const record = (mainType: number, ...subrecords: readonly DriSubrecord[]) =>
  encodeDriRecord({ time, mainType, subrecords });
const basic = (...groups: readonly Group[]) => record(0, database(0, groups));
const ecg = (rate: number, status = 0x0b): Group => [0, status, 0, rate, none, none, none, none];
const fieldsOf = (...records: readonly Uint8Array[]) => run(protocol, records).records[0]?.fields;

describe('ge-dri', () => {
  it('sums as the interface does, and takes a request for no data', () => {
    // 49 bytes: displayed values every 10 s; all seven descriptors that are left end the list. V
    const head = `3100${'00'.repeat(12)}0000${'000000'}${'0000ff'.repeat(7)}`;
    const vector = (sum: string) => Buffer.from(`7e${head}010a00000000000000${sum}7e`, 'hex');
    expect(run(protocol, [vector('35')])).toMatchObject({ discardedBytes: 0, records: [] });
    expect(run(protocol, [vector('36')])).toMatchObject({ discardedBytes: 50, records: [] });
    const bytes = Buffer.from([1, 10, 0, 0, 0, 0, 0, 0, 0]);
    const own = Buffer.from(record(0, { type: 0, bytes }));
    expect(own.length).toBe(vector('35').length);
  });

  it('reads figures of every scale', () => {
    expect(
      fieldsOf(
        basic(
          ecg(83),
          [16, 3, 1, 11_850, 6_420, 8_610, 83],
          [118, 3, 0, 9_750, 82, 0, none],
          [178, 3, 0, 14, 2_150, 520, 1_680, 4_905, 4_870, 5_210, 680],
          [200, 3, 0, 5_230, 3_702, none, 1_100],
        ),
      ),
    ).toMatchObject({
      'ECG.HR': 83,
      'ART.SYS': 118.5,
      'ART.DIA': 64.2,
      'ART.MEAN': 86.1,
      'SPO2.SAT': 97.5,
      'FLOW.PPEAK': 21.5,
      'FLOW.TV-INSP': 490.5,
      'FLOW.MV-EXP': 6.8,
      'CO.CO': 5.23,
      'CO.BLOOD-TEMP': 37.02,
      'CO.PCWP': 11,
    });
  });

  it.each([
    [-32_767, 'invalid'],
    [-32_766, 'not-ready'],
    [-32_765, 'invalid'],
    [-32_764, 'below-range'],
    [-32_763, 'above-range'],
    [-32_762, 'calibrating'],
    [-32_001, 'invalid'],
  ])('takes %i for no value: %s', (raw, absent) => {
    expect(fieldsOf(basic(ecg(raw)))).toMatchObject({ 'ECG.HR': { absent } });
  });

  it('takes -32000, the smallest value there is, for a value', () => {
    expect(fieldsOf(basic([86, 3, 11, -32_000]))).toMatchObject({ 'T1.TEMP': -320 });
  });

  it('reads no value where there is no module, even where zeros stand', () => {
    expect(fieldsOf(basic([86, 0, 11, 0], [118, 0, 0, 0, 0, 0, 0]))).toMatchObject({
      'T1.TEMP': { absent: 'not-measured' },
      'SPO2.SAT': { absent: 'not-measured' },
      'ECG-EXTRA.HR': { absent: 'not-measured' },
    });
  });

  it('doubts what an idle module, a noisy ECG or an old cuff measurement shows', () => {
    const doubted = { quality: 'questionable' };
    expect(fieldsOf(basic(ecg(70, 0x09)))).toMatchObject({ 'ECG.HR': doubted });
    expect(fieldsOf(basic(ecg(70, 0x8b)))).toMatchObject({ 'ECG.HR': doubted });
    expect(fieldsOf(basic([72, 3, 0x103, 12_000, 7_000, 8_500, 70]))).toMatchObject({
      'NIBP.SYS': { value: 120, ...doubted },
    });
    expect(fieldsOf(basic([72, 3, 0x003, 12_000, 7_000, 8_500, 70]))).toMatchObject({
      'NIBP.SYS': 120,
    });
  });

  it('calls a heart rate the ECG’s only when the ECG counts it', () => {
    const names = [0, 1, 2, 6, 8, 9, 12].map((source) =>
      Object.keys(fieldsOf(basic(ecg(70, 3 | (source << 3)))) ?? {}).find((name) =>
        /HR/.test(name),
      ),
    );
    expect(names).toEqual([
      'HR.SELECTED',
      'ECG.HR',
      'HR.PRESSURE',
      'HR.PLETH',
      'HR.PRESSURE',
      'ECG.HR',
      'HR.PLETH',
    ]);
  });

  it('names channels by their label, and overwrites none with another', () => {
    const fields = fieldsOf(
      basic([16, 3, 2, none, none, 800, none], [30, 3, 1, 1, 1, 1, 1], [44, 3, 1, 2, 2, 2, 2]),
    );
    expect(fields).toMatchObject({ 'CVP.MEAN': 8, 'ART.PR': 1, 'P3-ART.PR': 2 });
    const late = fieldsOf(
      basic([16, 3, 1, none, none, none, none], [30, 3, 1, 10_000, 5_000, 7_000, 60]),
    );
    expect(late).toMatchObject({ 'ART.SYS': 100, 'ART.PR': 60 });
  });

  it('keeps displayed values and trends apart, and takes the time of each', () => {
    const trend = { ...database(0, [ecg(71)], time - 60), type: 3 };
    const { records } = run(protocol, [record(0, database(0, [ecg(70)]), trend)]);
    expect(records.map((one) => [one.fields['ECG.HR'], one.time])).toEqual([
      [70, '2026-11-22T10:59:07'],
      [71, '2026-11-22T10:58:07'],
    ]);
  });

  it('gives no time when the monitor has none, and never a zone', () => {
    const zero = encodeDriRecord({
      time: 0,
      mainType: 0,
      subrecords: [database(0, [ecg(70)], 0)],
    });
    expect(run(protocol, [zero]).records[0]?.time).toBeUndefined();
    const last = encodeDriRecord({
      time: 0xffff_ffff,
      mainType: 0,
      subrecords: [database(0, [ecg(70)], 0xffff_ffff)],
    });
    expect(run(protocol, [last]).records[0]?.time).toBe('2106-02-07T06:28:15');
  });

  it('finds the next record after damage of any kind and counts the rest', () => {
    const good = basic(ecg(60));
    const flipped = Buffer.from(good);
    flipped[50] = (flipped[50] ?? 0) ^ 0x40;
    // Without one of its zeros the sum is still right.
    const shorter = Buffer.concat([good.subarray(0, 200), good.subarray(201)]);
    const noise = Buffer.from('7e7d007e', 'hex');
    const overlong = Buffer.alloc(20_000, 0x55);
    const { records, discardedBytes } = run(protocol, [
      ...[good.subarray(100), flipped, shorter, noise],
      ...[overlong, good, good],
    ]);
    expect(records).toHaveLength(2);
    const lost = good.length - 100 - 1 + flipped.length - 2 + shorter.length - 2 + 2 + 20_000;
    expect(discardedBytes).toBe(lost);
  });

  it('refuses an escape that no monitor writes, though its sum is right', () => {
    const good = Buffer.from(basic(ecg(60)));
    const at = good.indexOf(60, 40);
    const escaped = Buffer.concat([
      good.subarray(0, at),
      Buffer.from([0x7d, 60 ^ 0x20]),
      good.subarray(at + 1),
    ]);
    expect(run(protocol, [escaped])).toMatchObject({
      records: [],
      discardedBytes: escaped.length - 2,
    });
  });

  it('reads records that share one flag', () => {
    const good = basic(ecg(60));
    expect(run(protocol, [good, good.subarray(1)]).records).toHaveLength(2);
  });

  it('refuses a subrecord that reaches beyond its record', () => {
    const short = record(0, { type: 1, bytes: Buffer.alloc(277) });
    expect(run(protocol, [short])).toMatchObject({ records: [], discardedBytes: short.length - 2 });
    const wave = record(1, { type: 1, bytes: Buffer.from([5, 0, 0, 0, 0, 0, 1, 0]) });
    expect(run(protocol, [wave])).toMatchObject({ records: [], discardedBytes: wave.length - 2 });
  });

  it('gives a wave only where it is whole and the lead is on', () => {
    const wave = (status: number, ...samples: readonly number[]) => {
      const bytes = Buffer.alloc(6 + 2 * samples.length);
      bytes.writeInt16LE(samples.length, 0);
      bytes.writeUInt16LE(status, 2);
      for (const [index, sample] of samples.entries()) bytes.writeInt16LE(sample, 6 + 2 * index);
      return bytes;
    };
    const of = (type: number, bytes: Buffer) => fieldsOf(record(1, { type, bytes }));
    expect(of(1, wave(0, 1, -2, 3))).toEqual({
      'WAVE.ECG1': { samples: [1, -2, 3], periodMs: 1_000 / 300 },
    });
    expect(of(4, wave(0, 9_050))).toEqual({ 'WAVE.P1': { samples: [90.5], periodMs: 10 } });
    expect(of(1, wave(8, 1, 2))).toEqual({ 'WAVE.ECG1': { absent: 'sensor-off' } });
    expect(of(8, wave(0, 1, none))).toEqual({ 'WAVE.PLETH': { absent: 'invalid' } });
    expect(of(29, wave(0, 1))).toEqual({ 'WAVE.29': { absent: 'unsupported' } });
  });

  it('asks at once, asks again in silence, and not while data comes', () => {
    const at = (seconds: number) => (1_000_000 + 1_000 * seconds) as Instant;
    const first = protocol.speak?.(protocol.start, at(0));
    expect(first?.bytes.length).toBeGreaterThan(0);
    let state = first?.state ?? protocol.start;
    const said: number[] = [];
    for (let second = 1; second <= 40; second += 1) {
      if (second <= 20) state = protocol.step(state, basic(ecg(70))).state;
      const spoken = protocol.speak?.(state, at(second));
      state = spoken?.state ?? state;
      const text = Buffer.from(spoken?.bytes ?? []).toString('hex');
      if (/^7e3100/.test(text)) said.push(second);
    }
    // Heard until second 20; three answers later it is asked again.
    expect(said).toEqual([35]);
  });

  it('asks again when its own clock was set back', () => {
    const later = protocol.speak?.(protocol.start, 9_000_000 as Instant);
    const back = protocol.speak?.(later?.state ?? protocol.start, 1_000_000 as Instant);
    expect(back?.bytes).toEqual(later?.bytes);
  });

  it('cannot form a wave stop, a trend or a request of another rate', () => {
    const whole = Object.values(protocol.transmits).map(({ source }) => `(?:${source})`);
    const allowed = new RegExp(`^(?:${whole.join('|')})+$`);
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    expect(hex(protocol.speak?.(protocol.start, 0 as Instant).bytes ?? new Uint8Array())).toMatch(
      allowed,
    );
    const ask = (mainType: number, ...bytes: readonly number[]) =>
      hex(record(mainType, { type: 0, bytes: Buffer.from(bytes) }));
    expect(ask(0, 2, 10, 0, 0x0e, 0, 0, 0, 0, 0)).not.toMatch(allowed);
    expect(ask(1, 1, 0, 0, 0, 0xff, ...new Array(27).fill(0))).not.toMatch(allowed);
    expect(ask(8, 1, 0, 0, 0)).not.toMatch(allowed);
  });
});
