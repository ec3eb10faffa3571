import { expect, it, onTestFinished } from 'vitest';
import { GatewayError } from '../../gateway/core/error.ts';
import type { EventName } from '../../gateway/core/event.ts';
import {
  type Channel,
  type Delivery,
  type Lane,
  type OutboxEntry,
  probeAfterMs,
} from '../../gateway/core/relay.ts';
import type { OutboxPort } from '../../gateway/delivery/delivery-channel.ts';
import { type Forwarder, startForwarder } from '../../gateway/delivery/forwarder.ts';
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
  /** On which line each of them went. */
  readonly channels: Channel[];
  readonly sentAt: number[];
  readonly logged: EventName[];
  readonly faults: unknown[];
  readonly closed: () => boolean;
  add(lane: Lane, ...values: number[]): void;
  readonly isEmpty: () => boolean;
}

interface Rules {
  /** How the hospital answers the values of the send with this index. */
  readonly answer?: (
    values: readonly number[],
    send: number,
    channel: Channel,
  ) => Delivery | Promise<Delivery>;
  readonly probe?: () => Promise<Delivery>;
  readonly clock?: () => number;
  readonly backlogPerSecondMax?: number;
  readonly onSend?: (batch: readonly OutboxEntry[]) => void;
  readonly outbox?: Partial<OutboxPort>;
  readonly chance?: number;
  readonly batchMax?: number;
  readonly waiting?: readonly (readonly [Lane, ...number[]])[];
}

/** The real outbox on disk, and a hospital that answers as it is told. */
function startWard({ answer = () => delivered, outbox, chance = 0, probe, ...rest }: Rules): Ward {
  const folder = temporaryFolder('forwarder');
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  const sends: (readonly number[])[] = [];
  const channels: Channel[] = [];
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
    backlogPerSecondMax: rest.backlogPerSecondMax ?? 1_000_000,
    monotonicMs: rest.clock ?? (() => performance.now()),
    connect: (channel) => ({
      async send(batch) {
        const values = valuesOf(batch);
        rest.onSend?.(batch);
        sends.push(values);
        channels.push(channel);
        sentAt.push(performance.now());
        return answer(values, sends.length - 1, channel);
      },
      ...(probe && { probe }),
      close() {
        isClosed = true;
      },
    }),
    outbox: {
      next: async (name, asked) => store.outbox.next(name, asked),
      delivered: async (name, names) => store.transact(() => store.outbox.delivered(name, names)),
      setAside: async (name, entry, cause, at) =>
        store.transact(() => store.outbox.setAside(name, entry, cause, at)),
      ...outbox,
    },
    log: (event) => void logged.push(event),
    now: () => 9,
    chance: () => chance,
    onDown: () => {},
    onFault: (error) => void faults.push(error),
  });
  onTestFinished(async () => {
    await forwarder.close();
    store.close();
    folder.remove();
  });
  const isEmpty = () => store.outbox.depths().every(({ entries }) => entries === 0);
  return {
    ...{ store, forwarder, sends, channels, sentAt, logged, faults, add, isEmpty },
    closed: () => isClosed,
  };
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

it('sends alerts on a line of their own, and each lane in the order of arrival', async () => {
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
  const sentBy = (channel: Channel) => ward.sends.filter((_, at) => ward.channels[at] === channel);
  expect(sentBy('alerts')).toEqual([[5]]);
  expect(sentBy('data')).toEqual([
    [4, 2, 3],
    [6, 1],
  ]);
});

it('lets no alert wait for a batch whose answer does not come', async () => {
  const stuck = Promise.withResolvers<Delivery>();
  const ward = startWard({
    answer: (_, __, channel) => (channel === 'data' ? stuck.promise : delivered),
    waiting: [['trend', 1]],
  });
  await until('the batch is under way', () => ward.sends.length === 1);
  for (const value of [2, 3, 4]) {
    ward.add('alert', value);
    ward.forwarder.wake(true);
    await until('the alert is there', () => ward.sends.length === value);
  }
  expect(ward.channels).toEqual(['data', 'alerts', 'alerts', 'alerts']);
  stuck.resolve(delivered);
  await until('everything sent', ward.isEmpty);
});

it('keeps alerts in their order, however long they wait', async () => {
  let isDown = true;
  const ward = startWard({
    answer: () => (isDown ? { outcome: 'retry', cause: '503' } : delivered),
    batchMax: 2,
    waiting: [['alert', ...range(5)]],
  });
  await until('it waits', () => ward.logged.includes('relay.down'));
  ward.add('alert', 5, 6);
  isDown = false;
  await until('everything sent', ward.isEmpty, 10_000);
  const arrived = ward.sends.slice(ward.sends.findLastIndex(([first]) => first === 0)).flat();
  expect(arrived).toEqual(range(7));
});

