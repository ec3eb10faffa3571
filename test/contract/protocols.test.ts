import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant } from '../../gateway/core/observation.ts';
import type { DeviceRecord, Protocol } from '../../gateway/core/protocol.ts';
import { cut, run, stateBytes, statedValues } from '../support/protocol-run.ts';
import { profilesOf, protocols, said } from '../support/simulated-stream.ts';

/**
 * The promises every protocol makes. A file is under test from the moment it exists in
 * gateway/protocols; nobody registers it here.
 */
const fixtures = join(import.meta.dirname, '../fixtures');

describe.each([...protocols.keys()])('%s', (id) => {
  const protocol = protocols.get(id) as Protocol;
  // The device that says least: the same promises, in the least time.
  const [profile] = profilesOf(id).toSorted((a, b) => a.metrics.length - b.metrics.length);
  const stream = profile ? Buffer.concat(said(profile, 2)) : Buffer.alloc(0);

  /** Noise, and what a device of that format says with noise in it. */
  const bytes = fc.oneof(
    fc.array(byteOf(stream), { maxLength: 400 }).map((values) => Uint8Array.from(values)),
    fc
      .tuple(fc.nat(stream.length), fc.array(byteOf(stream), { maxLength: 9 }), fc.nat(12))
      .map(([offset, noise, dropped]) =>
        Buffer.concat([
          stream.subarray(0, offset),
          Buffer.from(noise),
          stream.subarray(offset + dropped),
        ]),
      ),
  );

  /** A device that stopped in the middle. */
  const heads = fc.nat(stream.length).map((length) => stream.subarray(0, length));

  it('reads the same, however the bytes are cut', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(40), { maxLength: 60 }), (input, sizes) => {
        expect(outcome(run(protocol, cut(input, sizes)))).toEqual(outcome(run(protocol, [input])));
      }),
      { numRuns: 400 },
    );
    const byByte = Array.from(stream, (byte) => Uint8Array.of(byte));
    expect(outcome(run(protocol, byByte))).toEqual(outcome(run(protocol, [stream])));
  });

  it('holds no more than it declares, whatever it is fed', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, heads), byteOf(stream), (prefix, byte) => {
        const flood = new Uint8Array(2 * protocol.stateBytesMax).fill(byte);
        const chunks = [prefix, ...cut(flood, Array(32).fill(4_093))];
        let state = protocol.start;
        for (const chunk of chunks) {
          state = protocol.step(state, chunk).state;
          expect(stateBytes(state)).toBeLessThanOrEqual(protocol.stateBytesMax);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('never changes the state it was given, nor looks at a chunk again', () => {
    const whole = outcome(run(protocol, [stream]));
    const places = fc.tuple(fc.nat(stream.length), fc.nat(stream.length), fc.nat(255));
    fc.assert(
      fc.property(places, ([one, other, byte]) => {
        const start = Math.min(one, other);
        const end = Math.max(one, other);
        const chunk = Buffer.from(stream.subarray(start, end));
        const first = protocol.step(protocol.start, stream.subarray(0, start));
        const second = protocol.step(first.state, chunk);
        // The same state goes another way, and the link uses its buffer again.
        protocol.step(first.state, chunk.map(toOtherDigit));
        chunk.fill(byte);
        const third = protocol.step(second.state, stream.subarray(end));
        expect(joined([first, second, third])).toEqual(whole);
      }),
    );
  });

  it('can say nothing to a device but what it declares', () => {
    const whole = Object.values(protocol.transmits).map(({ source }) => `(?:${source})`);
    const allowed = new RegExp(`^(?:${whole.join('|')})*$`);
    const isAllowed = (spoken: Uint8Array) => allowed.test(Buffer.from(spoken).toString('hex'));
    fc.assert(
      fc.property(fc.oneof(bytes, heads), fc.nat(100), (input, seconds) => {
        const { state, reply } = protocol.step(protocol.start, input);
        expect(isAllowed(reply)).toBe(true);
        const at = (Date.UTC(2026, 10, 22) + 1_000 * seconds) as Instant;
        const spoken = protocol.speak?.(state, at);
        if (spoken) expect(isAllowed(spoken.bytes)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('counts no more bytes as discarded than it was given', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(run(protocol, [input]).discardedBytes).toBeLessThanOrEqual(input.length);
      }),
    );
  });

  it('discards nothing of an undamaged stream', () => {
    if (stream.length === 0) return;
    const { records, discardedBytes } = run(protocol, [stream]);
    expect(records.length).toBeGreaterThan(0);
    expect(discardedBytes).toBe(0);
  });

  it('counts what a capture breaks off in the middle', () => {
    if (stream.length === 0) return;
    const cuts = Array.from({ length: cutsMax }, (_, index) =>
      Math.floor((stream.length * (index + 1)) / cutsMax),
    );
    const lost = cuts.map((length) => {
      const { state, discardedBytes } = run(protocol, [stream.subarray(0, length)]);
      const rest = protocol.finish(state);
      expect(discardedBytes + rest.discardedBytes).toBeLessThanOrEqual(length);
      return rest.discardedBytes;
    });
    expect(lost.at(-1)).toBe(0);
    // Nearly every cut is in the middle of something.
    expect(lost.filter((bytes) => bytes > 0).length).toBeGreaterThan(cutsMax / 2);
  });

  // A datagram arrives as it was sent or not at all (RFC 768), and the link keeps its bounds:
  // test/unit/protocols/philips-intellivue-lan.test.ts cuts them.
  it.skipIf(id === 'philips-intellivue-lan')(
    'keeps no record that one damaged byte could have falsified',
    () => {
      if (!profile) return;
      const moments = said(profile, 3);
      const whole = Buffer.concat(moments);
      const damagedEnd = moments[0]?.length ?? 0;
      const truth = run(protocol, [whole]);
      const last = truth.records.at(-1);
      for (const damage of damages(whole, damagedEnd)) {
        const seen = run(protocol, [damage.bytes]);
        // The line recovers: what comes later is read as if nothing had happened.
        expect(valuesOf(seen.records.slice(-1), true), damage.name).toEqual(
          valuesOf(last ? [last] : [], true),
        );
        if (seen.records.length < truth.records.length) {
          expect(seen.discardedBytes, damage.name).toBeGreaterThan(0);
        }
        if (isBeyondRecognition(id, damage)) continue;
        const known = new Set(valuesOf(truth.records, !unchecked.has(id)));
        const invented = valuesOf(seen.records, !unchecked.has(id)).filter(
          (one) => !known.has(one),
        );
        expect(invented, damage.name).toEqual([]);
      }
    },
  );

  const cases = globSync('*/input.{hex,txt}', { cwd: join(fixtures, id) }).sort();
  it.each(cases)('reads %s as written beside it', (path) => {
    const folder = join(fixtures, id, path, '..');
    const text = readFileSync(join(fixtures, id, path));
    const isHex = path.endsWith('.hex');
    const input = isHex ? Buffer.from(text.toString().replace(/\s|#.*/g, ''), 'hex') : text;
    const { records, discardedBytes } = run(protocol, [input]);
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    expect({ records: plain(records), discardedBytes }).toEqual({
      records: expected.records,
      discardedBytes: expected.discardedBytes,
    });
    expect(existsSync(join(folder, 'source.md'))).toBe(true);
  });

  it('has a fixture', () => {
    expect(cases).not.toEqual([]);
  });
});

/**
 * Formats that carry no checksum. Over MQTT, TLS guards every byte; on a bare line a digit that
 * turned into another digit is a number like any other. Everything else must still be noticed.
 */
const unchecked = new Set([
  'wardgate-json',
  'senml-json',
  'masimo-ascii',
  'nellcor-ascii',
  'ivy-ansar',
  'hl7v2',
  'ieee11073-20601',
]);

interface Damage {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The damaged byte with its neighbours, before and after. */
  readonly before: string;
  readonly after: string;
  readonly isFlip: boolean;
  readonly offset: number;
}

/** Places where a capture is broken off, spread over the stream. */
const cutsMax = 200;

/** Every byte of a short message is damaged; of a long one, as many spread over it. */
const damagedBytesMax = 400;

function* damages(whole: Buffer, end: number): Generator<Damage> {
  const stride = Math.ceil(end / damagedBytesMax);
  for (let offset = 0; offset < end; offset += stride) {
    const head = whole.subarray(0, offset);
    const tail = whole.subarray(offset + 1);
    const byte = whole[offset] ?? 0;
    const around = (middle: readonly number[]) =>
      Buffer.concat([head.subarray(-1), Buffer.from(middle), tail.subarray(0, 1)]).toString(
        'latin1',
      );
    const make = (name: string, middle: readonly number[]): Damage => ({
      name: `${name} at ${offset}`,
      bytes: Buffer.concat([head, Buffer.from(middle), tail]),
      before: around([byte]),
      after: around(middle),
      isFlip: middle.length === 1,
      offset,
    });
    yield make('a dropped byte', []);
    yield make('a doubled byte', [byte, byte]);
    for (let bit = 0; bit < 8; bit += 1) yield make(`bit ${bit} flipped`, [byte ^ (1 << bit)]);
  }
}

function isBeyondRecognition(id: string, { before, after, isFlip, offset }: Damage): boolean {
  // Fixed widths and exact forms: only a digit in a digit's place goes unnoticed.
  if (id === 'masimo-ascii' || id === 'nellcor-ascii') {
    return isFlip && /\d/.test(before.charAt(1)) && /\d/.test(after.charAt(1));
  }
  // Numbers are binary: with one bit flipped they are other numbers. No length bears it.
  if (id === 'ieee11073-20601') return isFlip;
  // SenML's labels are one or two letters: `bt` with one bit flipped is `bv`.
  if (id === 'senml-json' && isFlip && /[a-z]/.test(before.charAt(1))) return true;
  // ANSAR-B: 400 samples stand behind the nine bytes of its head, each any byte.
  const isAnsarWave = id === 'ivy-ansar' && offset >= 9 && offset < 409;
  if (isAnsarWave && isFlip) return true;
  // JSON, HL7 and ANSAR-B: whatever belongs to a number or stands between two of them.
  return unchecked.has(id) && /[\d.eE+-]/.test(before + after);
}

/** What the records state, with the field's name where the format protects names too. */
function valuesOf(records: readonly DeviceRecord[], isNamed: boolean): string[] {
  return records.flatMap(({ fields }) =>
    Object.entries(fields).flatMap(([field, value]) =>
      statedValues(value)
        .filter((one) => isNamed || typeof one === 'number')
        .map((one) => (isNamed ? `${field}=${one}` : `${one}`)),
    ),
  );
}

interface Outcome {
  readonly records: readonly DeviceRecord[];
  readonly reply: Iterable<number>;
  readonly discardedBytes: number;
}

function outcome({ records, reply, discardedBytes }: Outcome) {
  return { records, reply: [...reply], discardedBytes };
}

function joined(steps: readonly Outcome[]) {
  return {
    records: steps.flatMap(({ records }) => records),
    reply: steps.flatMap(({ reply }) => [...reply]),
    discardedBytes: steps.reduce((total, step) => total + step.discardedBytes, 0),
  };
}

function toOtherDigit(byte: number): number {
  return byte >= 0x30 && byte <= 0x39 ? 0x30 + ((byte - 0x30 + 1) % 10) : byte;
}

/** Without the members that are undefined, as JSON has it. */
function plain(records: readonly DeviceRecord[]): unknown {
  return JSON.parse(JSON.stringify(records));
}

/** Any byte, but mostly those the format is made of: that is where framing goes wrong. */
function byteOf(stream: Uint8Array): fc.Arbitrary<number> {
  const own = [...new Set(stream), 2, 3, 4, 5, 6, 10, 13, 21, 23];
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...own) }, fc.nat(255));
}
