import assert from 'node:assert/strict';
import type { Released } from '../core/observation.ts';
import { type Lane, lanes, type OutboxEntry } from '../core/relay.ts';
import type { Counters } from './counters.ts';
import type { Database } from './database.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';

interface LaneRow {
  lastSequence: number;
  entries: number;
  bytes: number;
}

/** The name of one row. */
export interface EntryName {
  readonly lane: Lane;
  readonly sequence: number;
}

export interface OutboxDepth {
  readonly relay: string;
  readonly lane: Lane;
  readonly entries: number;
  readonly bytes: number;
  /** When the gateway received the oldest of it, milliseconds since the epoch. */
  readonly oldestAt?: number | undefined;
}

export interface RefusedEntry {
  readonly sequence: number;
  readonly relay: string;
  readonly lane: Lane;
  readonly cause: string;
  readonly refusedAt: number;
  readonly observations: readonly Released[];
}

export interface Shed {
  readonly relay: string;
  readonly lane: Lane;
  readonly entries: number;
}

/** How many entries one step of shedding takes. */
const shedStep = 256;
/** Alerts are never shed; the others in this order. */
const shedOrder: readonly Lane[] = ['waveform', 'trend', 'numeric'];

/**
 * What each destination is still owed, in the order it will be sent: by lane, then by arrival.
 * A row goes only when its own delivery is known. Every method runs inside the caller's
 * transaction.
 */
export interface Outbox {
  add(departures: Iterable<{ relay: string; lane: Lane; observations: readonly Released[] }>): void;
  next(relay: string, countMax: number): readonly OutboxEntry[];
  delivered(relay: string, names: readonly EntryName[]): void;
  setAside(relay: string, name: EntryName, cause: string, at: number): void;
  /** Makes room: never more than `bytesMax`, alerts excepted. Says what it had to let go. */
  shed(bytesMax: number): readonly Shed[];
  depths(): readonly OutboxDepth[];
  refused(relay?: string): readonly RefusedEntry[];
  /** Puts what was refused back in its lane, last. Returns how many. */
  retry(relay?: string): number;
}

export function openOutbox(database: Database, counters: Counters): Outbox {
  const statements = prepare(database);
  const { laneRow, saveLane, insert, next, remove, oldest, removeOldest, total, used } = statements;

  function row(relay: string, lane: number): LaneRow {
    return laneRow.get(relay, lane) ?? { lastSequence: 0, entries: 0, bytes: 0 };
  }

  function append(relay: string, lane: Lane, bodies: readonly string[]): void {
    const index = lanes.indexOf(lane);
    const state = row(relay, index);
    for (const body of bodies) {
      state.lastSequence += 1;
      state.entries += 1;
      state.bytes += body.length;
      insert.run(relay, index, state.lastSequence, body);
    }
    saveLane.run(relay, index, state.lastSequence, state.entries, state.bytes);
  }

  /** Takes rows out and their size with them. */
  function shrink(relay: string, lane: Lane, bodies: readonly { body: string }[]): void {
    const index = lanes.indexOf(lane);
    const { lastSequence, entries, bytes } = row(relay, index);
    const less = bodies.reduce((sum, { body }) => sum + body.length, 0);
    assert(entries >= bodies.length && bytes >= less, 'the outbox holds what its lanes say');
    saveLane.run(relay, index, lastSequence, entries - bodies.length, bytes - less);
  }

  function take(relay: string, { lane, sequence }: EntryName): { body: string } | undefined {
    return remove.get(relay, lanes.indexOf(lane), sequence);
  }

  return {
    add(departures) {
      const bodies = new Map<string, { relay: string; lane: Lane; bodies: string[] }>();
      for (const { relay, lane, observations } of departures) {
        const key = `${relay}/${lane}`;
        const group = bodies.get(key) ?? { relay, lane, bodies: [] };
        if (group.bodies.length === 0) bodies.set(key, group);
        group.bodies.push(encodeEntry(observations));
      }
      for (const group of bodies.values()) append(group.relay, group.lane, group.bodies);
    },

    next: (relay, countMax) =>
      next.all(relay, countMax).map(({ lane, sequence, body }) => ({
        lane: laneAt(lane),
        sequence,
        observations: decodeEntry(body),
      })),

    delivered(relay, names) {
      let observations = 0;
      for (const [lane, group] of Map.groupBy(names, (name) => name.lane)) {
        const gone = group.map((name) => take(relay, name)).filter((body) => body !== undefined);
        for (const { body } of gone) observations += decodeEntry(body).length;
        shrink(relay, lane, gone);
      }
      counters.add(`delivered/${relay}`, observations);
    },

    setAside(relay, name, cause, at) {
      const gone = take(relay, name);
      if (!gone) return;
      shrink(relay, name.lane, [gone]);
      statements.refuse.run(relay, lanes.indexOf(name.lane), gone.body, cause, at);
      counters.add(`refused/${relay}`, 1);
    },

    shed(bytesMax) {
      const shed: Shed[] = [];
      for (const lane of shedOrder) {
        const index = lanes.indexOf(lane);
        while ((total.get()?.bytes ?? 0) > bytesMax) {
          const fullest = used.get(index);
          if (!fullest) break;
          const { relay } = fullest;
          const gone = removeOldest.all({ relay, lane: index, countMax: shedStep });
          shrink(relay, lane, gone);
          counters.add(`shed/${relay}/${lane}`, gone.length);
          shed.push({ relay, lane, entries: gone.length });
        }
      }
      return shed;
    },

    depths: () =>
      statements.depths.all().map(({ relay, lane, entries, bytes }) => {
        const first = oldest.get(relay, lane);
        const oldestAt = first && decodeEntry(first.body)[0]?.receivedAt;
        return { relay, lane: laneAt(lane), entries, bytes, oldestAt };
      }),

    refused: (relay) =>
      statements.refused.all({ relay: relay ?? null }).map(({ body, lane, ...rest }) => ({
        ...rest,
        lane: laneAt(lane),
        observations: decodeEntry(body),
      })),

    retry(relay) {
      const back = statements.takeRefused.all({ relay: relay ?? null });
      const inOrder = back.toSorted((a, b) => a.sequence - b.sequence);
      for (const { relay, lane, body } of inOrder) append(relay, laneAt(lane), [body]);
      return back.length;
    },
  };
}