it('sends live data before the backlog, one batch of each in turn, and says their order', async () => {
  const orders: number[] = [];
  const first = Promise.withResolvers<Delivery>();
  const ward: Ward = startWard({
    batchMax: 2,
    answer: (_, send) => (send === 0 ? first.promise : delivered),
    waiting: [['trend', ...range(8)]],
    onSend: (batch) => orders.push(...batch.map(({ order }) => order)),
  });
  // What waited at the start is backlog.
  await until('the backlog is under way', () => ward.sends.length === 1);
  ward.add('trend', 100, 101, 102);
  first.resolve(delivered);
  await until('everything sent', ward.isEmpty);
  expect(ward.sends).toEqual([[0, 1], [100, 101], [2, 3], [102], [4, 5], [6, 7]]);
  expect(orders).toEqual([1, 2, 9, 10, 3, 4, 11, 5, 6, 7, 8]);
});

it('lets a backlog leave no faster than the site allows, and live data at once', async () => {
  const ward = startWard({
    batchMax: 2,
    backlogPerSecondMax: 10,
    waiting: [['trend', ...range(6)]],
  });
  await until('the backlog began', () => ward.sends.length > 0);
  const from = performance.now();
  ward.add('trend', 100);
  ward.forwarder.wake(false);
  await until('live data is there', () => ward.sends.some(([value]) => value === 100));
  await until('everything sent', ward.isEmpty, 5_000);
  // Two batches of two are still due, 200 ms apart.
  const tookMs = (ward.sentAt.at(-1) ?? 0) - from;
  expect(tookMs).toBeGreaterThan(350);
  expect(ward.sends.findIndex(([value]) => value === 100)).toBe(1);
});

it('believes a destination that answers entry by entry, and sends the others again', async () => {
  const ward = startWard({
    answer: ([first]) =>
      first === 3
        ? { outcome: 'refused', cause: 'AE', entryCount: 1 }
        : { outcome: 'delivered', entryCount: first === 0 ? 3 : 1 },
    waiting: [['numeric', ...range(6)]],
  });
  await until('everything decided', ward.isEmpty, 5_000);
  expect(ward.sends.map(([first]) => first)).toEqual([0, 3, 4, 5]);
  expect(ward.store.outbox.refused()).toMatchObject([
    { cause: 'AE', observations: [{ value: 3 }] },
  ]);
  expect(ward.store.counters.all()).toMatchObject({ 'delivered/ehr': 5, 'refused/ehr': 1 });
});

it('asks a silent destination whether it is there, and says when it is not', async () => {
  let now = 0;
  let isThere = false;
  const ward = startWard({
    clock: () => now,
    probe: async () => (isThere ? delivered : { outcome: 'retry', cause: 'ETIMEDOUT' }),
  });
  ward.forwarder.wake(true);
  await until('it rests', () => true);
  expect(ward.logged).toEqual([]);
  now = probeAfterMs;
  ward.forwarder.wake(true);
  await until(
    'it asked in vain',
    () => ward.logged.filter((one) => one === 'relay.down').length === 2,
  );
  isThere = true;
  now = 3 * probeAfterMs;
  await until(
    'it is back',
    () => ward.logged.filter((one) => one === 'relay.up').length === 2,
    10_000,
  );
});

it('lets no alert wait for the answer to a question, nor believes an answer it has outrun', async () => {
  let now = 0;
  const answer = Promise.withResolvers<Delivery>();
  let questions = 0;
  const ward = startWard({
    clock: () => now,
    probe() {
      questions += 1;
      return answer.promise;
    },
  });
  now = probeAfterMs;
  ward.forwarder.wake(true);
  await until('it asked on both lines', () => questions === 2);
  ward.add('alert', 1);
  ward.forwarder.wake(true);
  await until('the alert is there', ward.isEmpty);
  answer.resolve({ outcome: 'retry', cause: 'ETIMEDOUT' });
  await until('the other line is down', () => ward.logged.includes('relay.down'));
  ward.add('alert', 2);
  ward.forwarder.wake(true);
  await until('the next one is there, too', ward.isEmpty);
  expect(ward.logged).toEqual(['relay.down']);
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
  // Halving: log2 of the batch and one for each, and no small batches for the rest.
  expect(ward.sends.length).toBeLessThan(2 * 2 * 7);
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
    ward.forwarder.wake(true);
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
