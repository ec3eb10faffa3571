import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../gateway/core/intellivue/bytes.ts';
import { frameCheck, toMibFrame } from '../../../gateway/core/intellivue/mib-frame.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Protocol } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/philips-intellivue.ts';
import { run, stateBytes } from '../../support/protocol-run.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const hexOf = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString('hex');

const list = (...entries: readonly Uint8Array[]) => {
  const content = Buffer.concat(entries);
  return Buffer.concat([bytesOf([entries.length, 2], [content.length, 2]), content]);
};
const attribute = (id: number, value: Uint8Array) =>
  Buffer.concat([bytesOf([id, 2], [value.length, 2]), value]);
const object = (handle: number, ...attributes: readonly Uint8Array[]) =>
  Buffer.concat([bytesOf([handle, 2]), list(...attributes)]);

interface Polled {
  readonly ticks?: number;
  readonly sequence?: number;
}

/** An extended poll result, as payload. */
function result(objects: readonly Uint8Array[], { ticks = 0, sequence = 1 }: Polled = {}) {
  const reply = Buffer.concat([
    bytesOf([1, 2], [sequence, 2], [ticks, 4]),
    new Uint8Array(8).fill(0xff),
    hex('0001 0006 0000'),
    list(Buffer.concat([hex('0000'), list(...objects)])),
  ]);
  const action = Buffer.concat([hex('0021 0000 0000 f13b'), bytesOf([reply.length, 2]), reply]);
  const command = Buffer.concat([hex('0001 0007'), bytesOf([action.length, 2]), action]);
  return Buffer.concat([hex('e1000002 0002'), bytesOf([command.length, 2]), command]);
}

const numeric = (state: number, float: number, code = 0x4182, unit = 0x0aa0) =>
  attribute(0x0950, bytesOf([code, 2], [state, 2], [unit, 2], [float, 4]));
const heartRate = (state: number, float: number, polled?: Polled) =>
  result([object(0x82cf, numeric(state, float))], polled);

/** The monitor introduces itself: `time` in binary coded decimals at `ticks`. */
function introduction(time: string, ticks: number, mode = 0x4000) {
  const attributes = list(
    attribute(0x0984, hex('0006 0009fb123456')),
    attribute(0x0946, bytesOf([mode, 2])),
    attribute(0x0987, hex(time)),
    attribute(0x098f, bytesOf([ticks, 4])),
  );
  const body = Buffer.concat([hex('0021 0000 0000'), attributes]);
  const event = Buffer.concat([
    hex('0021 0000 0000'),
    bytesOf([ticks, 4], [0x0d06, 2], [body.length, 2]),
    body,
  ]);
  const command = Buffer.concat([hex('0001 0001'), bytesOf([event.length, 2]), event]);
  return Buffer.concat([hex('e1000002 0001'), bytesOf([command.length, 2]), command]);
}

const accepted = hex('0e0c f0010008 8e000000 00000000');
const acceptedPlain = hex('0e04 00000000');
const aborted = hex('1902 0000');

const read = (...payloads: readonly Uint8Array[]) =>
  run(protocol as Protocol, payloads.map(toMibFrame));
const fieldsOf = (...payloads: readonly Uint8Array[]) =>
  read(...payloads).records.map(({ fields }) => fields);

describe('the frame', () => {
  it.each([
    ['3a71', '9b26'],
    ['3a91', '95c1'],
  ])('over %s is the check %s of the programming guide', (content, check) => {
    const value = frameCheck(hex(content));
    expect(hexOf([value & 0xff, value >> 8])).toBe(check);
  });

  it('escapes what would start or end it, also in the check', () => {
    expect(hexOf(toMibFrame(hex('3a91')))).toBe('c0110100023a913a7de1c1');
  });

  it('is read whole: the shortest one there is, an answer to a get', () => {
    const frame = hex(`c011010020e1000002000200180000000300120021000000000001
      0008f23a0004000000007bd2c1`);
    expect(run(protocol as Protocol, [frame])).toMatchObject({ records: [], discardedBytes: 0 });
  });

  it('comes back from any payload, however it is escaped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (ticks) => {
        const { records, discardedBytes } = read(heartRate(0, 60, { ticks }));
        expect(records).toHaveLength(1);
        expect(discardedBytes).toBe(0);
      }),
    );
  });

  it('longer than any the monitor sends is dropped, and the next one is read', () => {
    const endless = Buffer.concat([hex('c01101'), Buffer.alloc(20_000, 0x55)]);
    const { records, discardedBytes, state } = run(protocol as Protocol, [
      endless,
      toMibFrame(heartRate(0, 60)),
    ]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
    expect(stateBytes(state)).toBeLessThan(protocol.stateBytesMax);
  });

  it('with a right check over a message that contradicts itself is no record', () => {
    const payload = heartRate(0, 60);
    for (let offset = 4; offset < payload.length; offset += 1) {
      const wrong = Buffer.from(payload);
      wrong[offset] = (wrong[offset] ?? 0) + 1;
      const { records, discardedBytes } = read(wrong);
      for (const { fields } of records) {
        // What is not a length is a value: another code, state, unit, figure, or time.
        expect(discardedBytes).toBe(0);
        expect(Object.keys(fields).length).toBeLessThanOrEqual(1);
      }
    }
    expect(read(payload.subarray(0, -1)).discardedBytes).toBeGreaterThan(0);
  });
});

