import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { ClinicalFunction, DeviceId } from '../../gateway/core/device.ts';
import type { Intake } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { lanes } from '../../gateway/core/relay.ts';
import { defaultResponses, type ResponseSettings } from '../../gateway/core/response.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { openBatch } from '../../gateway/keeper/batch.ts';
import { startKeeper } from '../../gateway/keeper/keeping.ts';
import { openPolicyMaker } from '../../gateway/policy-maker.ts';
import { loadProfiles } from '../../gateway/site/profiles.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { openStore } from '../../gateway/store/store.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { letGo } from '../support/held.ts';
import { startInterface } from '../support/interface-under-test.ts';
import { budget, owed } from '../support/outbox.ts';
import { host, makeSite, temporaryFolder, until } from '../support/site.ts';
import { intake } from '../support/wards.ts';

vi.setConfig({ testTimeout: 120_000 });

const profile = 'generic-vital-signs-monitor';
const base = Date.parse('2026-11-22T10:00:00.000Z');
const second = 1_000;
const minute = 60_000;
const at = (ms: number) => (base + ms) as Instant;

/** Who treats whom: `pair` has a second monitor at the same patient, nobody else has. */
const ward: Readonly<Record<string, readonly [ClinicalFunction, string]>> = {
  pair: ['monitor', 'A'],
  other: ['monitor', 'A'],
  alone: ['monitor', 'B'],
  pump: ['therapy', 'C'],
  vent: ['life-support', 'D'],
  scale: ['none', 'E'],
};

async function startWard(responses: ResponseSettings = defaultResponses) {
  const folder = temporaryFolder('responses');
  const store = openStore(folder.path, new Uint8Array(32).fill(7));
  onTestFinished(() => {
    store.close();
    folder.remove();
  });
  for (const [id, [clinical, subject]] of Object.entries(ward)) {
    const device = { id: id as DeviceId, profile, class: 'IIb', function: clinical } as const;
    store.devices.add({ ...device, ward: '3B', addedAt: 0 }, { hash: '', expiresAt: 0 });
    store.devices.associate(device.id, new Phi(subject), 0);
  }
  const profiles = await loadProfiles(folder.path);
  const relays = [{ id: 'ehr', lanes }];
  const maker = await openPolicyMaker({ directory: folder.path, relays, profiles, responses });
  const keeper = startKeeper(store, maker, budget(10_000_000));
  const keep = (intakes: readonly Intake[], signals: readonly Signal[] = []) => {
    const batch = openBatch();
    for (const each of intakes) batch.add(each);
    for (const signal of signals) batch.addSignal(signal);
    return keeper.keep(batch.close());
  };
  const alarms = () =>
    owed(store, 'ehr', 100_000).flatMap(({ observations }) =>
      observations.filter(({ kind }) => kind === 'alert'),
    ).length;
  return { store, keeper, keep, alarms };
}

let sequence = 0;
const says = (id: string, ms: number) => {
  sequence += 1;
  return intake(id, { seq: sequence, values: { MDC_PULS_OXIM_SAT_O2: 97 } }, { at: at(ms) });
};
const alarm = (id: string, ms: number) => {
  sequence += 1;
  const alerts = [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }];
  const values = { MDC_PULS_OXIM_SAT_O2: 85 };
  return intake(id, { seq: sequence, values, alerts }, { at: at(ms), channel: 'alerts' });
};
/** A device tries a topic that is not its own: D05, high, sure. */
const abuse = (id: string, ms: number): Signal => ({
  ...{ kind: 'topic-refused', action: 'publish', topic: 'devices/x/observations' },
  ...{ device: id as DeviceId, at: at(ms) },
});

