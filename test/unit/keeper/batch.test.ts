import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { channels, type Intake } from '../../../gateway/core/intake.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { type Batch, intakesOf, openBatch } from '../../../gateway/keeper/batch.ts';

/** The promise of a batch: what a worker is handed at once stays below these. */
const batchCountMax = 1_024;
const batchBytesMax = 2 ** 20;

const intake = (bytes: Uint8Array, more: Partial<Intake> = {}): Intake => ({
  device: 'mon-1' as DeviceId,
  channel: 'observations',
  bytes,
  receivedAt: 1 as Instant,
  isFirst: false,
  isTurn: false,
  isLast: false,
  ...more,
});

const anyIntake = fc.record({
  device: fc.integer({ min: 1, max: 40 }).map((number) => `mon-${number}` as DeviceId),
  channel: fc.constantFrom(...channels),
  bytes: fc.uint8Array({ maxLength: 3_000 }),
  receivedAt: fc.integer({ min: 0, max: 4_000_000_000_000 }).map((at) => at as Instant),
  isFirst: fc.boolean(),
  isTurn: fc.boolean(),
  isLast: fc.boolean(),
});

/** As the worker gets it: copied by the structured clone, the buffer handed over. */
function handedOver(batch: Batch): Batch {
  return structuredClone(batch, { transfer: [batch.bytes.buffer] });
}

describe('a batch', () => {
  it('gives back what was put in, in order, on the other side of a thread', () => {
    fc.assert(
      fc.property(fc.array(anyIntake, { maxLength: 300 }), (intakes) => {
        const open = openBatch();
        for (const each of intakes) expect(open.add(each)).toBe(true);
        expect(open.count).toBe(intakes.length);
        expect(open.byteCount).toBe(intakes.reduce((sum, { bytes }) => sum + bytes.length, 0));
        const back = intakesOf(handedOver(open.close()));
        expect(back.map((each) => ({ ...each, bytes: [...each.bytes] }))).toEqual(
          intakes.map((each) => ({ ...each, bytes: [...each.bytes] })),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('holds copies: whoever offered the bytes may use its buffer again', () => {
    const open = openBatch();
    const bytes = Uint8Array.of(1, 2, 3);
    open.add(intake(bytes));
    bytes.fill(9);
    expect([...(intakesOf(open.close())[0]?.bytes ?? [])]).toEqual([1, 2, 3]);
  });

  it('keeps what it has when it has to grow', () => {
    const open = openBatch();
    const fills = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    for (const fill of fills) open.add(intake(new Uint8Array(100_000).fill(fill)));
    const back = intakesOf(handedOver(open.close()));
    expect(back.map(({ bytes }) => [bytes.length, ...new Set(bytes)])).toEqual(
      fills.map((fill) => [100_000, fill]),
    );
  });

  it('takes no more intakes than it may, and says so', () => {
    const open = openBatch();
    const one = intake(Uint8Array.of(1));
    for (let count = 0; count < batchCountMax; count += 1) expect(open.add(one)).toBe(true);
    expect(open.add(one)).toBe(false);
    expect(intakesOf(open.close())).toHaveLength(batchCountMax);
  });

  it('takes no more bytes than it may, but never refuses the first', () => {
    const open = openBatch();
    const half = intake(new Uint8Array(batchBytesMax / 2));
    expect([open.add(half), open.add(half), open.add(intake(Uint8Array.of(1)))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(open.byteCount).toBe(batchBytesMax);
    const huge = openBatch();
    expect(huge.add(intake(new Uint8Array(batchBytesMax + 1)))).toBe(true);
    expect(huge.add(intake(Uint8Array.of(1)))).toBe(false);
  });

  it('uses a spare buffer again without showing what was in it', () => {
    const spare = new Uint8Array(1_000).fill(7).buffer;
    const open = openBatch(spare);
    open.add(intake(Uint8Array.of(1, 2)));
    const batch = open.close();
    expect(batch.bytes.buffer).toBe(spare);
    expect([...batch.bytes]).toEqual([1, 2]);
  });

  it('is not empty when only something was seen', () => {
    const open = openBatch();
    expect(open.isEmpty).toBe(true);
    open.addSignal({ kind: 'connected', at: 1 as Instant, device: 'mon-1' as DeviceId });
    expect(open.isEmpty).toBe(false);
    const batch = handedOver(open.close());
    expect(batch.signals).toMatchObject([{ kind: 'connected', device: 'mon-1' }]);
    expect(intakesOf(batch)).toEqual([]);
  });
});