describe('a numeric', () => {
  it.each([
    [0x8000, 'invalid'],
    [0x8001, 'invalid'],
    [0x2000, 'not-measured'],
    [0xa000, 'not-measured'],
    [0x1000, 'calibrating'],
    [0x9000, 'calibrating'],
  ])('in state %i is absent, whatever its figure: %s', (state, absent) => {
    for (const float of [0, 60, 0x7fffff]) {
      expect(fieldsOf(heartRate(state, float))).toEqual([{ ECG_CARD_BEAT_RATE: { absent } }]);
    }
  });

  it('whose measurement is ongoing and that has no number yet is not ready', () => {
    expect(fieldsOf(heartRate(0x0020, 0x7fffff))).toEqual([
      { ECG_CARD_BEAT_RATE: { absent: 'not-ready' } },
    ]);
  });

  it('that is questionable keeps its value with the doubt', () => {
    expect(fieldsOf(heartRate(0x4000, 60))).toEqual([
      { ECG_CARD_BEAT_RATE: { value: 60, unit: '/min', quality: 'questionable' } },
    ]);
  });

  it.each([0x0002, 0x0001, 0x0080, 0x00e3])('in state %i is a value like any other', (state) => {
    expect(fieldsOf(heartRate(state, 60))).toEqual([
      { ECG_CARD_BEAT_RATE: { value: 60, unit: '/min', quality: 'good' } },
    ]);
  });

  it.each([
    [0x007fffff, 'not-a-number'],
    [0x00800000, 'invalid'],
    [0x00800001, 'invalid'],
    [0x007ffffe, 'above-range'],
    [0x00800002, 'below-range'],
    [0xfd7fffff, 'not-a-number'],
  ])('of float %i is absent: %s', (float, absent) => {
    expect(fieldsOf(heartRate(0, float))).toEqual([{ ECG_CARD_BEAT_RATE: { absent } }]);
  });

  it.each([
    [0xfd007d00, 32],
    [0xff000140, 32],
    [0x01000140, 3200],
    [0xff000171, 36.9],
    [0xfffffff7, -0.9],
    [0, 0],
  ])('of float %i is %d, to the digit', (float, value) => {
    expect(fieldsOf(heartRate(0, float))).toMatchObject([{ ECG_CARD_BEAT_RATE: { value } }]);
  });

  it('in a unit the table does not know says so, and is named by its code where that is unknown', () => {
    expect(fieldsOf(result([object(1, numeric(0, 7, 0x5abc, 0x1234))]))).toEqual([
      { '0x5ABC': { value: 7, unit: 'unit-4660', quality: 'good' } },
    ]);
  });

  it('that two objects send stands in two records, so that neither is lost', () => {
    const both = [object(1, numeric(0, 60)), object(2, numeric(0, 62))];
    expect(fieldsOf(result(both))).toMatchObject([
      { ECG_CARD_BEAT_RATE: { value: 60 } },
      { ECG_CARD_BEAT_RATE: { value: 62 } },
    ]);
  });

  it.each([0x0800, 0x0400])('of state %i is test data, the one beside it is not', (state) => {
    const both = [object(1, numeric(state, 97, 0x4bb8, 0x220)), object(2, numeric(0, 62))];
    expect(read(result(both)).records).toMatchObject([
      { fields: { PULS_OXIM_SAT_O2: {} }, isTest: true },
      { fields: { ECG_CARD_BEAT_RATE: {} }, isTest: undefined },
    ]);
  });
});

