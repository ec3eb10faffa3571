import assert from 'node:assert/strict';
import { type Lane, lanes, type Portion } from '../core/relay.ts';
import type { Database } from './database.ts';
import type { StoredEntry } from './entry-codec.ts';

/** An entry with its place in the order of arrival, which it keeps when it is refused. */
export interface OrderedEntry {
  readonly order: number;
  readonly entry: StoredEntry;
}

/** An entry in its lane, numbered in the order of arrival. */
export interface NumberedEntry extends OrderedEntry {
  readonly lane: Lane;
  readonly sequence: number;
}

/** An entry as `encodeEntry` wrote it. What came back has its place already. */
export interface Arrival {
  readonly lane: Lane;
  readonly entry: string;
  readonly order?: number;
}

/** A row keeps several entries: rows are what a database charges for. */
const rowEntriesMax = 32;
const rowBytesMax = 16_384;

interface LaneRow {
  lastSequence: number;
  entries: number;
  bytes: number;
}

interface Row {
  readonly sequence: number;
  /**
   * JSON: `[[sequence, entry, order?], ...]`; the row has the first one's number for a name, and
   * `order` is there only where it is another number.
   */
  readonly body: string;
}

type RowEntry = readonly [sequence: number, entry: StoredEntry, order?: number];
type RowEntries = readonly RowEntry[];

/** The rows of the outbox and, beside them, what each lane holds: nobody ever has to count. */
export interface OutboxLanes {
  /** Numbers what arrived at one destination, in its order, and appends each to its lane. */
  append(relay: string, arrivals: readonly Arrival[]): void;
  /** In the order of delivery. A lane ends at the first entry that `mayLeave` keeps back. */
  first(relay: string, portion: Portion, mayLeave: MayLeave): readonly NumberedEntry[];
  /** The newest number given out for a destination; 0 before the first. */
  last(relay: string): number;
  oldest(relay: string, lane: Lane): StoredEntry | undefined;
  /** Takes the named entries out; those that are gone already are not in the result. */
  take(relay: string, lane: Lane, sequences: readonly number[]): readonly OrderedEntry[];
  /** Takes the oldest row out. Says how many entries it held. */
  shed(relay: string, lane: Lane): number;
  /** Takes everything out. Says how many entries it held. Numbers go on from where they were. */
  clear(relay: string): number;
  /** What all destinations are owed, in all lanes or in one. */
  bytes(lane?: Lane): number;
  /** The relay that holds most of this lane. */
  fullest(lane: Lane): string | undefined;
}

type MayLeave = (lane: Lane, entry: StoredEntry) => boolean;

export function openLanes(database: Database): OutboxLanes {
  return new StoredLanes(prepare(database));
}

class StoredLanes implements OutboxLanes {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(statements: ReturnType<typeof prepare>) {
    this.#statements = statements;
  }

  append(relay: string, arrivals: readonly Arrival[]): void {
    const first = this.last(relay) + 1;
    const numbered = arrivals.map((arrival, offset) => ({ ...arrival, sequence: first + offset }));
    for (const [lane, group] of Map.groupBy(numbered, (each) => each.lane)) {
      const index = lanes.indexOf(lane);
      let bytes = 0;
      for (const { sequence, body } of rowsOf(group)) {
        this.#statements.insert.run(relay, index, sequence, body);
        bytes += body.length;
      }
      this.#count(relay, index, group.length, bytes, group.at(-1)?.sequence);
    }
  }

  first(relay: string, portion: Portion, mayLeave: MayLeave): readonly NumberedEntry[] {
    const found: NumberedEntry[] = [];
    let left = portion;
    for (const lane of portion.lanes) {
      if (left.countMax === 0 || left.bytesMax <= 0) break;
      const { entries, bytes } = this.#firstOf(relay, lane, left, mayLeave);
      found.push(...entries);
      const countMax = portion.countMax - found.length;
      left = { ...left, countMax, bytesMax: left.bytesMax - bytes };
    }
    return found;
  }

