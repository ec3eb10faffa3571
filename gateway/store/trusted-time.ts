import { type Provisional, repaired } from '../core/clock.ts';
import type { Observation } from '../core/observation.ts';
import { instantOf } from '../stages/clock-face.ts';
import type { Database } from './database.ts';

/** Runs of the machine whose true time is remembered; older ones owe nothing any more. */
const bootsMax = 64;

const noteEveryMs = 60_000;

/** What is known of true time: the newest of it, and where each run of the machine lies in it. */
export interface TrustedTime {
  /** The newest time that was ever known here; 0 before any was. */
  newest(): number;
  /** Written down once a minute at most. */
  note(at: number): void;
  /** True time minus monotonic time of that run of the machine, if it ever became known. */
  anchorOf(boot: string): number | undefined;
  keepAnchor(boot: string, anchorMs: number): void;
}

type DatedObservation = Pick<
  Observation,
  'at' | 'receivedAt' | 'clock' | 'deviceTime' | 'uncertaintyMs'
>;

/** What was dated before the time was known is read back where it belongs, once it is. */
export function inTrueTime<Dated extends DatedObservation>(
  dated: Dated & { readonly provisional?: Provisional | undefined },
  trustedTime: TrustedTime,
): Dated {
  if (!dated.provisional) return dated;
  const anchorMs = trustedTime.anchorOf(dated.provisional.boot);
  return anchorMs === undefined ? dated : withLateness(repaired(dated, anchorMs));
}

/**
 * Nobody could hold its device's clock against the time, neither where it is dated by its arrival nor by
 * what that clock's error seemed to be. It may be as old as that clock said: a device that was out of
 * reach sends what it kept, and does so steadily.
 */
function withLateness<Dated extends DatedObservation>(dated: Dated): Dated {
  const { at, receivedAt, deviceTime, uncertaintyMs } = dated;
  if (deviceTime === undefined || uncertaintyMs === undefined) return dated;
  const said = instantOf(deviceTime, receivedAt);
  if (said === undefined || Math.abs(at - said) <= uncertaintyMs) return dated;
  return { ...dated, uncertaintyMs: Math.abs(at - said) };
}

export function openTrustedTime(database: Database): TrustedTime {
  const newest = database.prepare<[], { at: number }>('select at from newest_time');
  const note = database.prepare(
    `insert into newest_time (one, at) values (1, ?)
     on conflict (one) do update set at = max(at, excluded.at)`,
  );
  const find = database.prepare<[string], { anchorMs: number }>(
    'select anchor_ms as anchorMs from boot where id = ?',
  );
  const keep = database.prepare(
    `insert into boot (id, anchor_ms) values (?, ?)
     on conflict (id) do update set anchor_ms = excluded.anchor_ms`,
  );
  const forget = database.prepare(
    'delete from boot where id not in (select id from boot order by anchor_ms desc limit ?)',
  );
  let notedAt = newest.get()?.at ?? 0;
  return {
    newest: () => newest.get()?.at ?? 0,
    note(at) {
      if (at < notedAt + noteEveryMs) return;
      note.run(Math.round(at));
      notedAt = at;
    },
    anchorOf: (boot) => find.get(boot)?.anchorMs,
    keepAnchor(boot, anchorMs) {
      keep.run(boot, anchorMs);
      forget.run(bootsMax);
    },
  };
}