describe('a monitor', () => {
  it('that demonstrates says nothing about a patient', () => {
    for (const mode of [0x2000, 0x1000]) {
      const { records } = read(introduction('2026112210000000', 0, mode), heartRate(0, 60));
      expect(records).toMatchObject([{ isTest: true }]);
    }
    const { records } = read(introduction('2026112210000000', 0), heartRate(0, 60));
    expect(records).toMatchObject([{ isTest: undefined, serialNumber: '0009fb123456' }]);
  });

  it('is understood without its introduction, only without a time', () => {
    expect(read(heartRate(0, 60)).records).toMatchObject([
      { fields: { ECG_CARD_BEAT_RATE: { value: 60 } }, time: undefined, serialNumber: undefined },
    ]);
  });

  it('whose counter starts again goes on in time; a late result goes back a little', () => {
    const times = read(
      introduction('2026112223595900', 0xffff_fff8),
      ...[0xffff_fff8, 8_000 - 8, 4_000 - 8, 0x8000_0000 - 16, 0xffff_ffe0].map((ticks) =>
        heartRate(0, 60, { ticks }),
      ),
    ).records.map(({ time }) => time);
    expect(times).toEqual([
      '2026-11-22T23:59:59.000',
      '2026-11-23T00:00:00.000',
      '2026-11-22T23:59:59.500',
      '2026-11-26T02:33:54.455',
      '2026-11-29T05:07:49.909',
    ]);
  });

  it('whose wall clock is not set has no time', () => {
    const unset = introduction('ffffffffffffffff', 0);
    const impossible = introduction('2026133110000000', 0);
    for (const said of [unset, impossible]) {
      expect(read(said, heartRate(0, 60)).records[0]?.time).toBeUndefined();
    }
  });
});

describe('a cuff pressure', () => {
  const taken = (time: string, float: number, state = 0) =>
    result([
      object(
        0x8272,
        attribute(0x094b, list(bytesOf([0x4a05, 2], [state, 2], [0x0f20, 2], [float, 4]))),
        attribute(0x0990, hex(time)),
      ),
    ]);

  it('is said once, with the time it was taken, however often it is polled', () => {
    const first = taken('2026112209581000', 122);
    const { records } = read(first, first, taken('2026112210030000', 122), first);
    expect(records.map(({ time }) => time)).toEqual([
      '2026-11-22T09:58:10',
      '2026-11-22T10:03:00',
      '2026-11-22T09:58:10',
    ]);
  });

  it('that is no longer valid is said to be absent', () => {
    const { records } = read(
      taken('2026112209581000', 122),
      taken('2026112209581000', 0x7fffff, 0x8000),
    );
    expect(records[1]?.fields).toEqual({ PRESS_BLD_NONINV_SYS: { absent: 'invalid' } });
  });
});

describe('a wave', () => {
  const block = attribute(0x096e, hex('4a14 0000 0004 0000 00ff'));
  const sampling = attribute(0x096d, hex('0002 10 08 0000'));
  const period = attribute(0x098d, hex('00000040'));
  const scale = (to: string) => attribute(0x096f, hex(`00000000 ${to} 0000 00ff`));
  const unit = attribute(0x0996, hex('0f20'));
  const wave = (...attributes: readonly Uint8Array[]) => result([object(7, ...attributes)]);
  const specified = wave(sampling, period, scale('000000ff'), unit, block);
  const samples = [{ samples: [0, 255], periodMs: 8, unit: 'mm[Hg]' }];
  const absent = { absent: 'unknown' };

  it('is scaled as the monitor said last, whatever part of it was said anew', () => {
    const fields = fieldsOf(specified, wave(block), wave(scale('000001fe'), block), wave(block));
    expect(fields.map((each) => each['PRESS_BLD_ART_ABP'])).toEqual([
      ...samples,
      ...samples,
      { samples: [0, 510], periodMs: 8, unit: 'mm[Hg]' },
      { samples: [0, 510], periodMs: 8, unit: 'mm[Hg]' },
    ]);
  });

  it.each([
    ['anything', []],
    ['the period', [sampling, scale('000000ff'), unit]],
    ['the scale', [sampling, period, unit]],
    ['the sampling', [period, scale('000000ff'), unit]],
    ['a period that passes', [sampling, attribute(0x098d, hex('00000000')), scale('000000ff')]],
    ['a scale with a length', [sampling, period, scale('00000000')]],
  ])('is absent without %s', (_, attributes) => {
    expect(fieldsOf(wave(...attributes, block))).toEqual([{ PRESS_BLD_ART_ABP: absent }]);
  });

  it('is absent again after a new association: its handle may be another wave now', () => {
    const fields = fieldsOf(specified, accepted, wave(block));
    expect(fields[1]).toEqual({ PRESS_BLD_ART_ABP: absent });
  });
});

it('remembers no more than it declares of a monitor with endless waves, alarms and cuffs', () => {
  const alarm = (code: number) =>
    bytesOf(
      [0x4a05, 2],
      [code, 2],
      [0x0200, 2],
      [0, 2],
      [6, 2],
      [9, 2],
      [9, 2],
      [0x0201, 2],
      [0, 2],
    );
  let { start: state } = protocol;
  for (let index = 0; index < 200; index += 1) {
    const objects = [
      object(
        60_000 + index,
        attribute(0x096d, hex('0002 10 10 0000')),
        attribute(0x098d, hex('ffffffff')),
        attribute(0x096f, hex('81800003 7f7ffffd fffe ffff')),
        attribute(0x0996, hex('ffff')),
        numeric(0, 60),
        attribute(0x0990, hex('2026112209581000')),
      ),
      object(
        1,
        attribute(0x0902, list(...Array.from({ length: index }, (_, code) => alarm(2 * code)))),
      ),
    ];
    const step = protocol.step(state, toMibFrame(result(objects)));
    if (index < 190) expect(step.discardedBytes).toBe(0);
    state = step.state;
    expect(stateBytes(state)).toBeLessThanOrEqual(protocol.stateBytesMax);
  }
});

