import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameSplitter } from '../../../gateway/links/mqtt-frames.ts';
import { connect, packet, publish, subscribe } from '../../../gateway/players/mqtt-packets.ts';

function splitter(bytesMax = 1_000_000, isWelcome = (_first: number, _remaining: number) => true) {
  const seen = { frames: [] as string[], bodies: [] as number[], causes: [] as string[] };
  const held = { bytes: 0, bytesMax };
  const cutter: FrameSplitter = new FrameSplitter(
    {
      header(first, remaining) {
        if (isWelcome(first, remaining)) return true;
        cutter.end();
        return false;
      },
      frame(bytes, start, body, end) {
        seen.frames.push(bytes.toString('hex', start, end));
        seen.bodies.push(body - start);
      },
      unreadable(cause) {
        seen.causes.push(cause);
        cutter.end();
      },
    },
    held,
  );
  return { cutter, seen, held };
}

const packets = [
  connect(),
  packet(0xc0),
  publish('devices/oxi-12/observations', 'x'.repeat(300)),
  subscribe('devices/oxi-12/commands/#'),
  publish('a', ''),
  packet(0xe0),
];
const stream = Buffer.concat(packets);

it('gives the same packets however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (places) => {
      const { cutter, seen, held } = splitter();
      const cuts = [0, ...places.sort((a, b) => a - b), stream.length];
      for (const [index, from] of cuts.entries())
        cutter.push(stream.subarray(from, cuts[index + 1]));
      expect(seen.frames).toEqual(packets.map((bytes) => bytes.toString('hex')));
      expect(held.bytes).toBe(0);
    }),
  );
});

it('gives the same packets byte by byte', () => {
  const { cutter, seen } = splitter();
  for (const byte of stream) cutter.push(Buffer.of(byte));
  expect(seen.frames).toEqual(packets.map((bytes) => bytes.toString('hex')));
  expect(seen.bodies).toEqual([2, 2, 3, 2, 2, 2]);
});

it('keeps nothing of a packet whose header is refused', () => {
  const { cutter, held, seen } = splitter(1_000_000, (_first, remaining) => remaining <= 4_096);
  cutter.push(Buffer.from('10ffffff7f', 'hex'));
  cutter.push(Buffer.alloc(60_000));
  expect(held.bytes).toBe(0);
  expect(seen.frames).toEqual([]);
});

it('takes no room for bytes that were only promised', () => {
  const { cutter, held } = splitter();
  cutter.push(publish('a', 'x'.repeat(200_000)).subarray(0, 100));
  expect(held.bytes).toBeLessThanOrEqual(256);
});

it('refuses a remaining length of more than four bytes', () => {
  const { cutter, seen } = splitter();
  for (const byte of Buffer.from('30ffffffff7f', 'hex')) cutter.push(Buffer.of(byte));
  expect(seen.causes).toEqual(['MQTT-2.2.3']);
});

it('ends a packet that would exceed what all connections may hold together', () => {
  const { cutter, seen, held } = splitter(1_000);
  const long = publish('a', 'x'.repeat(5_000));
  cutter.push(long.subarray(0, 500));
  cutter.push(long.subarray(500, 4_000));
  expect(seen.causes).toEqual(['held-bytes']);
  expect(held.bytes).toBe(0);
});

it('stops where it is told and loses nothing', () => {
  const { cutter, seen } = splitter();
  cutter.stop();
  cutter.push(stream.subarray(0, 40));
  cutter.push(stream.subarray(40));
  expect(seen.frames).toEqual([]);
  cutter.resume();
  expect(seen.frames).toHaveLength(packets.length);
});

it('copies a slow packet a bounded number of times', () => {
  const { cutter, seen } = splitter();
  const long = publish('a', 'x'.repeat(250_000));
  const started = process.cpuUsage();
  for (let at = 0; at < long.length; at++) cutter.push(long.subarray(at, at + 1));
  // Copying it anew for every byte would move 31 GB.
  expect(process.cpuUsage(started).user / 1e6).toBeLessThan(3);
  expect(seen.frames).toHaveLength(1);
});
