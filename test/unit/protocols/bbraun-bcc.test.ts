import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import protocol from '../../../gateway/protocols/bbraun-bcc.ts';
import { cut, run } from '../../support/protocol-run.ts';

const etx = '\x03';
const etb = '\x17';

function frame(text: string, end = etx): Buffer {
  const length = String(Buffer.byteLength(text) + 14).padStart(5, '0');
  const front = Buffer.from(`\x01${length}\x02${text}${end}`);
  const sum = front.reduce((total, byte) => (total + byte) & 0xff, 0);
  return Buffer.concat([front, Buffer.from(`${String(sum).padStart(5, '0')}\x04`)]);
}

function stuff(bytes: Buffer): Buffer {
  const letters: Readonly<Record<string, string>> = { d: 'ex', D: 'EX', e: 'ee', E: 'EE' };
  const text = bytes.toString('latin1').replace(/[deDE]/g, (letter) => letters[letter] ?? '');
  return Buffer.from(text, 'latin1');
}

function answer(...quadruples: readonly string[]): Buffer {
  return frame(`Bed1/1/1>${quadruples.join('\x1e')}`);
}

function isAllowed(bytes: Uint8Array): boolean {
  const hex = Buffer.from(bytes).toString('hex');
  return Object.values(protocol.transmits).some(({ source }) =>
    new RegExp(`^(?:${source})$`).test(hex),
  );
}

/** What the gateway says when it is called each second, from that state on. */
function spoken(start: typeof protocol.start, seconds: number): string[] {
  const said: string[] = [];
  let state = start;
  for (let second = 0; second < seconds; second += 1) {
    const next = protocol.speak?.(state, (1_000_000 + 1_000 * second) as Instant);
    if (!next) throw new Error('does not speak');
    state = next.state;
    expect(next.bytes.length === 0 || isAllowed(next.bytes)).toBe(true);
    if (next.bytes.length > 0) said.push(Buffer.from(next.bytes).toString('latin1'));
  }
  return said;
}