it('holds a device while another source of its patient is live, lets its alarms leave, and ends by itself', async () => {
  const { store, keeper, keep, alarms } = await startWard();
  keep([says('other', 0), says('pair', 0)]);
  keep([], [abuse('pair', second)]);
  const [done] = store.responses.list(9);
  expect(done).toMatchObject({ ...{ state: 'active', action: 'quarantine-device' }, episode: 1 });
  expect(store.quarantines.find('pair')).toMatchObject({
    ...{ mode: 'hold', actor: 'gateway:topic-abuse', until: at(second + 30 * minute) },
  });
  const kept = keep([
    says('pair', 2 * second),
    alarm('pair', 2 * second),
    says('other', 2 * second),
  ]);
  expect(kept).toMatchObject({ departures: 2, withAlerts: true });
  expect(alarms()).toBe(1);
  expect(store.held.depths()).toMatchObject([{ device: 'pair', cause: 'quarantined', rows: 2 }]);
  expect(store.audit.list()).toMatchObject([
    { actor: 'gateway:topic-abuse', action: 'response.take', object: 'pair' },
  ]);

  keep([says('other', 30 * minute)]);
  expect(keeper.restraints(at(30 * minute)).responses).toHaveLength(1);
  expect(keeper.restraints(at(second + 30 * minute))).toEqual({ quarantines: [], responses: [] });
  letGo(keeper);
  expect(store.held.depths()).toEqual([]);
  expect(store.responses.list(9)).toMatchObject([{ state: 'ended', actor: 'gateway' }]);
});

it('asks a person where nothing else watches the patient or the device treats, and never cuts life support', async () => {
  const { store, keeper, keep } = await startWard();
  // `other` fell silent long ago.
  keep([says('other', -10 * minute), says('pair', 0)]);
  keep(
    [],
    ['pair', 'alone', 'pump', 'vent', 'scale'].map((id) => abuse(id, second)),
  );
  const states = new Map(store.responses.list(9).map(({ object, state }) => [object, state]));
  expect(Object.fromEntries(states)).toEqual({
    ...{ pair: 'held', alone: 'held', pump: 'held', vent: 'refused', scale: 'active' },
  });
  expect(store.quarantines.list().map(({ device }) => device)).toEqual(['scale']);

  const held = store.responses.list(9, 'held').find(({ object }) => object === 'pump');
  const order = { reason: 'seen at the bed', actor: 'mara', now: at(minute) };
  const confirmed = keeper.confirmResponse({ sequence: held?.sequence ?? 0, ...order });
  expect(confirmed).toMatchObject({ state: 'active', actor: 'mara', until: at(31 * minute) });
  expect(store.quarantines.find('pump')).toMatchObject({ mode: 'hold', actor: 'mara' });
  expect(keep([says('pump', 2 * minute)]).departures).toBe(0);
  const refused = store.responses.list(9, 'refused')[0]?.sequence ?? 0;
  expect(() => keeper.confirmResponse({ sequence: refused, ...order })).toThrow('is refused');
  // Nobody came for the others within a day.
  keeper.restraints(at(25 * 60 * minute));
  expect(store.responses.list(9, 'lapsed').map(({ object }) => object)).toEqual(['alone', 'pair']);
});

it('leaves a patient one source, also when two are strange at once', async () => {
  const { store, keep } = await startWard();
  keep([says('other', 0), says('pair', 0)]);
  keep([], [abuse('pair', second), abuse('other', second)]);
  const states = store.responses.list(9).map(({ object, state }) => [object, state]);
  expect(Object.fromEntries(states)).toEqual({ pair: 'active', other: 'held' });
  expect(store.quarantines.list().map(({ device }) => device)).toEqual(['pair']);
});

it('ends a hold when the other source falls silent, and asks a person instead', async () => {
  const { store, keeper, keep } = await startWard();
  keep([says('other', 0), says('pair', 0)]);
  keep([], [abuse('pair', second)]);
  keep([says('pair', 2 * second)]);
  expect(keeper.restraints(at(3 * second)).quarantines).toHaveLength(1);
  expect(keeper.restraints(at(10 * minute)).quarantines).toEqual([]);
  letGo(keeper);
  expect(store.held.depths()).toEqual([]);
  const states = store.responses.list(9).map(({ state, reason }) => [state, reason]);
  const reason = 'no other source of the patient is live';
  expect(states).toEqual([
    ['held', reason],
    ['ended', 'another source of the patient is live'],
  ]);
  keep([], [abuse('pair', 12 * minute)]);
  expect(store.quarantines.list()).toEqual([]);
  // What a person confirmed stands, whoever falls silent.
  keeper.confirmResponse({ sequence: 2, reason: 'seen', actor: 'mara', now: at(13 * minute) });
  expect(keeper.restraints(at(14 * minute)).quarantines).toHaveLength(1);
});

