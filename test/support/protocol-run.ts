import type { DeviceRecord, FieldValue, Protocol } from '../../gateway/core/protocol.ts';

/** Everything a protocol made of some chunks, and what it still holds. */
export interface Run {
  readonly records: readonly DeviceRecord[];
  readonly reply: readonly number[];
  readonly discardedBytes: number;
  readonly state: unknown;
}

export function run(protocol: Protocol, chunks: readonly Uint8Array[]): Run {
  let state = protocol.start;
  const records: DeviceRecord[] = [];
  const reply: number[] = [];
  let discardedBytes = 0;
  for (const chunk of chunks) {
    const step = protocol.step(state, chunk);
    state = step.state;
    records.push(...step.records);
    reply.push(...step.reply);
    discardedBytes += step.discardedBytes;
  }
  return { records, reply, discardedBytes, state };
}

/** Cuts bytes into pieces of these sizes and one with the rest. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return [...chunks, bytes.subarray(offset)];
}

/** The size of a state as JSON, where a byte array counts one for each of its bytes. */
export function stateBytes(state: unknown): number {
  const text = JSON.stringify(state, function (key, value) {
    // A Buffer turns itself into an array of numbers before it gets here; ask for the original.
    const original: unknown = (this as Record<string, unknown>)[key];
    return original instanceof Uint8Array ? 'x'.repeat(original.length) : value;
  });
  return text === undefined ? 0 : Buffer.byteLength(text);
}

/** The numbers and texts a field states; an absent one states none. */
export function statedValues(field: FieldValue): readonly (number | string)[] {
  if (typeof field === 'number' || typeof field === 'string') return [field];
  if ('absent' in field) return [];
  return 'samples' in field ? field.samples : [field.value];
}
