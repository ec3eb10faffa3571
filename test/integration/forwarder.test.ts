import { expect, it, onTestFinished } from 'vitest';
import { GatewayError } from '../../gateway/core/error.ts';
import type { EventName } from '../../gateway/core/event.ts';
import type { Delivery, Lane, OutboxEntry } from '../../gateway/core/relay.ts';
import { type Forwarder, type OutboxPort, startForwarder } from '../../gateway/forwarder.ts';
import { openStore, type Store } from '../../gateway/store/store.ts';
import { released } from '../support/released.ts';
import { temporaryFolder, until } from '../support/site.ts';

const relay = 'ehr';
const delivered: Delivery = { outcome: 'delivered' };

interface Ward {
  readonly store: Store;
  readonly forwarder: Forwarder;
  /** The values of every send, in order. */
  readonly sends: (readonly number[])[];
  readonly sentAt: number[];
  readonly logged: EventName[];
  readonly faults: unknown[];
  readonly closed: () => boolean;
  add(lane: Lane, ...values: number[]): void;
  readonly isEmpty: () => boolean;
}

interface Rules {
  /** How the hospital answers the values of the send with this index. */
  readonly answer?: (values: readonly number[], send: number) => Delivery | Promise<Delivery>;
  readonly outbox?: Partial<OutboxPort>;
  readonly chance?: number;
  readonly batchMax?: number;
  readonly waiting?: readonly (readonly [Lane, ...number[]])[];
}

/** The real outbox on disk, and a hospital that answers as it is told. */
function startWard({ answer = () => delivered, outbox, chance = 0, ...rest }: Rules): Ward {
  const folder = temporaryFolder('forwarder');
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  const sends: (readonly number[])[] = [];
  const sentAt: number[] = [];
  const logged: EventName[] = [];
  const faults: unknown[] = [];
  let isClosed = false;
  const add = (lane: Lane, ...values: number[]) =>
    store.transact(() =>
      store.outbox.add(
        values.map((value) => ({
          relay,
          lane,
          observations: [released({ id: `k${value}.0`, value })],
        })),
      ),
    );
  for (const [lane, ...values] of rest.waiting ?? []) add(lane, ...values);
  const forwarder = startForwarder({
    relay,
    batchMax: rest.batchMax ?? 100,
    connection: {
      async send(batch) {
        const values = valuesOf(batch);
        sends.push(values);
        sentAt.push(performance.now());
        return answer(values, sends.length - 1);
      },
      close() {
        isClosed = true;
      },
    },
    outbox: {
      next: async (name, countMax) => store.outbox.next(name, countMax),
      delivered: async (name, names) => store.transact(() => store.outbox.delivered(name, names)),
      setAside: async (name, entry, cause, at) =>
        store.transact(() => store.outbox.setAside(name, entry, cause, at)),
      ...outbox,
    },
    log: (event) => void logged.push(event),
    now: () => 9,
    chance: () => chance,
    onFault: (error) => void faults.push(error),
  });
  onTestFinished(async () => {
    await forwarder.close();
    store.close();
    folder.remove();
  });
  const isEmpty = () => store.outbox.depths().every(({ entries }) => entries === 0);
  return { store, forwarder, sends, sentAt, logged, faults, closed: () => isClosed, add, isEmpty };
}

function valuesOf(batch: readonly OutboxEntry[]): number[] {
  return batch.flatMap(({ observations }) =>
    observations.map((each) => ('value' in each ? Number(each.value) : Number.NaN)),
  );
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
/** Pauses between sends, in milliseconds. */
const pausesOf = ({ sentAt }: Ward) =>
  sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? 0));

it('sends alerts before anything else, and each lane in the order of arrival', async () => {
  const ward = startWard({
    batchMax: 3,
    waiting: [
      ['waveform', 1],
      ['trend', 2, 3],
      ['numeric', 4],
      ['alert', 5],
      ['trend', 6],
    ],
  });
  await until('everything sent', ward.isEmpty);
  expect(ward.sends).toEqual([
    [5, 4, 2],
    [3, 6, 1],
  ]);
});

it('narrows a refusal down to the one entry, sets it aside, and delivers all the others', async () => {
  const poison = [13, 40];
  const answer = (values: readonly number[]): Delivery =>
    values.some((value) => poison.includes(value))
      ? { outcome: 'refused', cause: 'HTTP 422' }
      : delivered;
  const arrived: number[] = [];
  const ward = startWard({
    answer(values) {
      const verdict = answer(values);
      if (verdict.outcome === 'delivered') arrived.push(...values);
      return verdict;
    },
    waiting: [['trend', ...range(64)]],
  });
  await until('everything decided', ward.isEmpty);
  expect(arrived).toEqual(range(64).filter((value) => !poison.includes(value)));
  expect(ward.store.outbox.refused()).toMatchObject([
    { cause: 'HTTP 422', refusedAt: 9, observations: [{ value: 13 }] },
    { cause: 'HTTP 422', refusedAt: 9, observations: [{ value: 40 }] },
  ]);
  // Halving: a handful of sends for each, not one for every entry.
  expect(ward.sends.length).toBeLessThan(40);
  expect(ward.logged.filter((event) => event === 'relay.refused')).toHaveLength(2);
});

