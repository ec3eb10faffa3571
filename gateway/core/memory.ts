/** What is remembered: what it is, of whom, and plain data. */
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
  /** Looked up a dozen times a message: two names, and never one that is put together of them. */
  get(what: string, whom: string): unknown;
  set(what: string, whom: string, value: unknown): void;
  hasSeen(key: string): boolean;
  see(key: string): void;
}

export function recollect(memory: Memory): Recollection {
  const values = new Map<string, Map<string, unknown>>();
  const seen = new Set<string>();
  return {
    changes: { values, seen },
    get(what, whom) {
      const changes = values.get(what);
      const changed = changes?.get(whom);
      return changed !== undefined || changes?.has(whom)
        ? changed
        : memory.values.get(what)?.get(whom);
    },
    set: (what, whom, value) => void placeOf(values, what).set(whom, value),
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

/** What is remembered of addresses that showed no certificate: anybody can make another one. */
export function ofStrangers(what: string): string {
  return `${strangerMark}${what}`;
}

const strangerMark = '@';
/** The longest unheard of is forgotten first. */
const strangersMax = 20_000;

export function createMemory(): LivingMemory {
  const values = new Map<string, Map<string, unknown>>();
  const seen = new Set<string>();
  const strangers = new Map<string, readonly [what: string, whom: string]>();

  function meet(what: string, whom: string): void {
    const stranger = `${what}/${whom}`;
    strangers.delete(stranger);
    strangers.set(stranger, [what, whom]);
    const [first] = strangers;
    if (strangers.size <= strangersMax || first === undefined) return;
    const [oldest, place] = first;
    strangers.delete(oldest);
    values.get(place[0])?.delete(place[1]);
  }

  return {
    values,
    seen,
    remember(changes) {
      for (const [what, changed] of changes.values) {
        const known = placeOf(values, what);
        const isOfStrangers = what.startsWith(strangerMark);
        for (const [whom, value] of changed) {
          known.set(whom, value);
          if (isOfStrangers) meet(what, whom);
        }
      }
      for (const key of changes.seen) seen.add(key);
      for (const key of seen) {
        if (seen.size <= seenMax) break;
        seen.delete(key);
      }
    },
    forget: (what, whom) => void values.get(what)?.delete(whom),
  };
}

function placeOf(values: Map<string, Map<string, unknown>>, what: string): Map<string, unknown> {
  const known = values.get(what);
  if (known) return known;
  const begun = new Map<string, unknown>();
  values.set(what, begun);
  return begun;
}