  /** `bytes` are those of the rows that were opened. */
  #firstOf(
    relay: string,
    lane: Lane,
    { after, upTo, countMax, bytesMax }: Portion,
    mayLeave: MayLeave,
  ): { readonly entries: readonly NumberedEntry[]; readonly bytes: number } {
    const entries: NumberedEntry[] = [];
    let bytes = 0;
    const rows = this.#statements.byOrder.iterate({ relay, lane: lanes.indexOf(lane), after });
    for (const { body } of rows) {
      for (const [sequence, entry, order = sequence] of JSON.parse(body) as RowEntries) {
        if (sequence <= after) continue;
        const isEnough = entries.length >= countMax || sequence > upTo;
        if (isEnough || !mayLeave(lane, entry)) return { entries, bytes };
        entries.push({ lane, sequence, order, entry });
      }
      bytes += body.length;
      if (bytes >= bytesMax && entries.length > 0) break;
    }
    return { entries, bytes };
  }

  last(relay: string): number {
    return this.#statements.last.get(relay)?.last ?? 0;
  }

  oldest(relay: string, lane: Lane): StoredEntry | undefined {
    const row = this.#statements.oldest.get(relay, lanes.indexOf(lane));
    return row && (JSON.parse(row.body) as RowEntries)[0]?.[1];
  }

  take(relay: string, lane: Lane, sequences: readonly number[]): readonly OrderedEntry[] {
    const index = lanes.indexOf(lane);
    const named = new Set(sequences);
    const seen = new Set<number>();
    const taken: OrderedEntry[] = [];
    for (const sequence of sequences) {
      const row = this.#statements.covering.get(relay, index, sequence);
      // One row at a time, with all that is named of it.
      if (!row || seen.has(row.sequence)) continue;
      seen.add(row.sequence);
      taken.push(...this.#takeFrom(relay, index, row, named));
    }
    return taken;
  }

  shed(relay: string, lane: Lane): number {
    const index = lanes.indexOf(lane);
    const row = this.#statements.removeOldest.get({ relay, lane: index });
    if (!row) return 0;
    const { length } = JSON.parse(row.body) as RowEntries;
    this.#count(relay, index, -length, -row.body.length);
    return length;
  }

  clear(relay: string): number {
    const entries = this.#statements.held.get(relay)?.entries ?? 0;
    this.#statements.removeAll.run(relay);
    this.#statements.empty.run(relay);
    return entries;
  }

  bytes(lane?: Lane): number {
    const index = lane === undefined ? null : lanes.indexOf(lane);
    return this.#statements.total.get({ lane: index })?.bytes ?? 0;
  }

  fullest(lane: Lane): string | undefined {
    return this.#statements.fullest.get(lanes.indexOf(lane))?.relay;
  }

  #laneRow(relay: string, lane: number): LaneRow {
    return this.#statements.find.get(relay, lane) ?? { lastSequence: 0, entries: 0, bytes: 0 };
  }

  /** `entries` and `bytes` came, or went when negative; `last` is the newest number given out. */
  #count(relay: string, lane: number, entries: number, bytes: number, last?: number): void {
    const row = this.#laneRow(relay, lane);
    const after = { entries: row.entries + entries, bytes: row.bytes + bytes };
    assert(after.entries >= 0 && after.bytes >= 0, 'the outbox holds what its lanes say');
    const lastSequence = last ?? row.lastSequence;
    this.#statements.save.run(relay, lane, lastSequence, after.entries, after.bytes);
  }

  #takeFrom(relay: string, lane: number, row: Row, named: ReadonlySet<number>): OrderedEntry[] {
    const all = JSON.parse(row.body) as RowEntries;
    const left = all.filter(([sequence]) => !named.has(sequence));
    const taken = all
      .filter(([sequence]) => named.has(sequence))
      .map(([sequence, entry, order = sequence]) => ({ order, entry }));
    if (taken.length === 0) return taken;
    const body = left.length === 0 ? '' : JSON.stringify(left);
    if (left.length === 0) this.#statements.remove.run(relay, lane, row.sequence);
    else this.#statements.update.run(body, relay, lane, row.sequence);
    this.#count(relay, lane, -taken.length, body.length - row.body.length);
    return taken;
  }
}

