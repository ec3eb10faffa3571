import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import type { Store } from '../../gateway/store/store.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import type { Certificate } from '../support/mqtt-certificates.ts';
import { host, makeSite, temporaryFolder, until } from '../support/site.ts';

// Every test starts gateways and commands.
vi.setConfig({ testTimeout: 180_000 });

const monitor = 'generic-vital-signs-monitor';
const devices = [
  { id: 'mon-1', profile: monitor, subject: 'MRN-4711' },
  { id: 'mon-2', profile: monitor, subject: 'MRN-4712' },
  { id: 'lab-1', profile: 'generic-astm-analyser' },
  { id: 'lab-2', profile: 'generic-astm-analyser' },
  { id: 'adt-1', profile: 'hl7-adt-feed' },
];

/** A hospital nobody has built yet: what is released waits in the outbox, where it can be seen. */
async function startSite() {
  const folder = temporaryFolder('quarantine');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  const url = `https://${host}:${await freePort()}/fhir`;
  await makeSite(directory, devices, {
    https: { port: 0 },
    mllp: { port: 0 },
    serial: [{ device: 'lab-2' as never, tcp: `${host}:${await freePort()}` }],
    relays: [{ id: 'ehr', use: 'fhir', url }],
  });
  const gateway = await startGatewayProcess(directory);
  const ready = await gateway.event({ event: 'gateway.ready' });
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const rootPem = readFileSync(join(directory, 'pki/root-authority.pem'), 'utf8');
  const connect = (id: string, tls: Certificate, port = gateway.mqttPort) =>
    RawClient.connected(port, rootPem, tls, { clientId: id });
  const device = (...words: readonly string[]) =>
    wardgateJson('device', ...words, '--dir', directory);
  return {
    directory,
    gateway,
    mllpPort: ready['mllpPort'] as number,
    store,
    rootPem,
    connect,
    device,
  };
}

async function issue(directory: string, id: string): Promise<Certificate> {
  const issued = await openSitePki(directory).issue('device', id, { now: Date.now() });
  return { key: issued.privateKeyPem ?? '', cert: issued.chainPem };
}

const spo2 = (seq: number) =>
  JSON.stringify({ seq, at: new Date().toISOString(), values: { MDC_PULS_OXIM_SAT_O2: 97 } });
const alarm = JSON.stringify({
  alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
});

/** Publishes with QoS 1 and waits for the PUBACK. */
async function say(client: RawClient, topic: string, payload: string): Promise<void> {
  client.send(publish(topic, payload));
  expect((await client.next())?.at(0)).toBe(0x40);
}

const owed = (store: Store, lane: string) =>
  store.outbox
    .depths()
    .filter((row) => row.lane === lane)
    .reduce((sum, { entries }) => sum + entries, 0);
const heldRows = (store: Store, cause: string) =>
  store.held
    .depths()
    .filter((row) => row.cause === cause)
    .reduce((sum, { rows }) => sum + rows, 0);

it('ends what a denied device has open within two seconds, and lets it in once it is released', async () => {
  const site = await startSite();
  const { directory, gateway, store, rootPem } = site;
  const tls = await issue(directory, 'mon-1');
  const client = await site.connect('mon-1', tls);
  const other = await site.connect('mon-2', await issue(directory, 'mon-2'));
  const line = connectTls({
    host,
    port: site.mllpPort,
    ca: rootPem,
    ...(await issue(directory, 'lab-1')),
  });
  line.on('error', () => {});
  await gateway.event({ event: 'line.opened', device: 'lab-1' });

  const reason = ['--mode', 'deny', '--reason', 'stolen in transit'];
  for (const id of ['mon-1', 'lab-1', 'lab-2']) await site.device('quarantine', id, ...reason);
  const [denial] = store.quarantines.list();
  await client.closed;
  await gateway.event({ event: 'line.closed', device: 'lab-1', cause: 'quarantined' });
  await say(other, 'devices/mon-2/observations', spo2(1));
  const ended = await gateway.event({ event: 'device.disconnected', device: 'mon-1' });
  expect(ended).toMatchObject({ cause: 'quarantined' });
  expect(Date.parse(`${ended['at']}`) - (denial?.since ?? 0)).toBeLessThan(2_000);

  // Also after a power cut, and over the network and by the cable alike.
  await gateway.kill();
  const next = await startGatewayProcess(directory);
  await expect(site.connect('mon-1', tls, next.mqttPort)).rejects.toThrow();
  await next.event({ event: 'device.refused', device: 'mon-1', cause: 'quarantined' });
  expect(next.events).not.toContainEqual(
    expect.objectContaining({ device: 'lab-2', event: 'line.closed' }),
  );

  await site.device('release', 'lab-2', '--reason', 'was another one');
  await next.event({ event: 'line.closed', device: 'lab-2', cause: 'unreachable' });
  await site.device('release', 'mon-1', '--reason', 'was found');
  await site.connect('mon-1', tls, next.mqttPort);
  await next.stop();
  expect(next.events.filter(({ event }) => event === 'finding.new')).toEqual([]);
  const entries = store.audit.list();
  expect(entries).toContainEqual(
    expect.objectContaining({ action: 'device.quarantine', detail: 'deny: stolen in transit' }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: 'device.release',
      object: 'mon-1',
      actor: expect.stringMatching(/^cli:/),
    }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      ...{ action: 'access.refused', actor: 'device:mon-1' },
      detail: expect.stringMatching(/^quarantined/),
    }),
  );
});