describe('bbraun-bcc', () => {
  it('frames a greeting as the station expects it', () => {
    // V: the worked example of the protocol.
    expect(spoken(protocol.start, 1)).toEqual(['\x0100031\x021/1/1>ADMIN:ALIVE\x0300061\x04']);
  });

  it('reads the rate of each pump by its place', () => {
    const { records, reply, discardedBytes } = run(protocol, [
      answer('214,50111,INRT,0.30', '214,50111,INSOL,x', '214,5012A,INRT,0'),
    ]);
    expect(records).toEqual([
      {
        fields: {
          'INRT@11': { value: '0.30', unit: 'mL/h' },
          'INRT@2A': { value: '0', unit: 'mL/h' },
        },
      },
    ]);
    expect(reply).toEqual([0x06]);
    expect(discardedBytes).toBe(0);
  });

  it.each([
    ['214,50111,INRT,_NV', 'not-measured'],
    ['214,50111,INRT,_NA', 'unsupported'],
    ['214,50111,INRT,', 'unknown'],
    ['214,50111,INRT', 'unknown'],
  ])('takes no rate from %s: %s', (quadruple, absent) => {
    expect(run(protocol, [answer(quadruple)]).records).toEqual([
      { fields: { 'INRT@11': { absent } } },
    ]);
  });

  it('acknowledges each part of an answer, and nothing that is damaged', () => {
    const parts = [
      frame('Bed1/1/1>1,50111,INRT,1', etb),
      frame('Bed1/1/1>1,50112,INRT,2', etb),
      frame('Bed1/1/1>1,50113,INRT,3'),
    ];
    const { records, reply } = run(protocol, parts);
    expect(records).toHaveLength(3);
    expect(reply).toEqual([6, 6, 6]);
    const damaged = Buffer.from(parts[0] ?? '');
    damaged[30] = (damaged[30] ?? 0) ^ 1;
    expect(run(protocol, [damaged])).toMatchObject({
      records: [],
      reply: [],
      discardedBytes: damaged.length,
    });
  });

  it('takes back the stuffing of a station that uses it, and answers alike', () => {
    const bytes = stuff(frame('Bedside/1/1>5,50111,INRT,2.5\x1e5,50111,INDOCAL,1'));
    const { records, discardedBytes, state } = run(protocol, [bytes]);
    expect(records).toEqual([{ fields: { 'INRT@11': { value: '2.5', unit: 'mL/h' } } }]);
    expect(discardedBytes).toBe(0);
    expect(spoken(state as typeof protocol.start, 1)).toEqual([
      stuff(frame('Bedside/1/1>MEM:GET')).toString('latin1'),
    ]);
  });

  it.each([
    ['214,50211,INRT,1'],
    ['214,5014A,INRT,1'],
    ['214,50111,inrt,1'],
    ['x,50111,INRT,1'],
    ['214,50111,INRT,1\x1e'],
    ['hello'],
    [''],
  ])('discards %j, which has no form of an answer', (quadruple) => {
    const bytes = answer(quadruple);
    expect(run(protocol, [bytes])).toMatchObject({
      records: [],
      reply: [],
      discardedBytes: bytes.length,
    });
  });

  it('is not confused by the gateway’s own requests on the same wire', () => {
    const { records, reply, discardedBytes } = run(protocol, [
      frame('1/1/1>ADMIN:ALIVE'),
      frame('Bed1/1/1>MEM:GETSLOT#11'),
      answer('1,50111,INRT,1'),
      Uint8Array.of(6),
    ]);
    expect(records).toHaveLength(1);
    expect(reply).toEqual([6]);
    expect(discardedBytes).toBe(0);
  });

  it('greets in both spellings until it is answered, then asks every 5 s', () => {
    const alive = frame('1/1/1>ADMIN:ALIVE');
    expect(spoken(protocol.start, 16)).toEqual(
      [alive, stuff(alive), alive, stuff(alive)].map((bytes) => bytes.toString('latin1')),
    );
    const { state } = run(protocol, [answer('0,50100,GNACK,1')]);
    const get = frame('Bed1/1/1>MEM:GET').toString('latin1');
    expect(spoken(state as typeof protocol.start, 11)).toEqual([get, get, get]);
    expect(spoken(state as typeof protocol.start, 21).slice(3)[0]).toMatch(/ALIVE/);
  });

  it('lets no station put words into the gateway’s mouth by the name of its bed', () => {
    const { state } = run(protocol, [frame('x>MEM:SET/1/1>0,50100,GNACK,1')]);
    expect(spoken(state as typeof protocol.start, 1)[0]).toMatch(/ADMIN:ALIVE/);
    for (const bed of ['a b', 'B'.repeat(17), 'é', 'a:b']) {
      const named = run(protocol, [frame(`${bed}/1/1>0,50100,GNACK,1`)]);
      expect(spoken(named.state as typeof protocol.start, 1)[0], bed).toMatch(/ADMIN:ALIVE/);
    }
  });

  it('has no form for any other command: nothing can change a pump', () => {
    const verbs = [
      'SET',
      'PUT',
      'START',
      'STOP',
      'GETSLOT#11',
      'RESET',
      'GET;',
      'GET\x1eSET',
      'GE',
    ];
    const commands = verbs.flatMap((verb) => [`MEM:${verb}`, `ADMIN:${verb}`, `PUMP:${verb}`]);
    for (const command of [...commands, 'MEM:GET>MEM:SET', '0,50111,INRT,5']) {
      expect(isAllowed(frame(`1/1/1>${command}`)), command).toBe(false);
      expect(isAllowed(stuff(frame(`1/1/1>${command}`))), command).toBe(false);
    }
    const text = fc.string({
      unit: fc.constantFrom(...'MEM:GETSADINLVPRO#>/1,501x\x1e'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (payload) => {
        fc.pre(payload !== 'MEM:GET' && payload !== 'MEEM:GEET');
        expect(isAllowed(frame(`1/1/1>${payload}`))).toBe(false);
      }),
    );
  });

  it('lets a frame without end go in bounded memory', () => {
    const endless = Buffer.concat([
      answer('1,50111,INRT,1').subarray(0, -8),
      Buffer.alloc(90_000, 65),
    ]);
    const { records, discardedBytes } = run(protocol, [
      ...cut(endless, Array(22).fill(4_000)),
      answer('1,50111,INRT,2'),
    ]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });
});