it('does not take two devices behind one address for sources of each other', async () => {
  const { store, keep } = await startWard();
  const address = '10.0.0.9';
  const from = (id: string): Signal => ({
    ...{ kind: 'connected', device: id as DeviceId, address, at: at(0) },
  });
  keep([says('other', 0), says('pair', 0)], [from('other'), from('pair')]);
  keep(
    [],
    [{ kind: 'sign-in-refused', isLocked: true, isDefault: false, address, at: at(second) }],
  );
  expect(store.responses.list(9)).toMatchObject([{ object: address, state: 'held' }]);
});

it('knows who is behind an address also when it has been connected for longer than a month', async () => {
  const { store, keep } = await startWard();
  const address = '10.0.0.9';
  const month = 31 * 24 * 60 * minute;
  keep([], [{ kind: 'connected', device: 'vent' as DeviceId, address, at: at(0) }]);
  keep([says('vent', month)]);
  keep(
    [],
    [
      {
        kind: 'sign-in-refused',
        isLocked: true,
        isDefault: false,
        address,
        at: at(month + second),
      },
    ],
  );
  expect(store.responses.list(9)).toMatchObject([{ object: address, state: 'refused' }]);
});

it('undoes with a response only what the gateway did, not what a person ordered in its place', async () => {
  const { store, keeper, keep } = await startWard();
  keep([], [abuse('scale', 0)]);
  const order = { reason: 'stolen', actor: 'mara' };
  const isConfirmed = true;
  keeper.quarantine({ device: 'scale', mode: 'deny', isConfirmed, ...order, now: at(minute) });
  keeper.undoResponse({ sequence: 1, ...order, actor: 'jo', now: at(2 * minute) });
  expect(store.responses.find(1)).toMatchObject({ state: 'undone' });
  expect(store.quarantines.list()).toMatchObject([{ device: 'scale', mode: 'deny' }]);
});

it('holds a device that it had only marked, but leaves alone what a person put it in', async () => {
  const threats = {};
  const { store, keeper, keep } = await startWard({ mode: 'automatic', threats });
  const marked = { mode: 'observe', reason: 'D08, finding 1', since: at(0) } as const;
  store.quarantines.set({
    device: 'scale' as DeviceId,
    actor: 'gateway:doubtful-values',
    ...marked,
  });
  keep([], [abuse('scale', second)]);
  expect(store.quarantines.find('scale')).toMatchObject({ mode: 'hold' });
  const order = { reason: 'a look at it', actor: 'mara', isConfirmed: false, now: at(0) };
  keeper.quarantine({ device: 'other', mode: 'observe', ...order });
  keep([says('pair', second)], [abuse('other', second)]);
  expect(store.quarantines.find('other')).toMatchObject({ mode: 'observe', actor: 'mara' });
});

it('does not do again by itself what a person has undone, and a release by hand undoes it too', async () => {
  const { store, keeper, keep } = await startWard();
  keep([says('other', 0)], [abuse('scale', 0)]);
  const order = { reason: 'as planned', actor: 'mara' };
  keeper.undoResponse({ sequence: 1, ...order, now: at(minute) });
  expect(store.quarantines.list()).toEqual([]);
  expect(store.responses.find(1)).toMatchObject({ state: 'undone', actor: 'mara' });
  keep([], [abuse('scale', 11 * minute)]);
  expect(store.responses.find(2)).toMatchObject({
    ...{ state: 'held', reason: 'a person has undone it before' },
  });
  keep([says('other', 20 * minute)], [abuse('pair', 20 * minute)]);
  keeper.release({ device: 'pair', ...order, held: 'release', now: at(21 * minute) });
  expect(store.responses.find(3)).toMatchObject({ object: 'pair', state: 'undone' });
});

