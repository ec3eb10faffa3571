import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayError } from '../../gateway/core/error.ts';
import type { Released } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import type { Lane } from '../../gateway/core/relay.ts';
import { lockSite } from '../../gateway/store/database.ts';
import { decodeEntry, encodeEntry } from '../../gateway/store/entry-codec.ts';
import { openStore, type Store } from '../../gateway/store/store.ts';
import { budget, owed, portion } from '../support/outbox.ts';

const key = new Uint8Array(32).fill(7);

function temporarySite(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(directory = temporarySite()): Store {
  const store = openStore(directory, key);
  onTestFinished(() => store.close());
  return store;
}

const heartRate = (value: number): Released =>
  ({
    kind: 'numeric',
    id: `key-${value}.0`,
    device: '_device',
    subject: '_subject',
    at: 1_000 + value,
    clock: 'gateway',
    receivedAt: 2_000 + value,
    quality: 'good',
    metric: 'MDC_ECG_HEART_RATE',
    value,
  }) as unknown as Released;

const departure = (value: number, lane: Lane = 'trend', relay = 'ehr') => ({
  relay,
  lane,
  observations: [heartRate(value)],
});
const add = (store: Store, ...departures: ReturnType<typeof departure>[]) =>
  store.transact(() => store.outbox.add(departures));
const valuesOf = (store: Store, relay = 'ehr') =>
  owed(store, relay, 1_000).flatMap(({ observations }) =>
    observations.map((each) => 'value' in each && each.value),
  );

describe('the outbox', () => {
  it('sends alerts first, then each lane in the order of arrival', () => {
    const store = open();
    add(store, departure(1), departure(2, 'waveform'), departure(3));
    add(store, departure(4, 'alert'), departure(5, 'numeric'), departure(6));
    expect(valuesOf(store)).toEqual([4, 5, 1, 3, 6, 2]);
  });

  it('lets a row go only when that very row is delivered', () => {
    const store = open();
    add(store, departure(1), departure(2), departure(3));
    const [first, second] = owed(store, 'ehr', 2);
    store.transact(() => store.outbox.delivered('ehr', second ? [second] : []));
    expect(valuesOf(store)).toEqual([1, 3]);
    // Told twice: the second time there is nothing to let go.
    store.transact(() => store.outbox.delivered('ehr', second ? [second] : []));
    expect(valuesOf(store)).toEqual([1, 3]);
    expect(first?.sequence).toBe(1);
    expect(store.counters.all()).toMatchObject({ 'delivered/ehr': 1 });
  });

  it('sets what was refused aside with its cause, and sends it again on command', () => {
    const store = open();
    add(store, departure(1), departure(2));
    store.transact(() =>
      store.outbox.setAside('ehr', { lane: 'trend', sequence: 1 }, 'HTTP 422', 9),
    );
    expect(valuesOf(store)).toEqual([2]);
    expect(store.outbox.refused()).toMatchObject([
      { cause: 'HTTP 422', observations: [{ value: 1 }] },
    ]);
    expect(store.transact(() => store.outbox.retry('other'))).toBe(0);
    expect(store.transact(() => store.outbox.retry('ehr'))).toBe(1);
    expect(valuesOf(store)).toEqual([2, 1]);
    expect(store.outbox.refused()).toEqual([]);
  });

  it('sheds waveforms, then trends, then numerics, and never an alert', () => {
    const store = open();
    const lanes: Lane[] = ['alert', 'numeric', 'trend', 'waveform'];
    add(store, ...lanes.map((lane, value) => departure(value, lane)));
    const bytes = () => store.outbox.depths().reduce((sum, depth) => sum + depth.bytes, 0);
    const left: (readonly unknown[])[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      store.transact(() => store.outbox.shed(budget(bytes() - 1)));
      left.push(valuesOf(store));
    }
    expect(left).toEqual([[0, 1, 2], [0, 1], [0], [0]]);
    expect(store.counters.all()).toEqual({
      'shed/ehr/numeric': 1,
      'shed/ehr/trend': 1,
      'shed/ehr/waveform': 1,
    });
  });

  it('numbers what a destination is owed over all its lanes, and keeps the place of the refused', () => {
    const store = open();
    add(store, departure(1), departure(2, 'alert'), departure(3, 'waveform'), departure(4));
    add(store, departure(5, 'numeric'), departure(6, 'trend', 'other'));
    const places = (relay: string) =>
      owed(store, relay, 10).map(({ lane, sequence, order }) => [lane, sequence, order]);
    expect(places('ehr')).toEqual([
      ['alert', 2, 2],
      ['numeric', 5, 5],
      ['trend', 1, 1],
      ['trend', 4, 4],
      ['waveform', 3, 3],
    ]);
    expect(places('other')).toEqual([['trend', 1, 1]]);
    // Refused twice: its place is still the one it arrived at.
    for (const sequence of [1, 6]) {
      store.transact(() => {
        store.outbox.setAside('ehr', { lane: 'trend', sequence }, 'HTTP 422', 9);
        store.outbox.retry();
      });
    }
    expect(places('ehr').at(-2)).toEqual(['trend', 7, 1]);
  });

  it('gives what is asked for: lanes, numbers, at most so many entries and bytes', () => {
    const store = open();
    add(store, ...Array.from({ length: 100 }, (_, value) => departure(value + 1)));
    add(store, departure(101, 'waveform'), departure(102, 'alert'));
    const numbers = (changes: Parameters<typeof portion>[0]) =>
      store.outbox.next('ehr', portion(changes)).entries.map(({ sequence }) => sequence);
    expect(numbers({ lanes: ['alert'] })).toEqual([102]);
    expect(numbers({ after: 40, upTo: 43 })).toEqual([41, 42, 43]);
    expect(numbers({ after: 99 })).toEqual([102, 100, 101]);
    expect(numbers({ lanes: ['trend'], after: 30, countMax: 4 })).toEqual([31, 32, 33, 34]);
    // Whole rows, and one at least.
    expect(numbers({ lanes: ['trend'], bytesMax: 1 })).toHaveLength(32);
    expect(store.outbox.next('ehr', portion({ lanes: [] })).lastSequence).toBe(102);
  });

  it('keeps each lane to a budget of its own, where the site gives it one', () => {
    const store = open();
    const many = (lane: Lane) => Array.from({ length: 200 }, (_, value) => departure(value, lane));
    add(store, ...many('numeric'), ...many('trend'), ...many('waveform'));
    const bytesOf = () =>
      Object.fromEntries(store.outbox.depths().map(({ lane, bytes }) => [lane, bytes]));
    const before = bytesOf();
    const numericMax = Math.ceil((before['numeric'] ?? 0) / 2);
    const shed = store.transact(() =>
      store.outbox.shed({ bytesMax: 1e9, laneBytesMax: { numeric: numericMax } }),
    );
    expect(bytesOf()['numeric']).toBeLessThanOrEqual(numericMax);
    expect(bytesOf()).toMatchObject({ trend: before['trend'], waveform: before['waveform'] });
    expect(shed).toMatchObject([{ relay: 'ehr', lane: 'numeric' }]);
  });

  it('knows what its lanes hold, whatever was added, delivered, refused and shed', () => {
    const store = open();
    const act = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 70 }) }),
      fc.record({ kind: fc.constant('refuse' as const), count: fc.constant(1) }),
      fc.record({ kind: fc.constant('retry' as const), count: fc.constant(1) }),
      fc.record({ kind: fc.constant('discard' as const), count: fc.constant(1) }),
      fc.record({
        kind: fc.constant('shed' as const),
        count: fc.integer({ min: 2_000, max: 9_000 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        for (const { kind, count } of acts) {
          store.transact(() => {
            const entries = owed(store, 'ehr', count);
            if (kind === 'add') {
              const many = Array.from({ length: 20 * count }, (_, value) => departure(value));
              store.outbox.add(many);
            } else if (kind === 'deliver') store.outbox.delivered('ehr', entries);
            else if (kind === 'refuse' && entries[0]) {
              store.outbox.setAside('ehr', entries[0], 'no', 1);
            } else if (kind === 'retry') store.outbox.retry();
            else if (kind === 'discard') store.outbox.discard('ehr');
            else store.outbox.shed(budget(count));
          });
        }
        const rows = owed(store, 'ehr', 10_000);
        expect(store.outbox.depths()[0]?.entries ?? 0).toBe(rows.length);
        expect(rows.map(({ sequence }) => sequence)).toEqual(
          rows.map(({ sequence }) => sequence).toSorted((one, other) => one - other),
        );
        store.transact(() => store.outbox.delivered('ehr', rows));
        expect(owed(store, 'ehr', 1)).toEqual([]);
        expect(store.outbox.depths()[0] ?? { entries: 0, bytes: 0 }).toMatchObject({
          entries: 0,
          bytes: 0,
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('the file', () => {
  it('keeps all of a transaction or none of it', () => {
    const store = open();
    expect(() =>
      store.transact(() => {
        store.outbox.add([departure(1)]);
        throw new RangeError('planted');
      }),
    ).toThrow('planted');
    expect(valuesOf(store)).toEqual([]);
  });

  it('survives being closed and opened, and refuses another key', () => {
    const directory = temporarySite();
    const store = openStore(directory, key);
    add(store, departure(1));
    store.close();
    expect(valuesOf(open(directory))).toEqual([1]);
    expect(() => openStore(directory, new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: 'store-damaged' }),
    );
  });

  it('holds nothing that can be read without the key', () => {
    const directory = temporarySite();
    const store = openStore(directory, key);
    store.transact(() => {
      const device = { id: 'mon-1', profile: 'p', class: 'IIb', function: 'monitor', ward: 'w' };
      store.devices.add({ ...device, addedAt: 1 } as never, { hash: '', expiresAt: 1 });
      store.devices.associate('mon-1' as never, new Phi('MRN-4711'), 1);
    });
    store.close();
    const bytes = readFileSync(join(directory, 'store/wardgate.db'));
    expect(bytes.includes('4711')).toBe(false);
    expect(bytes.includes('SQLite format 3')).toBe(false);
  });

  it('says so when it is damaged', () => {
    const directory = temporarySite();
    const store = openStore(directory, key);
    add(store, ...Array.from({ length: 500 }, (_, value) => departure(value)));
    expect(store.problem()).toBeUndefined();
    store.close();
    const path = join(directory, 'store/wardgate.db');
    const bytes = readFileSync(path);
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
    rmSync(path);
    // The flipped byte fails its page's HMAC.
    writeFileSync(path, bytes);
    expect(open(directory).problem()).toMatch(/page 2/);
  });

  it('lets one gateway at a time have the site', () => {
    const directory = temporarySite();
    const lock = lockSite(directory);
    expect(() => lockSite(directory)).toThrow(GatewayError);
    lock.close();
    lockSite(directory).close();
  });
});

describe('associations', () => {
  it('end where the next begins, and are kept', () => {
    const store = open();
    const device = { id: 'mon-1', profile: 'p', class: 'IIb', function: 'monitor', ward: 'w' };
    store.devices.add({ ...device, addedAt: 1 } as never, { hash: '', expiresAt: 1 });
    const id = 'mon-1' as never;
    store.devices.associate(id, new Phi('A'), 100);
    store.devices.associate(id, new Phi('B'), 200);
    expect(store.devices.dissociate(id, 300)).toBe(true);
    expect(store.devices.dissociate(id, 400)).toBe(false);
    const seen = store.devices
      .associations(id)
      .map(({ subject, since, until }) => [subject.reveal(), since, until]);
    expect(seen).toEqual([
      ['B', 200, 300],
      ['A', 100, 200],
    ]);
  });
});

it('writes what it held without names, and lets it expire with a count', () => {
  const store = open();
  const { subject: _, ...unbound } = heartRate(70);
  const observation = { ...unbound, note: new Phi('Jane'), performer: new Phi('nurse') } as never;
  const id = 'mon-1' as never;
  store.held.add(id, [observation], 'unbound', 100);
  store.held.add(id, [observation], 'swapped', 200);
  expect(JSON.stringify(store.held.of(id, ['unbound']))).not.toMatch(/phi|Jane|nurse/);
  expect(store.held.depths()).toEqual([
    { device: 'mon-1', cause: 'swapped', rows: 1, oldestAt: 200 },
    { device: 'mon-1', cause: 'unbound', rows: 1, oldestAt: 100 },
  ]);
  store.held.unblock(id, 'swapped');
  expect(store.held.of(id, ['unbound'])).toHaveLength(2);
  expect(store.held.expire(150)).toEqual([{ device: 'mon-1', rows: 1 }]);
  expect(store.held.depths()).toMatchObject([{ device: 'mon-1', rows: 1, oldestAt: 200 }]);
});

it('reads back what it wrote, whatever it is', () => {
  const shared = {
    device: '_d',
    at: 1_764_000_000_000,
    clock: 'device',
    receivedAt: 1_764_000_000_001,
  };
  const id = fc
    .base64String({ minLength: 4, maxLength: 22 })
    .map((text) => text.replace(/[+/=]/g, '_'));
  const value = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((n) => !Object.is(n, -0));
  const own = fc.oneof(
    fc.record({
      id,
      kind: fc.constant('numeric'),
      quality: fc.constantFrom('good', 'questionable'),
      metric: fc.constant('MDC_TEMP_BODY'),
      value,
    }),
    fc.record({
      id,
      kind: fc.constant('numeric'),
      quality: fc.constant('good'),
      metric: fc.constant('MDC_TEMP_BODY'),
      absent: fc.constantFrom('sensor-off', 'invalid'),
    }),
    fc.record({
      id,
      kind: fc.constant('enumeration'),
      quality: fc.constant('good'),
      metric: fc.constant('MDC_TEMP_BODY'),
      value: fc.string(),
    }),
    fc.record({
      id,
      kind: fc.constant('samples'),
      quality: fc.constant('good'),
      metric: fc.constant('MDC_TEMP_BODY'),
      periodMs: fc.integer({ min: 1, max: 1_000 }),
      value: fc.array(value),
    }),
    fc.record({
      id,
      kind: fc.constant('alert'),
      quality: fc.constant('good'),
      event: fc.constant('MDC_EVT_ALARM'),
      phase: fc.constant('start'),
      priority: fc.constant('high'),
    }),
  );
  const common = fc.record(
    { subject: fc.constant('_s'), deviceTime: fc.string() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(common, fc.array(own, { minLength: 1, maxLength: 6 }), (some, each) => {
      const observations = each.map((one, n) => ({ ...shared, ...some, ...one, id: `k-_9.${n}` }));
      const back = decodeEntry(JSON.parse(encodeEntry(observations as unknown as Released[])));
      expect(back).toEqual(observations);
    }),
  );
});
