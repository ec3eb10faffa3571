import assert from 'node:assert/strict';
import { type Lane, lanes } from '../core/relay.ts';
import type { Database } from './database.ts';

interface LaneRow {
  lastSequence: number;
  entries: number;
  bytes: number;
}

/** The rows of the outbox and, beside them, what each lane holds: nobody ever has to count. */
export interface OutboxLanes {
  append(relay: string, lane: Lane, bodies: readonly string[]): void;
  /** The named row’s body, taken out; undefined when it is gone already. */
  take(relay: string, lane: Lane, sequence: number): string | undefined;
  takeOldest(relay: string, lane: Lane, countMax: number): readonly string[];
  bytes(): number;
  /** The relay that holds most of this lane. */
  fullest(lane: Lane): string | undefined;
}

export function openLanes(database: Database): OutboxLanes {
  const find = database.prepare<[string, number], LaneRow>(
    `select last_sequence as lastSequence, entries, bytes from outbox_lane
     where relay = ? and lane = ?`,
  );
  const save = database.prepare(
    `insert into outbox_lane (relay, lane, last_sequence, entries, bytes) values (?, ?, ?, ?, ?)
     on conflict (relay, lane) do update set last_sequence = excluded.last_sequence,
       entries = excluded.entries, bytes = excluded.bytes`,
  );
  const insert = database.prepare(
    'insert into outbox (relay, lane, sequence, body) values (?, ?, ?, ?)',
  );
  const take = database.prepare<[string, number, number], { body: string }>(
    'delete from outbox where relay = ? and lane = ? and sequence = ? returning body',
  );
  const takeOldest = database.prepare<
    { relay: string; lane: number; countMax: number },
    { body: string }
  >(
    `delete from outbox where relay = @relay and lane = @lane and sequence in (
       select sequence from outbox where relay = @relay and lane = @lane
       order by sequence limit @countMax)
     returning body`,
  );
  const bytes = database.prepare<[], { bytes: number }>(
    'select coalesce(sum(bytes), 0) as bytes from outbox_lane',
  );
  const fullest = database.prepare<[number], { relay: string }>(
    'select relay from outbox_lane where lane = ? and entries > 0 order by bytes desc limit 1',
  );

  /** `bodies` came (1) or went (-1). */
  function count(relay: string, lane: number, bodies: readonly string[], sign: 1 | -1): LaneRow {
    const row = find.get(relay, lane) ?? { lastSequence: 0, entries: 0, bytes: 0 };
    row.entries += sign * bodies.length;
    for (const body of bodies) row.bytes += sign * body.length;
    assert(row.entries >= 0 && row.bytes >= 0, 'the outbox holds what its lanes say');
    return row;
  }

  function shrink(relay: string, lane: number, bodies: readonly string[]): void {
    const { lastSequence, entries, bytes } = count(relay, lane, bodies, -1);
    save.run(relay, lane, lastSequence, entries, bytes);
  }

  return {
    append(relay, lane, bodies) {
      const index = lanes.indexOf(lane);
      const { lastSequence, entries, bytes } = count(relay, index, bodies, 1);
      for (const [offset, body] of bodies.entries()) {
        insert.run(relay, index, lastSequence + 1 + offset, body);
      }
      save.run(relay, index, lastSequence + bodies.length, entries, bytes);
    },
    take(relay, lane, sequence) {
      const index = lanes.indexOf(lane);
      const row = take.get(relay, index, sequence);
      if (row) shrink(relay, index, [row.body]);
      return row?.body;
    },
    takeOldest(relay, lane, countMax) {
      const index = lanes.indexOf(lane);
      const bodies = takeOldest.all({ relay, lane: index, countMax }).map(({ body }) => body);
      shrink(relay, index, bodies);
      return bodies;
    },
    bytes: () => bytes.get()?.bytes ?? 0,
    fullest: (lane) => fullest.get(lanes.indexOf(lane))?.relay,
  };
}