it('lets pass of a flood what a healthy device would say, and every alarm; holds the rest until the limit ends, also of life support', async () => {
  const { store, keeper, keep, alarms } = await startWard();
  const perSecondMax = (await loadProfiles('/nowhere')).get(profile)?.messagesPerSecondMax ?? 0;
  const flood = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => says('vent', from + index));
  const before = keep(flood(0, perSecondMax * 60));
  expect(before.findings).toMatchObject([{ threat: 'D10', about: 'vent' }]);
  expect(store.responses.list(9)).toMatchObject([{ action: 'limit-telemetry', state: 'active' }]);

  const mixed = flood(second, 200).flatMap((each, index) =>
    index % 10 === 0 ? [each, alarm('vent', second + index)] : [each],
  );
  const during = keep(mixed);
  expect(alarms()).toBe(20);
  expect(during.rejected).toEqual([]);
  const beyond = store.held.of('vent' as DeviceId, ['limited']).length;
  const kept = 220 - 20 - beyond;
  // A bucket of ten seconds, and what flows in meanwhile.
  expect(kept).toBeLessThanOrEqual(perSecondMax * 10.2);
  expect(kept).toBeGreaterThan(0);
  // A healthy rate passes whole.
  const healthy = Array.from({ length: 60 }, (_, index) =>
    says('vent', minute + (index * second) / perSecondMax),
  );
  expect(keep(healthy).rejected).toEqual([]);
  expect(store.held.of('vent' as DeviceId, ['limited'])).toHaveLength(beyond);

  // Held, not lost: it was acknowledged.
  const delivered = store.outbox.depths().reduce((sum, { entries }) => sum + entries, 0);
  keeper.restraints(at(16 * minute));
  letGo(keeper);
  expect(store.held.depths()).toEqual([]);
  const after = store.outbox.depths().reduce((sum, { entries }) => sum + entries, 0);
  expect(after - delivered).toBe(beyond);
});

it('lets a person throw away what was beyond the limit, by the quarantine of its device', async () => {
  const { store, keeper, keep } = await startWard();
  const perSecondMax = (await loadProfiles('/nowhere')).get(profile)?.messagesPerSecondMax ?? 0;
  keep(Array.from({ length: perSecondMax * 60 }, (_, index) => says('vent', index)));
  keep(Array.from({ length: 400 }, (_, index) => says('vent', second + index)));
  const device = 'vent' as DeviceId;
  const beyond = store.held.of(device, ['limited']).length;
  expect(beyond).toBeGreaterThan(0);
  const order = { device, reason: 'not ours', actor: 'mara' };
  keeper.quarantine({ ...order, mode: 'hold', isConfirmed: true, now: at(minute) });
  // The limit ends; the quarantine does not.
  keeper.restraints(at(16 * minute));
  letGo(keeper);
  expect(store.held.of(device, ['limited'])).toHaveLength(beyond);
  const outcome = keeper.release({ ...order, held: 'discard', now: at(17 * minute) });
  expect(outcome).toMatchObject({ discarded: beyond, released: 0 });
  expect(store.held.depths()).toEqual([]);
});

it('only writes down what it would have done where the settings say observe', async () => {
  const { store, keep } = await startWard({ mode: 'automatic', threats: { D05: 'observe' } });
  keep([], [abuse('scale', 0)]);
  expect(store.responses.list(9)).toMatchObject([{ state: 'observed', object: 'scale' }]);
  expect(store.quarantines.list()).toEqual([]);
});

