import type { Provisional } from '../core/clock.ts';
import type { Released } from '../core/observation.ts';
import { type Lane, lanes, type OutboxEntry } from '../core/relay.ts';
import type { Counters } from './counters.ts';
import type { Database } from './database.ts';
import { decodeEntry, encodeEntry, markOf, type StoredEntry } from './entry-codec.ts';
import { laneAt, type OutboxLanes, openLanes } from './outbox-lanes.ts';
import { inTrueTime, type TrustedTime } from './trusted-time.ts';

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

/** Alerts are never shed; the others in this order. */
const shedOrder: readonly Lane[] = ['waveform', 'trend', 'numeric'];

/**
 * What each destination is still owed, in the order it will be sent: by lane, then by arrival.
 * A row goes only when its own delivery is known. Every method runs inside the caller's
 * transaction.
 */
export interface Outbox {
  add(departures: Iterable<{ relay: string; lane: Lane; observations: readonly Released[] }>): void;
  /** `moment` is now on the monotonic clock: what waits for the time to be known stays till then. */
  next(relay: string, countMax: number, moment?: Provisional): readonly OutboxEntry[];
  delivered(relay: string, names: readonly EntryName[]): void;
  setAside(relay: string, name: EntryName, cause: string, at: number): void;
  /** Makes room: never more than `bytesMax`, alerts excepted. Says what it had to let go. */
  shed(bytesMax: number): readonly Shed[];
  depths(): readonly OutboxDepth[];
  refused(relay?: string): readonly RefusedEntry[];
  /** How much was refused, by destination and cause. */
  refusals(): readonly {
    readonly relay: string;
    readonly cause: string;
    readonly entries: number;
  }[];
  /** Puts what was refused back in its lane, last. Returns how many. */
  retry(relay?: string): number;
}

export function openOutbox(
  database: Database,
  counters: Counters,
  trustedTime: TrustedTime,
): Outbox {
  const rows = openLanes(database);
  const { depths, refuse, refused, refusals, takeRefused } = prepare(database);

  return {
    add(departures) {
      const groups = new Map<string, { relay: string; lane: Lane; entries: string[] }>();
      for (const { relay, lane, observations } of departures) {
        const key = `${relay}/${lane}`;
        const group = groups.get(key) ?? { relay, lane, entries: [] };
        if (group.entries.length === 0) groups.set(key, group);
        group.entries.push(encodeEntry(observations));
      }
      for (const { relay, lane, entries } of groups.values()) rows.append(relay, lane, entries);
    },

    next(relay, countMax, moment) {
      const mayLeave = (lane: Lane, entry: StoredEntry) => {
        const mark = markOf(entry);
        return lane === 'alert' || !mark || !isWaiting(mark, moment, trustedTime);
      };
      return rows.first(relay, countMax, mayLeave).map(({ entry, ...name }) => ({
        ...name,
        observations: decodeEntry(entry).map((one) => inTrueTime(one, trustedTime)),
      }));
    },

    delivered(relay, names) {
      let observations = 0;
      for (const [lane, group] of Map.groupBy(names, (name) => name.lane)) {
        const sequences = group.map(({ sequence }) => sequence);
        for (const entry of rows.take(relay, lane, sequences)) {
          observations += decodeEntry(entry).length;
        }
      }
      counters.add(`delivered/${relay}`, observations);
    },

    setAside(relay, { lane, sequence }, cause, at) {
      for (const entry of rows.take(relay, lane, [sequence])) {
        refuse.run(relay, lanes.indexOf(lane), JSON.stringify(entry), cause, at);
        counters.add(`refused/${relay}`, 1);
      }
    },

    shed: (bytesMax) => shedOrder.flatMap((lane) => shedLane(rows, counters, lane, bytesMax)),

    depths: () =>
      depths.all().map(({ lane: index, ...rest }) => {
        const lane = laneAt(index);
        const oldest = rows.oldest(rest.relay, lane);
        const oldestAt = oldest && decodeEntry(oldest)[0]?.receivedAt;
        return { ...rest, lane, oldestAt };
      }),

    refused: (relay) =>
      refused.all({ relay: relay ?? null }).map(({ body, lane, ...rest }) => ({
        ...rest,
        lane: laneAt(lane),
        observations: decodeEntry(JSON.parse(body)),
      })),

    refusals: () => refusals.all(),

    retry(relay) {
      const back = takeRefused.all({ relay: relay ?? null });
      const inOrder = back.toSorted((a, b) => a.sequence - b.sequence);
      for (const { relay, lane, body } of inOrder) rows.append(relay, laneAt(lane), [body]);
      return back.length;
    },
  };
}

/** A destination waits at most this long for the time of a measurement; then it gets it marked. */
const trustWaitMsMax = 15 * 60_000;

/** Of another run of the machine, whose time was never known, it never will be. */
function isWaiting(
  { boot, monotonicMs }: Provisional,
  moment: Provisional | undefined,
  trustedTime: TrustedTime,
): boolean {
  if (moment?.boot !== boot || trustedTime.anchorOf(boot) !== undefined) return false;
  return moment.monotonicMs - monotonicMs < trustWaitMsMax;
}

/** Takes the oldest of the lane, from whoever holds most of it, until the outbox fits. */
function shedLane(rows: OutboxLanes, counters: Counters, lane: Lane, bytesMax: number): Shed[] {
  const entries = new Map<string, number>();
  while (rows.bytes() > bytesMax) {
    const relay = rows.fullest(lane);
    if (relay === undefined) break;
    entries.set(relay, (entries.get(relay) ?? 0) + rows.shed(relay, lane));
  }
  for (const [relay, count] of entries) counters.add(`shed/${relay}/${lane}`, count);
  return [...entries].map(([relay, count]) => ({ relay, lane, entries: count }));
}

function prepare(database: Database) {
  return {
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
    refusals: database.prepare<[], { relay: string; cause: string; entries: number }>(
      `select relay, cause, count(*) as entries from refused
       group by relay, cause order by relay, cause`,
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
