import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/nonin.ts';
import { run, stateBytes } from '../../support/protocol-run.ts';

const sum = (bytes: readonly number[]) => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

interface Packet {
  readonly status?: number;
  readonly heartRate?: number;
  readonly saturation?: number;
  readonly samples?: readonly number[];
}

/** Fourth bytes of DF2 and DF7, each at its frame as the specification counts them. */
function floatOf(frame: number, { heartRate = 72, saturation = 97 }: Packet): number {
  if ([1, 14, 20, 22].includes(frame)) return heartRate >> 7;
  if ([2, 15, 21, 23].includes(frame)) return heartRate & 0x7f;
  return [3, 9, 10, 11, 16, 17].includes(frame) ? saturation : 0;
}

function framesOf(format: 2 | 7, packet: Packet): number[][] {
  return Array.from({ length: 25 }, (_, index) => {
    const status = 0x80 | (packet.status ?? 0) | (index === 0 ? 1 : 0);
    const sample = packet.samples?.[index] ?? index * 9;
    const float = floatOf(index + 1, packet);
    const frame =
      format === 2 ? [1, status, sample, float] : [status, sample >> 8, sample & 0xff, float];
    return [...frame, sum(frame)];
  });
}

const df2 = (packet: Packet = {}) => framesOf(2, packet).flat();
const df7 = (packet: Packet = {}) => framesOf(7, packet).flat();
const df8 = (heartRate: number, saturation: number, first = 0, last = 0) => [
  0x80 | first | (heartRate >> 7),
  heartRate & 0x7f,
  saturation,
  last,
];

function df13(heartRate: number, saturation: number, status = 0x0200): number[] {
  const time = [0x20, 0x26, 0x11, 0x22, 0x10, 0x59, 0x07, 0x00];
  const data = [
    ...time,
    status >> 8,
    status & 0xff,
    heartRate >> 8,
    heartRate & 0xff,
    0,
    saturation,
  ];
  return [0x00, 0x02, 0x00, 0x0d, 0x00, 0x0e, ...data, sum(data), 0x03];
}

const read = (...parts: readonly number[][]) => run(protocol, [Uint8Array.from(parts.flat())]);
const vitals = ({ records }: ReturnType<typeof read>) =>
  records.map(({ fields }) => [fields['HR'], fields['SPO2']]);