function rowsOf(numbered: readonly (Arrival & { readonly sequence: number })[]): Row[] {
  const rows: Row[] = [];
  let body = '';
  let held = 0;
  let first = 0;
  for (const [index, { sequence, entry, order }] of numbered.entries()) {
    if (held === 0) first = sequence;
    const place = order === undefined ? '' : `,${order}`;
    body += `${held === 0 ? '[' : ','}[${sequence},${entry}${place}]`;
    held += 1;
    const isFull = held >= rowEntriesMax || body.length >= rowBytesMax;
    if (!isFull && index < numbered.length - 1) continue;
    rows.push({ sequence: first, body: `${body}]` });
    body = '';
    held = 0;
  }
  return rows;
}

export function laneAt(index: number): Lane {
  const lane = lanes[index];
  assert(lane, `lane ${index} exists`);
  return lane;
}

function prepare(database: Database) {
  return {
    find: database.prepare<[string, number], LaneRow>(
      `select last_sequence as lastSequence, entries, bytes from outbox_lane
       where relay = ? and lane = ?`,
    ),
    save: database.prepare(
      `insert into outbox_lane (relay, lane, last_sequence, entries, bytes) values (?, ?, ?, ?, ?)
       on conflict (relay, lane) do update set last_sequence = excluded.last_sequence,
         entries = excluded.entries, bytes = excluded.bytes`,
    ),
    insert: database.prepare(
      'insert into outbox (relay, lane, sequence, body) values (?, ?, ?, ?)',
    ),
    update: database.prepare(
      'update outbox set body = ? where relay = ? and lane = ? and sequence = ?',
    ),
    remove: database.prepare('delete from outbox where relay = ? and lane = ? and sequence = ?'),
    covering: database.prepare<[string, number, number], Row>(
      `select sequence, body from outbox where relay = ? and lane = ? and sequence <= ?
       order by sequence desc limit 1`,
    ),
    // From the row on that covers the number asked for: rows are named by their first one.
    byOrder: database.prepare<{ relay: string; lane: number; after: number }, { body: string }>(
      `select body from outbox where relay = @relay and lane = @lane and sequence >= coalesce(
         (select max(sequence) from outbox
          where relay = @relay and lane = @lane and sequence <= @after), 0)
       order by sequence`,
    ),
    last: database.prepare<[string], { last: number | null }>(
      'select max(last_sequence) as last from outbox_lane where relay = ?',
    ),
    oldest: database.prepare<[string, number], { body: string }>(
      'select body from outbox where relay = ? and lane = ? order by sequence limit 1',
    ),
    removeOldest: database.prepare<{ relay: string; lane: number }, { body: string }>(
      `delete from outbox where relay = @relay and lane = @lane and sequence = (
         select min(sequence) from outbox where relay = @relay and lane = @lane)
       returning body`,
    ),
    held: database.prepare<[string], { entries: number | null }>(
      'select sum(entries) as entries from outbox_lane where relay = ?',
    ),
    removeAll: database.prepare('delete from outbox where relay = ?'),
    empty: database.prepare('update outbox_lane set entries = 0, bytes = 0 where relay = ?'),
    total: database.prepare<{ lane: number | null }, { bytes: number }>(
      `select coalesce(sum(bytes), 0) as bytes from outbox_lane
       where @lane is null or lane = @lane`,
    ),
    fullest: database.prepare<[number], { relay: string }>(
      'select relay from outbox_lane where lane = ? and entries > 0 order by bytes desc limit 1',
    ),
  };
}
