/** What admission remembers between batches. */
export interface Memory {
  /** Line states, arrivals, detector states: `<what>/<whom>` to plain data. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Keys of the last records, oldest first, so that one that comes again is recognised. */
  readonly seen: ReadonlySet<string>;
}

/**
 * One batch's view of the memory: reads through, writes beside. Nothing is changed in the memory
 * itself, so a batch that could not be committed leaves no trace, and nothing is copied.
 */
export interface Recollection {
  readonly changes: Memory;
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  hasSeen(key: string): boolean;
  see(key: string): void;
}

export function recollect(memory: Memory): Recollection {
  const values = new Map<string, unknown>();
  const seen = new Set<string>();
  return {
    changes: { values, seen },
    get(key) {
      const changed = values.get(key);
      return changed !== undefined || values.has(key) ? changed : memory.values.get(key);
    },
    set: (key, value) => void values.set(key, value),
    hasSeen: (key) => seen.has(key) || memory.seen.has(key),
    see: (key) => void seen.add(key),
  };
}

/** The memory of a running gateway: the one place where it changes. */
export interface LivingMemory extends Memory {
  /** Takes over what a batch changed, once it is on disk. */
  remember(changes: Memory): void;
  forget(key: string): void;
}

/** A device that sends again does so within seconds; this many records are some seconds of the most. */
const seenMax = 32_768;

/** What is remembered of an address that showed no certificate: anybody can make another one. */
export function strangerKey(what: string, address: string): string {
  return `${strangerMark}${what}/${address}`;
}

const strangerMark = '@';
/** The longest unheard of is forgotten first. */
const strangersMax = 20_000;

export function createMemory(): LivingMemory {
  const values = new Map<string, unknown>();
  const seen = new Set<string>();
  const strangers = new Set<string>();

  function meet(stranger: string): void {
    strangers.delete(stranger);
    strangers.add(stranger);
    const [first] = strangers;
    if (strangers.size <= strangersMax || first === undefined) return;
    strangers.delete(first);
    values.delete(first);
  }

  return {
    values,
    seen,
    remember(changes) {
      for (const [key, value] of changes.values) {
        values.set(key, value);
        if (key.startsWith(strangerMark)) meet(key);
      }
      for (const key of changes.seen) seen.add(key);
      for (const key of seen) {
        if (seen.size <= seenMax) break;
        seen.delete(key);
      }
    },
    forget: (key) => void values.delete(key),
  };
}