it('blocks a guesser’s address, but asks where devices were seen behind it', async () => {
  const { store, keep } = await startWard();
  const guess = (address: string): Signal => ({
    ...{ kind: 'sign-in-refused', isLocked: true, isDefault: false, address, at: at(second) },
  });
  const from = (id: string, address: string): Signal => ({
    ...{ kind: 'connected', device: id as DeviceId, address, at: at(0) },
  });
  keep([], [from('vent', '10.0.0.1'), from('alone', '10.0.0.2'), from('scale', '10.0.0.3')]);
  keep([], ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fe80::1'].map(guess));
  const states = store.responses.list(9).map(({ object, state }) => [object, state]);
  expect(Object.fromEntries(states)).toEqual({
    ...{ '10.0.0.1': 'refused', '10.0.0.2': 'held', '10.0.0.3': 'active' },
    ...{ '10.0.0.4': 'active', 'fe80::1': 'active' },
  });
});

it('keeps a blocked address out of the running gateway, through a restart, until it is undone', async () => {
  const folder = temporaryFolder('blocked');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, []);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const sequence = store.responses.add({
    ...{ episode: 1, threat: 'D01', detector: 'credential-attack', reason: 'no effect on care' },
    ...{ action: 'block-address', object: '127.0.0.9', state: 'active' },
    ...{ at: Date.now(), lastsMs: 10 * minute, until: Date.now() + 10 * minute },
  });
  const ca = readFileSync(join(directory, 'pki/root-authority.pem'));
  /** Whether the server’s certificate is shown to that address. */
  const isHeard = (port: number, localAddress: string) =>
    new Promise<boolean>((resolve) => {
      const from = connectTcp({ host, port, localAddress });
      from.on('error', () => resolve(false));
      const socket = connect({ socket: from, host, ca }, () => {
        resolve(true);
        socket.destroy();
      });
      socket.on('error', () => resolve(false));
      socket.on('close', () => resolve(false));
    });
  for (const life of [1, 2]) {
    const gateway = await startGatewayProcess(directory);
    await gateway.event({ event: 'response.taken', object: '127.0.0.9' });
    await until('a block', async () => !(await isHeard(gateway.mqttPort, '127.0.0.9')));
    expect(await isHeard(gateway.mqttPort, '127.0.0.1')).toBe(true);
    if (life === 2) {
      const order = ['responses', 'undo', `${sequence}`, '--reason', 'a test', '--dir', directory];
      expect(await wardgateJson(...order)).toMatchObject({ state: 'undone' });
      await gateway.event({ event: 'response.ended', object: '127.0.0.9' });
      await until('no block', () => isHeard(gateway.mqttPort, '127.0.0.9'));
      expectRefusal(await wardgate(order), 1, 'response-state');
      const named = await wardgate(['responses', 'undo', 'x', ...order.slice(3)]);
      expectRefusal(named, 1, 'response-unknown');
      expect(named.err).toContain('there is no response x ');
    }
    await gateway.stop();
  }
});

it('shows responses over the interface, and lets security confirm and undo', async () => {
  const { ask, store } = await startInterface([{ id: 'mon-1', profile, subject: 'A' }]);
  store.responses.add({
    ...{ episode: 1, threat: 'D05', detector: 'topic-abuse', reason: 'no other source' },
    ...{ action: 'quarantine-device', object: 'mon-1', state: 'held' },
    ...{ at: Date.now(), lastsMs: minute, until: Date.now() + minute },
  });
  const order = (name: string, as: 'security' | 'clinical') =>
    ask(`/api/v1/responses/1/${name}`, { method: 'POST', as, body: { reason: 'seen' } });
  expect((await order('confirm', 'clinical')).status).toBe(403);
  expect((await order('confirm', 'security')).json()).toMatchObject({
    ...{ state: 'active', actor: 'a-security' },
  });
  expect(store.quarantines.find('mon-1')).toMatchObject({ mode: 'hold', actor: 'a-security' });
  const listed = await ask('/api/v1/responses?state=active', { as: 'viewer' });
  expect(listed.json()).toMatchObject({ responses: [{ object: 'mon-1' }] });
  expect((await order('undo', 'security')).json()).toMatchObject({ state: 'undone' });
  expect((await order('undo', 'security')).status).toBe(409);
  expect(store.quarantines.list()).toEqual([]);
});