it('holds what a device measures and lets its alarms go, through a power cut, until it is released', async () => {
  const site = await startSite();
  const { directory, gateway, store } = site;
  const tls = await issue(directory, 'mon-1');
  const client = await site.connect('mon-1', tls);
  await say(client, 'devices/mon-1/observations', spo2(1));
  expect(owed(store, 'trend')).toBe(1);

  // The default is the mildest that keeps data back; the connection stays.
  await site.device('quarantine', 'mon-1', '--reason', 'odd values');
  await say(client, 'devices/mon-1/observations', spo2(2));
  await say(client, 'devices/mon-1/alerts', alarm);
  expect([owed(store, 'trend'), owed(store, 'alert'), heldRows(store, 'quarantined')]).toEqual([
    1, 1, 1,
  ]);
  expect(await site.device('show', 'mon-1')).toMatchObject({
    quarantine: { mode: 'hold', reason: 'odd values' },
    held: [{ cause: 'quarantined', rows: 1 }],
  });

  await gateway.kill();
  const next = await startGatewayProcess(directory);
  const again = await site.connect('mon-1', tls, next.mqttPort);
  await say(again, 'devices/mon-1/observations', spo2(3));
  await say(again, 'devices/mon-1/alerts', alarm.replace('start', 'end'));
  expect([owed(store, 'alert'), heldRows(store, 'quarantined')]).toEqual([2, 2]);
  const released = await site.device('release', 'mon-1', '--reason', 'sensor was loose');
  expect(released).toMatchObject({ mode: 'hold', released: 2, stillHeld: 0, discarded: 0 });
  expect([owed(store, 'trend'), heldRows(store, 'quarantined')]).toEqual([3, 0]);
  await say(again, 'devices/mon-1/observations', spo2(4));
  expect(owed(store, 'trend')).toBe(4);

  // Another time: its time is over by itself, and what was held may be discarded.
  const end = new Date(Date.now() + 2_000).toISOString();
  await site.device('quarantine', 'mon-1', '--reason', 'odd', '--until', end);
  await next.event({ event: 'device.released', device: 'mon-1' });
  await until('the end', () => store.quarantines.list().length === 0);
  await site.device('quarantine', 'mon-1', '--reason', 'odd again');
  await say(again, 'devices/mon-1/observations', spo2(5));
  const gone = await site.device('release', 'mon-1', '--reason', 'demo', '--held', 'discard');
  expect(gone).toMatchObject({ released: 0, discarded: 1 });
  expect(store.journal.rejections()).toContainEqual(
    expect.objectContaining({ device: 'mon-1', reason: 'discarded' }),
  );

  await site.device('quarantine', 'mon-1', '--mode', 'observe', '--reason', 'looks well');
  await say(again, 'devices/mon-1/observations', spo2(6));
  expect(owed(store, 'trend')).toBe(5);
  expect(store.counters.all()).toMatchObject({ 'quarantined/mon-1': 4 });
  await next.stop();
});

it('asks who denies a treating device to say that its alarms stop, and holds no feed', async () => {
  const { directory, store, device } = await startSite();
  const add = ['device', 'add', 'vent-9', '--profile', monitor, '--function', 'life-support'];
  await wardgateJson(...add, '--dir', directory);
  const deny = ['quarantine', 'vent-9', '--mode', 'deny', '--reason', 'intruder'];
  const refused = await wardgate(['device', ...deny, '--dir', directory]);
  expectRefusal(refused, 1, 'confirm-clinical');
  expect(refused.err).toContain('none of its alarms');
  expect(refused.err).toContain('--mode hold');
  expect(store.quarantines.list()).toEqual([]);
  await device(...deny, '--confirm-clinical');
  expect(store.audit.list().at(-1)?.detail).toBe('deny, clinical effect confirmed: intruder');

  for (const words of [
    ['quarantine', 'adt-1', '--reason', 'odd'],
    ['quarantine', 'mon-1', '--reason', 'odd', '--until', '2020-01-01T00:00:00Z'],
  ]) {
    const answer = await wardgate(['device', ...words, '--dir', directory]);
    expectRefusal(answer, 1, 'quarantine-refused');
  }
  const release = ['release', 'mon-1', '--reason', 'x', '--dir', directory];
  expectRefusal(await wardgate(['device', ...release]), 1, 'not-quarantined');
});
