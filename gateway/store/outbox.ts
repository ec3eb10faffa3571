import type { Provisional } from '../core/clock.ts';
import type { Released } from '../core/observation.ts';
import { type Lane, lanes, type OutboxPage, type Portion } from '../core/relay.ts';
import type { Counters } from './counters.ts';
import type { Database } from './database.ts';
import { countOf, decodeEntry, encodeEntry, markOf, type StoredEntry } from './entry-codec.ts';
import { type Arrival, laneAt, type OutboxLanes, openLanes } from './outbox-lanes.ts';
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

/** Bytes that all destinations together may be owed. */
export interface OutboxBudget {
  readonly bytesMax: number;
  /** Of one lane alone, besides. There is none for alerts. */
  readonly laneBytesMax: Readonly<Partial<Record<SheddableLane, number | undefined>>>;
}

export interface Shed {
  readonly relay: string;
  readonly lane: Lane;
  readonly entries: number;
}

/** Alerts are never shed; the others in this order. */
const shedOrder = ['waveform', 'trend', 'numeric'] as const satisfies readonly Lane[];
type SheddableLane = (typeof shedOrder)[number];

/**
 * What each destination is still owed, in the order it will be sent: by lane, then by arrival.
 * A row goes only when its own delivery is known. Every method runs inside the caller's
 * transaction.
 */
export interface Outbox {
  add(departures: Iterable<{ relay: string; lane: Lane; observations: readonly Released[] }>): void;
  /** `moment` is now on the monotonic clock: what waits for the time to be known stays till then. */
  next(relay: string, portion: Portion, moment?: Provisional): OutboxPage;
  delivered(relay: string, names: readonly EntryName[]): void;
  setAside(relay: string, name: EntryName, cause: string, at: number): void;
  /** Makes room: never more than the budget, alerts excepted. Says what it had to let go. */
  shed(budget: OutboxBudget): readonly Shed[];
  depths(): readonly OutboxDepth[];
  refused(relay?: string): readonly RefusedEntry[];
  /** How much was refused, by destination and cause. */
  refusals(): readonly {
    readonly relay: string;
    readonly cause: string;
    readonly entries: number;
  }[];
  /** Puts what was refused back in its lane, last, but with its old place. Returns how many. */
  retry(relay?: string): number;
  /** Throws away all that one destination is owed, and what it refused. Returns how many. */
  discard(relay: string): number;
}

export function openOutbox(
  database: Database,
  counters: Counters,
  trustedTime: TrustedTime,
): Outbox {
  const rows = openLanes(database);
  const { depths, refuse, refused, refusals, takeRefused } = prepare(database);

  return {
    add: (departures) => addTo(rows, departures),

    next(relay, portion, moment) {
      const mayLeave = (lane: Lane, entry: StoredEntry) => {
        const mark = markOf(entry);
        return lane === 'alert' || !mark || !isWaiting(mark, moment, trustedTime);
      };
      const entries = rows.first(relay, portion, mayLeave).map(({ entry, ...name }) => ({
        ...name,
        observations: decodeEntry(entry).map((one) => inTrueTime(one, trustedTime)),
      }));
      return { entries, lastSequence: rows.last(relay) };
    },

    delivered(relay, names) {
      let observations = 0;
      for (const [lane, group] of Map.groupBy(names, (name) => name.lane)) {
        const sequences = group.map(({ sequence }) => sequence);
        for (const { entry } of rows.take(relay, lane, sequences)) observations += countOf(entry);
      }
      counters.add(`delivered/${relay}`, observations);
    },

    setAside(relay, { lane, sequence }, cause, at) {
      for (const { entry, order } of rows.take(relay, lane, [sequence])) {
        refuse.run(relay, lanes.indexOf(lane), order, JSON.stringify(entry), cause, at);
        counters.add(`refused/${relay}`, 1);
      }
    },

    shed: (budget) => shedTo(budget, rows, counters),

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
      putBack(back, rows);
      return back.length;
    },

    discard(relay) {
      const entries = rows.clear(relay) + takeRefused.all({ relay }).length;
      if (entries > 0) counters.add(`discarded/${relay}`, entries);
      return entries;
    },
  };
}

function addTo(rows: OutboxLanes, departures: Parameters<Outbox['add']>[0]): void {
  const groups = new Map<string, Arrival[]>();
  for (const { relay, lane, observations } of departures) {
    const arrival = { lane, entry: encodeEntry(observations) };
    const group = groups.get(relay);
    if (group) group.push(arrival);
    else groups.set(relay, [arrival]);
  }
  for (const [relay, arrivals] of groups) rows.append(relay, arrivals);
}

/** In the order of arrival. */
function putBack(
  back: readonly {
    readonly relay: string;
    readonly lane: number;
    readonly order: number;
    readonly body: string;
  }[],
  rows: OutboxLanes,
): void {
  const inOrder = back.toSorted((one, other) => one.order - other.order);
  for (const [relay, group] of Map.groupBy(inOrder, (row) => row.relay)) {
    const arrivals = group.map(({ lane, order, body }) => ({
      lane: laneAt(lane),
      order,
      entry: body,
    }));
    rows.append(relay, arrivals);
  }
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

/** First each lane to its own budget, then all of them together to theirs. */
function shedTo(
  { bytesMax, laneBytesMax }: OutboxBudget,
  rows: OutboxLanes,
  counters: Counters,
): readonly Shed[] {
  const byLane = shedOrder.flatMap((lane) => {
    const laneMax = laneBytesMax[lane];
    if (laneMax === undefined) return [];
    return shedLane(rows, counters, lane, () => rows.bytes(lane) > laneMax);
  });
  const together = shedOrder.flatMap((lane) =>
    shedLane(rows, counters, lane, () => rows.bytes() > bytesMax),
  );
  return [...byLane, ...together];
}

/** Takes the oldest of the lane, from whoever holds most of it, until what is left fits. */
function shedLane(
  rows: OutboxLanes,
  counters: Counters,
  lane: Lane,
  isTooMuch: () => boolean,
): Shed[] {
  const entries = new Map<string, number>();
  while (isTooMuch()) {
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
      `insert into refused (relay, lane, arrival, body, cause, refused_at)
       values (?, ?, ?, ?, ?, ?)`,
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
      { order: number; relay: string; lane: number; body: string }
    >(
      `delete from refused where @relay is null or relay = @relay
       returning arrival as "order", relay, lane, body`,
    ),
  };
}
