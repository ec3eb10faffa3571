import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { createMemory, recollect } from '../../../gateway/core/memory.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Protocol } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/philips-intellivue-lan.ts';
import { monitorMessages } from '../../../gateway/simulators/philips-intellivue.ts';
import { findProfile } from '../../../gateway/site/profiles.ts';
import { type Reading, read } from '../../../gateway/stages/read.ts';
import { run } from '../../support/protocol-run.ts';
import { momentsOf } from '../../support/simulated-stream.ts';
import { profiles } from '../../support/wards.ts';

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

describe('on a link that keeps the bounds of datagrams', () => {
  const profile = findProfile(profiles, 'philips-intellivue-mx800');
  const salt = new Uint8Array(16);

  function listen(datagrams: readonly Uint8Array[]) {
    const memory = recollect(createMemory());
    return datagrams.map((bytes, index) => {
      const receivedAt = (Date.UTC(2026, 10, 22) + index * 1_000) as Instant;
      const intake = { device: 'mon-1' as DeviceId, channel: 'line', bytes, receivedAt } as const;
      return read(intake, profile, protocol as Protocol, salt, memory);
    });
  }
  const fieldsOf = ({ records }: Reading) => records.map(({ record }) => record.fields);

  it('a datagram cut anywhere is dropped and counted, and the next one is read', () => {
    const whole = datagram();
    for (let length = 1; length < whole.length; length += 1) {
      const [cut, next] = listen([whole.subarray(0, length), whole]);
      expect(cut?.records).toEqual([]);
      expect(cut?.discardedBytes).toBe(length);
      expect(next && fieldsOf(next)).toEqual(heartRate);
      expect(next?.discardedBytes).toBe(0);
    }
  });

  it('a datagram with a byte too few inside borrows none of the next', () => {
    const whole = datagram();
    for (let offset = 0; offset < whole.length; offset += 1) {
      const short = Buffer.concat([whole.subarray(0, offset), whole.subarray(offset + 1)]);
      const [damaged, next] = listen([short, whole]);
      expect(damaged?.records).toEqual([]);
      expect(next && fieldsOf(next)).toEqual(heartRate);
    }
  });

  it('numbered results that are missing or late are counted, and late ones count as values', () => {
    const moments = momentsOf(profile, 6).map((moment) => monitorMessages(moment));
    const [first = [], second = [], third = [], fourth = []] = moments;
    const inOrder = listen([...first, ...second, ...third, ...fourth]);
    const swapped = listen([...first, ...third, ...second, ...fourth]);
    const lossy = listen([...first, ...fourth]);
    const sum = (readings: readonly Reading[], of: 'missedMessages' | 'lateMessages') =>
      readings.reduce((total, reading) => total + (reading[of] ?? 0), 0);
    expect([sum(inOrder, 'missedMessages'), sum(inOrder, 'lateMessages')]).toEqual([0, 0]);
    expect(sum(swapped, 'lateMessages')).toBeGreaterThanOrEqual(3);
    expect(sum(lossy, 'missedMessages')).toBe(2 * 3);
    // A record without a field holds alarms: what starts and ends follows from the order.
    const values = (readings: readonly Reading[]) =>
      readings
        .flatMap(fieldsOf)
        .map((fields) => JSON.stringify(fields))
        .filter((text) => text !== '{}')
        .sort();
    expect(values(swapped)).toEqual(values(inOrder));
  });
});

it('an association is released in order, and only one that stands', () => {
  const said = (state: unknown) => {
    const { bytes } = (protocol as Protocol).leave?.(state) ?? { bytes: hex('') };
    return Buffer.from(bytes).toString('hex');
  };
  expect(said(protocol.start)).toBe('');
  const { state } = protocol.step(protocol.start, hex('0e00'));
  expect(said(state)).toBe('0918c11661803080020101a08062808001000000000000000000');
});
