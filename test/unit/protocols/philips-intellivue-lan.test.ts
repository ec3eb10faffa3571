import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Protocol } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/philips-intellivue-lan.ts';
import { run } from '../../support/protocol-run.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** A single poll result: one object with HR 60 of the wall clock's own time. */
const polled = hex(`
  e1000002 0002 0046 0001 0007 0040 0021 0000 0000 0c16 0036
  0001 00001f40 2026112210153400 0001 0006 0000
  0001 001c 0000 0001 0016 82cf 0001 0010 0950 000c 4182 0000 0aa0 0000003c`);

/** Lengths follow from the content; here they are written where they belong. */
function datagram(): Buffer {
  const bytes = Buffer.from(polled);
  const write = (offset: number, value: number) => bytes.writeUInt16BE(value, offset);
  write(6, bytes.length - 8);
  write(12, bytes.length - 14);
  write(22, bytes.length - 24);
  const list = bytes.length - 28;
  write(46, list - 20);
  write(52, list - 26);
  write(58, 14);
  write(62, 10);
  return bytes;
}

const heartRate = [{ ECG_CARD_BEAT_RATE: { value: 60, unit: '/min', quality: 'good' } }];

describe('a datagram', () => {
  it('is a record by itself', () => {
    const read = protocol.readMessage?.(datagram());
    expect(read).toMatchObject([{ fields: heartRate[0], time: '2026-11-22T10:15:34' }]);
  });

  it('that is cut short or too long is malformed', () => {
    const whole = datagram();
    for (const wrong of [whole.subarray(0, -1), Buffer.concat([whole, hex('00')]), hex('')]) {
      expect(protocol.readMessage?.(wrong)).toMatchObject({ reason: 'malformed' });
    }
  });

  it('behind another is told apart by its own length, behind noise by its form', () => {
    const stream = Buffer.concat([datagram(), hex('deadbeef00'), datagram()]);
    const { records, discardedBytes } = run(protocol as Protocol, [stream]);
    expect(records.map(({ fields }) => fields)).toEqual([...heartRate, ...heartRate]);
    expect(discardedBytes).toBe(5);
  });
});

it('the gateway asks over the network for what it asks over the cable, without a frame', () => {
  const turn = protocol.speak?.(protocol.start, Date.UTC(2026, 10, 22) as Instant);
  const said = Buffer.from(turn?.bytes ?? []).toString('hex');
  expect(said).toMatch(new RegExp(`^${protocol.transmits['association-request']?.source}$`));
});