function laneAt(index: number): Lane {
  const lane = lanes[index];
  assert(lane, `lane ${index} exists`);
  return lane;
}

function prepare(database: Database) {
  return {
    laneRow: database.prepare<[string, number], LaneRow>(
      `select last_sequence as lastSequence, entries, bytes from outbox_lane
       where relay = ? and lane = ?`,
    ),
    saveLane: database.prepare(
      `insert into outbox_lane (relay, lane, last_sequence, entries, bytes) values (?, ?, ?, ?, ?)
       on conflict (relay, lane) do update set last_sequence = excluded.last_sequence,
         entries = excluded.entries, bytes = excluded.bytes`,
    ),
    insert: database.prepare(
      'insert into outbox (relay, lane, sequence, body) values (?, ?, ?, ?)',
    ),
    next: database.prepare<[string, number], { lane: number; sequence: number; body: string }>(
      `select lane, sequence, body from outbox where relay = ? order by lane, sequence limit ?`,
    ),
    remove: database.prepare<[string, number, number], { body: string }>(
      'delete from outbox where relay = ? and lane = ? and sequence = ? returning body',
    ),
    oldest: database.prepare<[string, number], { body: string }>(
      'select body from outbox where relay = ? and lane = ? order by sequence limit 1',
    ),
    removeOldest: database.prepare<
      { relay: string; lane: number; countMax: number },
      { body: string }
    >(
      `delete from outbox where relay = @relay and lane = @lane and sequence in (
         select sequence from outbox where relay = @relay and lane = @lane
         order by sequence limit @countMax)
       returning body`,
    ),
    total: database.prepare<[], { bytes: number }>(
      'select coalesce(sum(bytes), 0) as bytes from outbox_lane',
    ),
    used: database.prepare<[number], { relay: string }>(
      'select relay from outbox_lane where lane = ? and entries > 0 order by bytes desc limit 1',
    ),
    depths: database.prepare<[], { relay: string; lane: number; entries: number; bytes: number }>(
      'select relay, lane, entries, bytes from outbox_lane order by relay, lane',
    ),
    refuse: database.prepare(
      'insert into refused (relay, lane, body, cause, refused_at) values (?, ?, ?, ?, ?)',
    ),
    refused: database.prepare<
      { relay: string | null },
      {
        sequence: number;
        relay: string;
        lane: number;
        body: string;
        cause: string;
        refusedAt: number;
      }
    >(
      `select sequence, relay, lane, body, cause, refused_at as refusedAt from refused
       where @relay is null or relay = @relay order by sequence`,
    ),
    takeRefused: database.prepare<
      { relay: string | null },
      { sequence: number; relay: string; lane: number; body: string }
    >(
      `delete from refused where @relay is null or relay = @relay
       returning sequence, relay, lane, body`,
    ),
  };
}