describe('the gateway', () => {
  const start = Date.UTC(2026, 10, 22) as Instant;

  /** Speaks once a second and gives what was said, by name, with the second. */
  function spoken(seconds: number, heard: (second: number) => readonly Uint8Array[]) {
    const said: [number, string][] = [];
    let state = protocol.start;
    for (let second = 0; second < seconds; second += 1) {
      for (const payload of heard(second)) {
        state = protocol.step(state, toMibFrame(payload)).state;
      }
      const turn = protocol.speak?.(state, (start + 1_000 * second) as Instant);
      if (!turn) continue;
      state = turn.state;
      const text = hexOf(turn.bytes);
      const [name] =
        Object.entries(protocol.transmits).find(([, pattern]) =>
          new RegExp(`^(?:${pattern.source})$`).test(text),
        ) ?? [];
      if (text !== '') said.push([second, name ?? text]);
    }
    return said;
  }

  it('asks a silent monitor for an association every five seconds, and for nothing else', () => {
    expect(spoken(12, () => [])).toEqual([
      [0, 'association-request'],
      [5, 'association-request'],
      [10, 'association-request'],
    ]);
  });

  it('polls an associated monitor, keeps the association and renews the polls in time', () => {
    const said = spoken(45, (second) =>
      second === 1
        ? [accepted, introduction('2026112210000000', 0)]
        : [heartRate(0, 60)].slice(second === 0 ? 1 : 0),
    );
    expect(said.slice(0, 4)).toEqual([
      [0, 'association-request'],
      [1, 'poll-numerics'],
      [2, 'poll-alarms'],
      [3, 'poll-waves'],
    ]);
    expect(said.filter(([, name]) => name === 'poll-alarms').map(([second]) => second)).toEqual([
      2, 22, 42,
    ]);
    const gaps = said.slice(1).map(([second], index) => second - (said[index]?.[0] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(4);
    expect(said.map(([, name]) => name)).toContain('keep-alive');
  });

  it('asks each time where extended polls were not granted, and for no waves', () => {
    const said = spoken(8, (second) =>
      second === 1 ? [acceptedPlain, introduction('2026112210000000', 0)] : [],
    );
    expect(said.slice(1).map(([, name]) => name)).toEqual([
      'poll-numerics-once',
      'poll-alarms-once',
      'poll-numerics-once',
      'poll-alarms-once',
      'poll-numerics-once',
      'poll-alarms-once',
      'poll-numerics-once',
    ]);
  });

  it('gives up an association that fell silent and asks anew', () => {
    const said = spoken(30, (second) =>
      second === 0 ? [accepted, introduction('2026112210000000', 0)] : [],
    );
    const after = said.slice(said.findIndex(([, name]) => name === 'association-abort'));
    expect(after.slice(0, 2)).toEqual([
      [15, 'association-abort'],
      [20, 'association-request'],
    ]);
  });

  it('asks anew when the monitor ends the association', () => {
    const said = spoken(12, (second) =>
      second === 0
        ? [accepted, introduction('2026112210000000', 0)]
        : second === 2
          ? [aborted]
          : [],
    );
    expect(said.map(([, name]) => name)).toEqual([
      'poll-numerics',
      'poll-alarms',
      'association-request',
      'association-request',
    ]);
  });

  it('confirms the introduction with its invoke id and time, also where they are escaped', () => {
    const { reply } = read(introduction('2026112210000000', 0xc0c17d00));
    const expected = hex('e1000002 00020014 0001 0001 000e 0021 0000 0000 c0c17d00 0d06 0000');
    expect(hexOf(reply)).toBe(hexOf(toMibFrame(expected)));
    const pattern = protocol.transmits['mds-create-result'];
    expect(new RegExp(`^(?:${pattern?.source})$`).test(hexOf(reply))).toBe(true);
  });

  it('has no utterance that sets anything: neither CMISE set (4, 5) nor create, delete', () => {
    for (const [name, { source }] of Object.entries(protocol.transmits)) {
      if (name.startsWith('association')) continue;
      // Behind header, session and operation: the invoke id and the command.
      const command = source
        .replace(/\(\?:.*?\)\{2\}/, '0000')
        .slice(2 + 8 + 16 + 4)
        .slice(0, 4);
      expect([name, command]).toEqual([name, name === 'mds-create-result' ? '0001' : '0007']);
    }
  });
});
