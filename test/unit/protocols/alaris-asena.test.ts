import { describe, expect, it } from 'vitest';
import { crc16 } from '../../../gateway/core/crc16.ts';
import protocol from '../../../gateway/protocols/alaris-asena.ts';
import { cut, run } from '../../support/protocol-run.ts';

function frame(content: string): Buffer {
  const crc = crc16(Buffer.from(content), 0xffff).toString(16).toUpperCase().padStart(4, '0');
  return Buffer.from(`!${content}|${crc}\r`, 'latin1');
}

function infusion(alarm = '-', rate = '0.30^ml/h', volume = '12.345^ml'): Buffer {
  return frame(`INF^8002-51740^${alarm}^SET^${rate}^^${volume}^17.91^mmHg^24+^EVENT^127904`);
}

describe('alaris-asena', () => {
  it('reads rate, volume and serial number, each figure in the unit the pump names', () => {
    expect(run(protocol, [infusion()]).records).toEqual([
      {
        fields: {
          RATE: { value: '0.30', unit: 'mL/h' },
          VI: { value: '12.345', unit: 'mL' },
          PRESSURE: { value: '17.91', unit: 'mm[Hg]' },
          MODE: 'SET',
          'TIME-LEFT': '24+',
        },
        alerts: undefined,
        serialNumber: '8002-51740',
      },
    ]);
  });

  it('never makes a zero of a blank', () => {
    for (const none of ['', ' ', '-', '--']) {
      expect(run(protocol, [infusion('-', `${none}^ml/h`)]).records[0]?.fields).toMatchObject({
        RATE: { absent: 'not-measured' },
      });
    }
    expect(run(protocol, [infusion('-', '0.00^ml/h')]).records[0]?.fields).toMatchObject({
      RATE: { value: '0.00', unit: 'mL/h' },
    });
  });

  it('hands on a unit it does not know, for decoding to refuse', () => {
    expect(run(protocol, [infusion('-', '2.0^mcg/kg/min')]).records[0]?.fields).toMatchObject({
      RATE: { value: '2.0', unit: 'mcg/kg/min' },
    });
  });

  it('tells the start, the going on and the end of an alarm', () => {
    const { records } = run(protocol, [infusion(), infusion('AL_X'), infusion('AL_X'), infusion()]);
    expect(records.map(({ alerts }) => alerts?.map(({ phase }) => phase))).toEqual([
      undefined,
      ['start'],
      ['continue'],
      ['end'],
    ]);
    expect(run(protocol, [infusion('AL_NOALM')]).records[0]?.alerts).toBeUndefined();
  });

  it('takes no order and no other answer for a measurement, and drops none of them', () => {
    const others = ['INF', 'INF_RATE^5.0^ml/h', 'INF_START', 'ALARM^AL_NOALM^ ^ ', 'INF_VI^3^ml'];
    const { records, discardedBytes } = run(protocol, others.map(frame));
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(0);
  });

  // The CR behind a damaged frame belongs to none, and is none of the damage.
  it.each([
    ['a wrong digit', infusion().toString('latin1').replace('0.30', '0.31'), 1],
    ['the CRC of another frame', '!ABC|4961\r', 1],
    ['a frame without CRC', '!INF^8002-51740\r', 1],
    ['a frame the pump took back', '!INF^8002\x1b', 0],
    ['too few fields', frame('INF^8002-51740^-^SET^0.30').toString('latin1'), 0],
    ['noise', 'noise', 0],
  ])('discards %s and reads what follows', (_, text, ends) => {
    const { records, discardedBytes } = run(protocol, [Buffer.from(text, 'latin1'), infusion()]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(text.length - ends);
  });

  it('lets a frame without end go in bounded memory', () => {
    const endless = Buffer.from(`!${'A'.repeat(90_000)}`);
    const { records, discardedBytes } = run(protocol, [
      ...cut(endless, Array(22).fill(4_000)),
      infusion(),
    ]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });
});
