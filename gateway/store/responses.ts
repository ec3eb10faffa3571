import type { Response, ResponseState, TimedAction } from '../core/response.ts';
import type { Database } from './database.ts';

/** The most kept: an attacker’s noise must not fill the disk. */
const responsesMax = 20_000;

/** What was done about findings, and what waits for a person. */
export interface Responses {
  add(response: Omit<Response, 'sequence'>): number;
  find(sequence: number): Response | undefined;
  /** Newest first, at most so many. */
  list(countMax: number, state?: ResponseState): readonly Response[];
  of(episode: number): readonly Response[];
  /** Active or held, of this action on this device or address. */
  pending(action: TimedAction, object: string): Response | undefined;
  /** All that is active or held. */
  pendings(): readonly Response[];
  /** Whether a person took the same back since then. */
  wasUndone(action: TimedAction, object: string, since: number): boolean;
  /** Active or held, and over by then. */
  due(now: number): readonly Response[];
  /** What an active action is in force on. */
  objectsOf(action: TimedAction): readonly string[];
  settle(sequence: number, settlement: Settlement): void;
  /** Forgets what is over and older, and the oldest beyond the limit. */
  forget(before: number): void;
}

export type Settlement = Pick<Response, 'state'> &
  Readonly<Required<Pick<Response, 'actor' | 'settledAt'>>> & { readonly until: number };

type Nullable = 'until' | 'actor' | 'settledAt';
type Row = Omit<Response, Nullable> & {
  readonly [Key in Nullable]: NonNullable<Response[Key]> | null;
};

const columns = `sequence, episode, threat, detector, action, object, state, reason, at,
  lasts_ms as lastsMs, until, actor, settled_at as settledAt`;

export function openResponses(database: Database): Responses {
  const select = <Given extends unknown[]>(rest: string) =>
    database.prepare<Given, Row>(`select ${columns} from response ${rest}`);
  const add = database.prepare(
    `insert into response (episode, threat, detector, action, object, state, reason, at, lasts_ms,
       until)
     values (@episode, @threat, @detector, @action, @object, @state, @reason, @at, @lastsMs, @until)`,
  );
  const find = select<[number]>('where sequence = ?');
  const list = select<[{ state: string | null; countMax: number }]>(
    'where (@state is null or state = @state) order by sequence desc limit @countMax',
  );
  const of = select<[number]>('where episode = ? order by sequence');
  const pending = select<[string, string]>(
    `where action = ? and object = ? and state in ('active', 'held') order by sequence limit 1`,
  );
  const pendings = select<[]>(`where state in ('active', 'held') order by sequence`);
  const undone = select<[string, string, number]>(
    `where action = ? and object = ? and state = 'undone' and settled_at >= ? limit 1`,
  );
  const due = select<[number]>(`where state in ('active', 'held') and until <= ?`);
  const objects = database
    .prepare<[string], string>(
      `select object from response where action = ? and state = 'active' order by sequence`,
    )
    .pluck();
  const settle = database.prepare(
    `update response set state = @state, actor = @actor, settled_at = @settledAt, until = @until
     where sequence = @sequence`,
  );
  const forget = database.prepare(
    `delete from response where state not in ('active', 'held')
       and (at < @before
         or sequence <= (select coalesce(max(sequence), 0) from response) - @countMax)`,
  );
  return {
    add: ({ until = null, ...row }) => Number(add.run({ ...row, until }).lastInsertRowid),
    find: (sequence) => withoutNull(find.get(sequence)),
    list: (countMax, state = undefined) => all(list.all({ state: state ?? null, countMax })),
    of: (episode) => all(of.all(episode)),
    pending: (action, object) => withoutNull(pending.get(action, object)),
    pendings: () => all(pendings.all()),
    wasUndone: (action, object, since) => undone.get(action, object, since) !== undefined,
    due: (now) => all(due.all(now)),
    objectsOf: (action) => objects.all(action),
    settle: (sequence, settlement) => void settle.run({ sequence, ...settlement }),
    forget: (before) => void forget.run({ before, countMax: responsesMax }),
  };
}

function all(rows: readonly Row[]): readonly Response[] {
  return rows.flatMap((row) => withoutNull(row) ?? []);
}

function withoutNull(row: Row | undefined): Response | undefined {
  if (!row) return undefined;
  const said = Object.entries(row).filter(([, value]) => value !== null);
  return Object.fromEntries(said) as unknown as Response;
}
