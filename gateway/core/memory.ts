/** What is remembered: of whom, what it is, and plain data. */
export type Values = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

/** What admission remembers between batches. */
export interface Memory {
  /** Line states, arrivals, detector states. */
  readonly values: Values;
  /** Keys of the last records, oldest first, so that one that comes again is recognised. */
  readonly seen: ReadonlySet<string>;
}

/**
 * One batch's view of the memory: reads through, writes beside. Nothing is changed in the memory
 * itself, so a batch that could not be committed leaves no trace, and nothing is copied.
 */
export interface Recollection {
  readonly changes: Memory;
  /** Two names, and never one that is put together of them: that would be the larger part of the cost. */
  get(what: string, whom: string): unknown;
  set(what: string, whom: string, value: unknown): void;
  hasSeen(key: string): boolean;
  see(key: string): void;
}

export function recollect(memory: Memory): Recollection {
  const values = new Map<string, Map<string, unknown>>();
  const seen = new Set<string>();
  // One device is looked at after the other, each a dozen times: it is looked up once.
  let looked: string | undefined;
  let changed: Map<string, unknown> | undefined;
  let known: ReadonlyMap<string, unknown> | undefined;

  function lookUp(whom: string): void {
    if (whom === looked) return;
    looked = whom;
    changed = values.get(whom);
    known = memory.values.get(whom);
  }

  return {
    changes: { values, seen },
    get(what, whom) {
      lookUp(whom);
      const value = changed?.get(what);
      return value !== undefined || changed?.has(what) ? value : known?.get(what);
    },
    set(what, whom, value) {
      lookUp(whom);
      changed ??= placeOf(values, whom);
      changed.set(what, value);
    },
    hasSeen: (key) => seen.has(key) || memory.seen.has(key),
    see: (key) => void seen.add(key),
  };
}

/** The memory of a running gateway: the one place where it changes. */
export interface LivingMemory extends Memory {
  /** Takes over what a batch changed, once it is on disk. */
  remember(changes: Memory): void;
  forget(what: string, whom: string): void;
}

/** A device that sends again does so within seconds; this many records are some seconds of the most. */
const seenMax = 32_768;

/** Under which name an address is remembered that showed no certificate: anybody can make another one. */
export function strangerOf(address: string): string {
  return `${strangerMark}${address}`;
}

const strangerMark = '@';
/** The longest unheard of is forgotten first, with all that is remembered of it. */
const strangersMax = 10_000;

export function createMemory(): LivingMemory {
  const values = new Map<string, Map<string, unknown>>();
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
      for (const [whom, changed] of changes.values) {
        const known = placeOf(values, whom);
        for (const [what, value] of changed) known.set(what, value);
        if (whom.startsWith(strangerMark)) meet(whom);
      }
      for (const key of changes.seen) seen.add(key);
      for (const key of seen) {
        if (seen.size <= seenMax) break;
        seen.delete(key);
      }
    },
    forget: (what, whom) => void values.get(whom)?.delete(what),
  };
}

function placeOf(values: Map<string, Map<string, unknown>>, whom: string): Map<string, unknown> {
  const known = values.get(whom);
  if (known) return known;
  const begun = new Map<string, unknown>();
  values.set(whom, begun);
  return begun;
}