it('sends again what nobody knows the fate of, the same and in the same order', async () => {
  const ward = startWard({
    answer: (_, send) => (send < 2 ? { outcome: 'unknown', cause: 'ECONNRESET' } : delivered),
    waiting: [['numeric', 1, 2]],
  });
  await until('everything sent', ward.isEmpty);
  expect(ward.sends).toEqual([[1, 2], [1], [1], [2]]);
  expect(ward.logged).toEqual(['relay.down', 'relay.up']);
  expect(ward.store.counters.all()).toMatchObject({ 'delivered/ehr': 2 });
});

it('waits as long as it is asked to, and longer at each failure', async () => {
  const asked = startWard({
    answer: (_, send) =>
      send === 0 ? { outcome: 'retry', cause: '503', afterMs: 700 } : delivered,
    waiting: [['trend', 1]],
  });
  const failing: Rules = {
    answer: (_, send) => (send < 3 ? { outcome: 'retry', cause: '500' } : delivered),
    waiting: [['trend', 1]],
  };
  const least = startWard({ ...failing, chance: 0 });
  const most = startWard({ ...failing, chance: 0.999 });
  for (const ward of [asked, least, most]) await until('everything sent', ward.isEmpty);
  expect(pausesOf(asked)[0]).toBeGreaterThan(690);
  // 250 ms doubled each time, and of that a half to the whole.
  for (const [index, wholeMs] of [250, 500, 1_000].entries()) {
    expect(pausesOf(least)[index]).toBeGreaterThan(wholeMs / 2 - 10);
    expect(pausesOf(most)[index]).toBeGreaterThan(wholeMs - 10);
  }
  const sum = (pauses: readonly number[]) => pauses.reduce((total, each) => total + each, 0);
  expect(sum(pausesOf(least))).toBeLessThan(sum(pausesOf(most)));
});

it('goes on once the store can be written again, and loses nothing meanwhile', async () => {
  let failures = 0;
  const ward: Ward = startWard({
    outbox: {
      async delivered(name, names) {
        failures += 1;
        if (failures < 3) throw new GatewayError('store-full', 'no space');
        ward.store.transact(() => ward.store.outbox.delivered(name, names));
      },
    },
    waiting: [['numeric', 1, 2]],
  });
  await until('everything delivered', ward.isEmpty);
  expect(ward.sends).toEqual([[1, 2], [1], [1], [2]]);
  expect(ward.faults).toEqual([]);
});

it('reports a fault of ours and stops, instead of going on without knowing', async () => {
  const ward = startWard({
    answer: () => {
      throw new TypeError('planted');
    },
    waiting: [['numeric', 1]],
  });
  await until('a fault', () => ward.faults.length > 0);
  expect(ward.faults).toMatchObject([{ message: 'planted' }]);
  expect(ward.isEmpty()).toBe(false);
});

it('wakes at once when something new waits', async () => {
  const ward = startWard({});
  for (const value of [1, 2, 3]) {
    ward.add('alert', value);
    const from = performance.now();
    ward.forwarder.wake();
    await until('it sent', () => ward.sends.length === value);
    // Far less than the second between two looks of its own.
    expect((ward.sentAt.at(-1) ?? 0) - from).toBeLessThan(500);
  }
});

it('finds by itself what another process put into the outbox', async () => {
  const ward = startWard({});
  ward.add('trend', 7);
  await until('it sent', ward.isEmpty, 5_000);
  expect(ward.sends).toEqual([[7]]);
});

it('ends at once while it waits for a hospital that is down, and keeps what it owes', async () => {
  const ward = startWard({
    answer: () => ({ outcome: 'retry', cause: '503', afterMs: 3_600_000 }),
    waiting: [['numeric', 1]],
  });
  await until('it waits', () => ward.logged.includes('relay.down'));
  const from = performance.now();
  await ward.forwarder.close();
  expect(performance.now() - from).toBeLessThan(1_000);
  expect(ward.closed()).toBe(true);
  expect(ward.isEmpty()).toBe(false);
});

it('ends after the answer that is under way, and writes it down', async () => {
  const answer = Promise.withResolvers<Delivery>();
  const ward = startWard({ answer: () => answer.promise, waiting: [['numeric', 1]] });
  await until('it sends', () => ward.sends.length === 1);
  const closing = ward.forwarder.close();
  answer.resolve(delivered);
  await closing;
  expect(ward.isEmpty()).toBe(true);
});

it('lets go of what was delivered of a batch, and sends the rest again in order', async () => {
  const ward = startWard({
    waiting: [['numeric', 1, 2, 3, 4, 5]],
    answer: (values, send) => {
      if (send === 0) return { outcome: 'delivered', entryCount: 2 };
      if (send === 1) return { outcome: 'unknown', cause: 'broken' };
      return values.length > 1 ? { outcome: 'delivered', entryCount: 1 } : delivered;
    },
  });
  await until('everything sent', ward.isEmpty);
  expect(ward.sends.slice(0, 3)).toEqual([[1, 2, 3, 4, 5], [3, 4, 5], [3]]);
  const firsts = ward.sends.slice(2).map(([first]) => first);
  expect(firsts).toEqual([3, 4, 5]);
  expect(ward.logged).toEqual(['relay.down', 'relay.up']);
});