describe('nonin', () => {
  it('reads heart rates of every width in every format', () => {
    for (const rate of [18, 127, 128, 255, 256, 321]) {
      expect(vitals(read(df2({ heartRate: rate })))).toEqual([[rate, 97]]);
      expect(vitals(read(df7({ heartRate: rate })))).toEqual([[rate, 97]]);
      expect(vitals(read(df13(rate, 97)))).toEqual([[rate, 97]]);
      const [first] = vitals(read(df8(rate, 97), df8(rate, 97), df8(rate, 97)));
      expect(first).toEqual([rate, 97]);
    }
  });

  it('gives the pleth of DF2 in 8 and of DF7 in 16 bits', () => {
    const samples = Array.from({ length: 25 }, (_, index) => index * 10);
    expect(read(df2({ samples })).records[0]?.fields['PLETH']).toEqual({
      samples,
      periodMs: 1_000 / 75,
    });
    const wide = samples.map((sample) => sample * 270);
    expect(read(df7({ samples: wide })).records[0]?.fields['PLETH']).toMatchObject({
      samples: wide,
    });
  });

  it.each([
    [0x00, 'not-measured'],
    [0x20, 'poor-signal'],
    [0x10, 'poor-signal'],
    [0x08, 'sensor-off'],
    [0x18, 'sensor-off'],
    [0x48, 'no-sensor'],
  ])('says why nothing was measured: status %i is %s', (status, absent) => {
    const { records } = read(df2({ status, heartRate: 511, saturation: 127 }));
    expect(records[0]?.fields).toMatchObject({
      HR: { absent },
      SPO2: { absent },
      'E-HR': { absent },
      'HR-D': { absent },
    });
  });

  it('publishes no display value that is held while the sensor is off', () => {
    const { records } = read(df2({ status: 0x08 }));
    expect(records[0]?.fields).toMatchObject({
      HR: { value: 72, quality: 'questionable' },
      'HR-D': { absent: 'sensor-off' },
      'SPO2-D': { absent: 'sensor-off' },
      'E-SPO2-D': { absent: 'sensor-off' },
      'E-HR-D': { absent: 'sensor-off' },
      PLETH: { absent: 'sensor-off' },
    });
  });

  it('doubts a value with an artifact, out of track or with red perfusion, not with yellow', () => {
    for (const status of [0x20, 0x10, 0x04]) {
      expect(vitals(read(df2({ status })))[0]?.[0]).toEqual({ value: 72, quality: 'questionable' });
    }
    expect(vitals(read(df2({ status: 0x06 })))[0]?.[0]).toBe(72);
  });

  it('counts what was before the first whole packet and the packet that is damaged', () => {
    const damaged = df2();
    damaged[62] = (damaged[62] ?? 0) ^ 1;
    const { records, discardedBytes } = read(df2().slice(60), damaged, df2(), df2());
    expect(records).toHaveLength(2);
    expect(discardedBytes).toBe(65 + 125);
  });

  it('takes ACK and NAK between frames for no damage', () => {
    const frames = framesOf(2, {}).flatMap((frame, index) =>
      index === 9 ? [0x06, ...frame] : frame,
    );
    const seven = framesOf(7, {}).flatMap((frame, index) =>
      index === 4 ? [0x15, ...frame] : frame,
    );
    expect(read([0x06], frames, [0x15, 0x06], df2())).toMatchObject({ discardedBytes: 0 });
    expect(read([0x06], frames, [0x15, 0x06], df2()).records).toHaveLength(2);
    expect(read(seven)).toMatchObject({ discardedBytes: 0 });
    expect(read(df13(70, 98), [0x06], df13(71, 98)).records).toHaveLength(2);
  });

  it('holds a bounded part of a packet between whose frames ACKs never end', () => {
    const { state, discardedBytes } = read(df2().slice(0, 5), Array(10_000).fill(0x06));
    expect(stateBytes(state)).toBeLessThanOrEqual(protocol.stateBytesMax);
    expect(discardedBytes).toBeGreaterThan(9_000);
  });

  it('asks DF8 for three frames in a row before the first one counts', () => {
    expect(read(df8(72, 97), df8(72, 97)).records).toEqual([]);
    expect(vitals(read(df8(72, 97), df8(73, 96), df8(74, 95), df8(75, 94)))).toEqual([
      [72, 97],
      [73, 96],
      [74, 95],
      [75, 94],
    ]);
    const { records, discardedBytes } = read(
      df8(72, 97),
      df8(72, 97),
      df8(72, 97),
      [0x80, 72],
      df8(80, 90),
      df8(81, 91),
    );
    expect(records).toHaveLength(3);
    expect(discardedBytes).toBe(2);
  });

  it.each([
    ['a rate nobody has', df8(400, 97)],
    ['a saturation above 100', df8(72, 110)],
    ['a reserved bit', df8(72, 97, 0, 0x40)],
    ['a value without a sensor', df8(72, 97, 0x40)],
    ['bit 7 in the second byte', [0x80, 0x88, 97, 0]],
    ['bit 7 in the last byte', [0x80, 72, 97, 0x80]],
  ])('takes no DF8 frame with %s', (_, frame) => {
    const { records } = read(frame, frame, frame, frame);
    expect(records).toEqual([]);
    expect(read(df8(72, 97), df8(72, 97), df8(72, 97), frame).records).toHaveLength(3);
  });

  it('follows a device that is told to speak another format', () => {
    const { records, discardedBytes } = read(
      df2({ heartRate: 60 }),
      df8(61, 97),
      df8(62, 97),
      df8(63, 97),
      df13(64, 97),
      df7({ heartRate: 65 }),
      df2({ heartRate: 66 }),
    );
    expect(records.map(({ fields }) => fields['HR'])).toEqual([60, 61, 62, 63, 64, 65, 66]);
    expect(discardedBytes).toBe(0);
  });

  it('never takes one format for another, wherever the line is joined', () => {
    for (const stream of [
      [...df2(), ...df2()],
      [...df7(), ...df7()],
    ]) {
      for (let start = 0; start < 125; start += 1) {
        const { records } = read(stream.slice(start));
        expect(records.length).toBe(start === 0 ? 2 : 1);
        expect(records.at(-1)?.fields).toHaveProperty('PLETH');
      }
    }
  });

  it('reads the time of a spot check, and none when the clock was lost', () => {
    expect(read(df13(70, 98)).records[0]?.time).toBe('2026-11-22T10:59:07');
    const lost = df13(70, 98);
    lost[9] = 0x1a;
    lost[20] = sum(lost.slice(6, 20));
    expect(read(lost).records[0]).toMatchObject({ fields: { HR: 70 } });
    expect(read(lost).records[0]?.time).toBeUndefined();
  });

  it('doubts what a spot check holds when it says it has no measurement', () => {
    expect(vitals(read(df13(70, 98, 0x0100)))[0]?.[0]).toEqual({
      value: 70,
      quality: 'questionable',
    });
    expect(vitals(read(df13(511, 127, 0x0100)))).toEqual([
      [{ absent: 'not-measured' }, { absent: 'not-measured' }],
    ]);
  });

  it('says once that the battery is low and once that it is not', () => {
    const { records } = read(...[0, 1, 1, 0, 0].map((low) => df13(70, 98, 0x0200 | low)));
    expect(records.map(({ alerts }) => alerts?.[0]?.phase)).toEqual([
      undefined,
      'start',
      undefined,
      'end',
      undefined,
    ]);
  });
});
