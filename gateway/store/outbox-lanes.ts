import assert from 'node:assert/strict';
import { type Lane, lanes } from '../core/relay.ts';
import type { Database } from './database.ts';
import type { StoredEntry } from './entry-codec.ts';

/** An entry in its lane, numbered in the order of arrival. */
export interface NumberedEntry {
  readonly lane: Lane;
  readonly sequence: number;
  readonly entry: StoredEntry;
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
  /** JSON: `[[sequence, entry], ...]`; the row has the first one's number for a name. */
  readonly body: string;
}

type RowEntries = readonly (readonly [sequence: number, entry: StoredEntry])[];

/** The rows of the outbox and, beside them, what each lane holds: nobody ever has to count. */
export interface OutboxLanes {
  /** Appends entries as `encodeEntry` wrote them. */
  append(relay: string, lane: Lane, entries: readonly string[]): void;
  /** In the order of delivery. A lane ends at the first entry that `mayLeave` keeps back. */
  first(
    relay: string,
    countMax: number,
    mayLeave: (lane: Lane, entry: StoredEntry) => boolean,
  ): readonly NumberedEntry[];
  oldest(relay: string, lane: Lane): StoredEntry | undefined;
  /** Takes the named entries out; those that are gone already are not in the result. */
  take(relay: string, lane: Lane, sequences: readonly number[]): readonly StoredEntry[];
  /** Takes the oldest row out. Says how many entries it held. */
  shed(relay: string, lane: Lane): number;
  bytes(): number;
  /** The relay that holds most of this lane. */
  fullest(lane: Lane): string | undefined;
}

export function openLanes(database: Database): OutboxLanes {
  return new StoredLanes(prepare(database));
}

class StoredLanes implements OutboxLanes {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(statements: ReturnType<typeof prepare>) {
    this.#statements = statements;
  }

  append(relay: string, lane: Lane, entries: readonly string[]): void {
    const index = lanes.indexOf(lane);
    const { lastSequence } = this.#laneRow(relay, index);
    let bytes = 0;
    for (const { sequence, body } of rowsOf(entries, lastSequence)) {
      this.#statements.insert.run(relay, index, sequence, body);
      bytes += body.length;
    }
    this.#count(relay, index, entries.length, bytes, entries.length);
  }

  first(
    relay: string,
    countMax: number,
    mayLeave: (lane: Lane, entry: StoredEntry) => boolean,
  ): readonly NumberedEntry[] {
    const found: NumberedEntry[] = [];
    for (const [index, lane] of lanes.entries()) {
      const left = countMax - found.length;
      if (left > 0) found.push(...this.#firstOf(relay, index, lane, left, mayLeave));
    }
    return found;
  }

  #firstOf(
    relay: string,
    index: number,
    lane: Lane,
    countMax: number,
    mayLeave: (lane: Lane, entry: StoredEntry) => boolean,
  ): readonly NumberedEntry[] {
    const found: NumberedEntry[] = [];
    for (const { body } of this.#statements.byOrder.iterate(relay, index)) {
      for (const [sequence, entry] of JSON.parse(body) as RowEntries) {
        if (found.length >= countMax || !mayLeave(lane, entry)) return found;
        found.push({ lane, sequence, entry });
      }
    }
    return found;
  }

  oldest(relay: string, lane: Lane): StoredEntry | undefined {
    const row = this.#statements.oldest.get(relay, lanes.indexOf(lane));
    return row && (JSON.parse(row.body) as RowEntries)[0]?.[1];
  }

  take(relay: string, lane: Lane, sequences: readonly number[]): readonly StoredEntry[] {
    const index = lanes.indexOf(lane);
    const named = new Set(sequences);
    const seen = new Set<number>();
    const taken: StoredEntry[] = [];
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

  bytes(): number {
    return this.#statements.total.get()?.bytes ?? 0;
  }

  fullest(lane: Lane): string | undefined {
    return this.#statements.fullest.get(lanes.indexOf(lane))?.relay;
  }

  #laneRow(relay: string, lane: number): LaneRow {
    return this.#statements.find.get(relay, lane) ?? { lastSequence: 0, entries: 0, bytes: 0 };
  }

  /** `entries` and `bytes` came, or went when negative; `numbers` were given out. */
  #count(relay: string, lane: number, entries: number, bytes: number, numbers = 0): void {
    const row = this.#laneRow(relay, lane);
    const after = { entries: row.entries + entries, bytes: row.bytes + bytes };
    assert(after.entries >= 0 && after.bytes >= 0, 'the outbox holds what its lanes say');
    const { lastSequence } = row;
    this.#statements.save.run(relay, lane, lastSequence + numbers, after.entries, after.bytes);
  }

  #takeFrom(relay: string, lane: number, row: Row, named: ReadonlySet<number>): StoredEntry[] {
    const all = JSON.parse(row.body) as RowEntries;
    const left = all.filter(([sequence]) => !named.has(sequence));
    const taken = all.filter(([sequence]) => named.has(sequence)).map(([, entry]) => entry);
    if (taken.length === 0) return taken;
    const body = left.length === 0 ? '' : JSON.stringify(left);
    if (left.length === 0) this.#statements.remove.run(relay, lane, row.sequence);
    else this.#statements.update.run(body, relay, lane, row.sequence);
    this.#count(relay, lane, -taken.length, body.length - row.body.length);
    return taken;
  }
}

function rowsOf(entries: readonly string[], lastSequence: number): Row[] {
  const rows: Row[] = [];
  let body = '';
  let held = 0;
  for (const [offset, entry] of entries.entries()) {
    const sequence = lastSequence + 1 + offset;
    body += `${held === 0 ? '[' : ','}[${sequence},${entry}]`;
    held += 1;
    const isFull = held >= rowEntriesMax || body.length >= rowBytesMax;
    if (!isFull && offset < entries.length - 1) continue;
    rows.push({ sequence: sequence - held + 1, body: `${body}]` });
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
    byOrder: database.prepare<[string, number], { body: string }>(
      'select body from outbox where relay = ? and lane = ? order by sequence',
    ),
    oldest: database.prepare<[string, number], { body: string }>(
      'select body from outbox where relay = ? and lane = ? order by sequence limit 1',
    ),
    removeOldest: database.prepare<{ relay: string; lane: number }, { body: string }>(
      `delete from outbox where relay = @relay and lane = @lane and sequence = (
         select min(sequence) from outbox where relay = @relay and lane = @lane)
       returning body`,
    ),
    total: database.prepare<[], { bytes: number }>(
      'select coalesce(sum(bytes), 0) as bytes from outbox_lane',
    ),
    fullest: database.prepare<[number], { relay: string }>(
      'select relay from outbox_lane where lane = ? and entries > 0 order by bytes desc limit 1',
    ),
  };
}
