/**
 * What admission remembers between batches: line states, recent record keys, detector states.
 * Keys are `<what>/<whom>`; values are plain data.
 */
export type Memory = ReadonlyMap<string, unknown>;

/**
 * One batch's view of the memory: reads through, writes beside. Nothing is changed in the memory
 * itself, so a batch that could not be committed leaves no trace, and nothing is copied.
 */
export interface Recollection {
  readonly changes: Map<string, unknown>;
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

export function recollect(memory: Memory): Recollection {
  const changes = new Map<string, unknown>();
  return {
    changes,
    get: (key) => (changes.has(key) ? changes.get(key) : memory.get(key)),
    set: (key, value) => void changes.set(key, value),
  };
}
