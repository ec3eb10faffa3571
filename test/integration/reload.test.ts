import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type GivenSettings, saveConfig } from '../../gateway/config.ts';
import { startHospital } from '../../gateway/demo/hospital.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import type { ReloadResult } from '../../gateway/store/reloads.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { drained, host, makeSite, temporaryFolder, until } from '../support/site.ts';

// Each reload watches for two seconds whether it does well.
vi.setConfig({ testTimeout: 240_000 });

/** Every change of port, of listener and of relay comes with every other one. */
const reloads = 12;
/** Between two publishes of the steady client. */
const publishEveryMs = 20;

async function startSite() {
  const folder = temporaryFolder('reload');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  const caPath = join(folder.path, 'hospital.pem');
  const hospital = await startHospital(caPath, Date.now());
  onTestFinished(() => hospital.close());
  const relay = { id: 'ehr', use: 'fhir', url: hospital.url, ca: '../hospital.pem' };
  const base = { host, mqtt: { port: await freePort() }, https: { port: await freePort() } };
  const settings = { ...base, relays: [relay] };
  await makeSite(
    directory,
    [{ id: 'mon-1', profile: 'generic-vital-signs-monitor', subject: 'MRN-1' }],
    settings,
  );
  const gateway = await startGatewayProcess(directory);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const issued = await openSitePki(directory).issue('device', 'mon-1', { now: Date.now() });
  const tls = { key: issued.privateKeyPem ?? '', cert: issued.chainPem };
  const rootPem = readFileSync(join(directory, 'pki/root-authority.pem'), 'utf8');
  const file = (name = '') => join(directory, `wardgate.yaml${name}`);
  return {
    ...{ directory, gateway, hospital, settings, relay, store, file },
    connect: (port = settings.mqtt.port) =>
      RawClient.connected(port, rootPem, tls, { clientId: 'mon-1' }),
    save: (changed: Omit<GivenSettings, 'site'>) =>
      saveConfig(directory, { site: 'test', ...settings, ...changed }),
    /** As `wardgate reload` does it, in a process that is not the gateway’s. */
    async reload(): Promise<ReloadResult> {
      const sequence = store.reloads.ask('cli:test', Date.now());
      await until('an answer', () => store.reloads.find(sequence)?.result !== undefined, 60_000);
      const { result } = store.reloads.find(sequence) ?? {};
      if (!result) throw new Error('no answer');
      return result;
    },
  };
}

/** Publishes at a steady rate, and waits for every PUBACK once it is told to end. */
function startSteadyClient(client: RawClient) {
  let sent = 0;
  let acknowledged = 0;
  let isClosed = false;
  void client.closed.then(() => {
    isClosed = true;
  });
  const timer = setInterval(() => {
    sent += 1;
    const at = new Date().toISOString();
    const payload = { seq: sent, at, values: { MDC_PULS_OXIM_SAT_O2: 90 + (sent % 10) } };
    client.send(publish('devices/mon-1/observations', JSON.stringify(payload)));
  }, publishEveryMs);
  onTestFinished(() => clearInterval(timer));
  const reading = (async () => {
    for (;;) {
      const packet = await client.next();
      if (!packet) return;
      if (packet.at(0) === 0x40) acknowledged += 1;
    }
  })();
  return {
    async end() {
      clearInterval(timer);
      await until('every PUBACK', () => isClosed || acknowledged === sent);
      const wasDropped = isClosed;
      client.socket.destroy();
      await reading;
      return { sent, acknowledged, wasDropped };
    },
  };
}

it(`drops no client and loses nothing through ${reloads} reloads`, async () => {
  const site = await startSite();
  const { gateway, hospital, relay, settings } = site;
  const steady = startSteadyClient(await site.connect());
  const mllp = { port: await freePort() };
  const other = await freePort();
  for (let count = 0; count < reloads; count += 1) {
    const timeoutMs = count % 2 === 0 ? 9_000 : 8_000;
    site.save({
      relays: [{ ...relay, timeoutMs }],
      ...(count % 3 === 0 && { mllp }),
      // The listener moves too, and its limit: who is connected stays.
      mqtt: { port: count % 4 < 2 ? settings.mqtt.port : other, connectionsMax: 100 + count },
      retention: { days: 3 + count },
    });
    expect(await site.reload()).toMatchObject({ outcome: 'applied' });
  }
  const { sent, acknowledged, wasDropped } = await steady.end();
  expect({ wasDropped, acknowledged }).toEqual({ wasDropped: false, acknowledged: sent });
  expect(sent).toBeGreaterThan(100 * reloads * 0.1);
  await drained(site.directory);
  await gateway.stop();
  const observations = [...hospital.stored.values()];
  expect(observations).toHaveLength(sent);
  expect(hospital.counts.duplicates).toBe(0);
  const reloaded = gateway.events.filter(({ event }) => event === 'settings.reloaded');
  expect(reloaded).toHaveLength(reloads);
  // Only what changed: neither HTTPS nor the log collector was touched.
  for (const { parts } of reloaded) expect(parts).not.toMatch(/https|audit/);
  const changes = site.store.audit.list().filter(({ action }) => action === 'settings.change');
  expect(changes.length).toBe(reloads);
  expect(changes[0]).toMatchObject({ actor: 'cli:test', outcome: 'success' });
  expect(changes[0]?.detail).toContain('relays.0.timeoutMs');
  expect(JSON.stringify(changes)).not.toContain('9000');
});

it('keeps for a destination that is taken out what it is owed, until it is back', async () => {
  const site = await startSite();
  const { directory, hospital, relay, store } = site;
  const caPath = join(directory, '../second.pem');
  const second = await startHospital(caPath, Date.now());
  onTestFinished(() => second.close());
  const other = { id: 'research', use: 'fhir', url: second.url, ca: '../second.pem' };
  const client = await site.connect();
  let sent = 0;
  async function say(): Promise<void> {
    sent += 1;
    const payload = { seq: sent, values: { MDC_PULS_OXIM_SAT_O2: 90 + sent } };
    client.send(publish('devices/mon-1/observations', JSON.stringify(payload)));
    expect((await client.next())?.at(0)).toBe(0x40);
  }
  const valuesAt = ({ stored }: typeof hospital) =>
    [...stored.values()]
      .map(({ resource }) => (resource as Valued).valueQuantity?.value)
      .toSorted();
  const owed = (name: string) =>
    store.outbox
      .depths()
      .filter((row) => row.relay === name)
      .reduce((sum, row) => sum + row.entries, 0);

  hospital.setFault('down');
  await say();
  site.save({ relays: [other] });
  expect(await site.reload()).toMatchObject({ outcome: 'applied' });
  await say();
  await until('the new one has what came since', () => second.stored.size === 1);
  expect(valuesAt(second)).toEqual([92]);
  // What it is owed waits, and nothing is added to it.
  expect(owed('ehr')).toBe(1);
  const { checks } = await wardgateJson<{ checks: unknown }>('doctor', '--dir', directory);
  expect(checks).toContainEqual({
    check: 'outbox',
    verdict: 'warning',
    detail: 'ehr: not in the settings, and still owed something',
  });

  hospital.setFault('none');
  site.save({ relays: [relay, other] });
  expect(await site.reload()).toMatchObject({ outcome: 'applied' });
  await say();
  await drained(directory);
  expect(valuesAt(hospital)).toEqual([91, 93]);
  expect(valuesAt(second)).toEqual([92, 93]);
  // Of each device the hospital knows what it is, under the name it knows it by.
  const [resource] = [...hospital.stored.values()].map((one) => one.resource as Valued);
  const device = resource?.device?.identifier?.value;
  const search = `${hospital.url}/Device?identifier=urn:wardgate:device-pseudonym%7C${device}`;
  await until('the device is told', async () =>
    (await textAt(search, readFileSync(join(directory, '../hospital.pem'), 'utf8'))).includes(
      '"manufacturer":"',
    ),
  );

  // Without any, it waits with its patient for one.
  site.save({ relays: [] });
  expect(await site.reload()).toMatchObject({ outcome: 'applied' });
  await say();
  expect(store.held.depths()).toMatchObject([{ cause: 'no-relay', rows: 1 }]);
  site.save({ relays: [relay] });
  expect(await site.reload()).toMatchObject({ outcome: 'applied' });
  await until('what waited is there', () => hospital.stored.size === 3);
  expect(valuesAt(hospital)).toEqual([91, 93, 94]);
  expect([hospital.counts.duplicates, second.counts.duplicates]).toEqual([0, 0]);
  await site.gateway.stop();
});

it('throws away what a former destination is owed when somebody says so, and only then', async () => {
  const site = await startSite();
  const { directory, hospital, gateway, store } = site;
  const client = await site.connect();
  hospital.setFault('down');
  for (const seq of [1, 2]) {
    const payload = JSON.stringify({ seq, values: { MDC_PULS_OXIM_SAT_O2: 97 } });
    client.send(publish('devices/mon-1/observations', payload));
    expect((await client.next())?.at(0)).toBe(0x40);
  }
  const discard = ['outbox', 'discard', '--relay', 'ehr', '--dir', directory];
  expectRefusal(await wardgate(discard), 1, 'relay-in-use');
  const [first] = store.outbox.depths();
  expect(first).toMatchObject({ relay: 'ehr', entries: 2 });
  site.save({ relays: [] });
  expect(await site.reload()).toMatchObject({ outcome: 'applied' });
  expect(await wardgateJson(...discard)).toEqual({ entries: 2 });
  expect(store.outbox.depths()).toEqual([{ ...first, entries: 0, bytes: 0, oldestAt: undefined }]);
  expect(store.counters.all()).toMatchObject({ 'discarded/ehr': 2 });
  expect(store.audit.list().at(-1)).toMatchObject({
    action: 'outbox.discard',
    object: 'ehr',
    detail: '2 entries',
  });
  await gateway.stop();
});

async function textAt(url: string, ca: string): Promise<string> {
  const [response] = (await once(get(url, { ca }), 'response')) as [IncomingMessage];
  return Buffer.concat(await response.toArray()).toString();
}

interface Valued {
  readonly device?: { readonly identifier?: { readonly value?: string } };
  readonly valueQuantity?: { readonly value?: number };
}

it('changes nothing when the settings cannot be, and starts with those of before', async () => {
  const site = await startSite();
  const { directory, gateway, file } = site;
  const good = readFileSync(file(), 'utf8');
  const client = await site.connect();
  const broken = ['relays: [', good.replace('site: test', 'site: test\ncolour: red')];
  for (const text of broken) {
    writeFileSync(file(), text);
    expectRefusal(await wardgate(['reload', '--dir', directory]), 2, 'config-invalid');
    await gateway.event({ event: 'settings.refused', code: 'config-invalid' });
    // What a person wrote is his, and stays for him to correct.
    expect(readFileSync(file(), 'utf8')).toBe(text);
  }
  client.send(publish('devices/mon-1/observations', '{}'));
  expect((await client.next())?.at(0)).toBe(0x40);

  // The power fails while the file is broken: a ward is not to be without its gateway for that.
  await gateway.kill();
  const next = await startGatewayProcess(directory);
  await next.event({ event: 'settings.reverted', code: 'config-invalid' });
  expect(readFileSync(file(), 'utf8')).toBe(good);
  expect(readFileSync(file('.trial'), 'utf8')).toBe(broken[1]);
  await site.connect();
  await next.stop();
});

it('goes back by itself when a part does not start, and says so', async () => {
  const site = await startSite();
  const { directory, gateway, file, relay, store } = site;
  const good = readFileSync(file(), 'utf8');
  const client = await site.connect();
  const busy = await listen();
  const bad: Omit<GivenSettings, 'site'>[] = [
    { mllp: { port: busy } },
    { mqtt: { port: busy } },
    { https: { port: busy } },
    { relays: [{ ...relay, ca: 'not-there.pem' }], retention: { days: 9 } },
  ];
  for (const settings of bad) {
    site.save(settings);
    const tried = readFileSync(file(), 'utf8');
    expect(await site.reload()).toMatchObject({ outcome: 'reverted' });
    expect(readFileSync(file(), 'utf8')).toBe(good);
    expect(readFileSync(file('.trial'), 'utf8')).toBe(tried);
  }
  site.save({ mllp: { port: busy } });
  expectRefusal(await wardgate(['reload', '--dir', directory]), 1, 'settings-reverted');
  client.send(publish('devices/mon-1/observations', '{}'));
  expect((await client.next())?.at(0)).toBe(0x40);
  await site.connect();
  expect(gateway.events.filter(({ event }) => event === 'settings.reverted')).toHaveLength(5);
  expect(store.audit.list()).toContainEqual(
    expect.objectContaining({ action: 'settings.change', outcome: 'failure', detail: 'port-busy' }),
  );
  // What is good is taken at once, by the signal too.
  site.save({ retention: { days: 9 } });
  process.kill(gateway.pid, 'SIGHUP');
  await gateway.event({ event: 'settings.reloaded' });
  await until('the answer', () => !existsSync(file('.trial')));
  await gateway.stop();
});

it('starts with good settings whenever the power fails in the middle of a reload', async () => {
  const site = await startSite();
  const { directory, relay, file, store } = site;
  let { gateway } = site;
  const busy = await listen();
  for (const afterMs of [0, 300, 600, 900, 1_500]) {
    // One that would do well, and one that never starts, are cut off at every stage.
    for (const settings of [
      { relays: [{ ...relay, timeoutMs: 5_000 + afterMs }] },
      { mllp: { port: busy } },
    ]) {
      site.save(settings);
      store.reloads.ask('cli:test', Date.now());
      await delay(afterMs);
      await gateway.kill();
      gateway = await startGatewayProcess(directory).catch(() => {
        // Killed before the gateway had seen the order: it was started with what cannot start.
        site.save({});
        return startGatewayProcess(directory);
      });
      await until('an answer', () => store.reloads.asked() === undefined);
      expect(readFileSync(file(), 'utf8')).toBe(readFileSync(file('.last-good'), 'utf8'));
      (await site.connect()).socket.destroy();
    }
  }
  await gateway.stop();
});

it('says when no gateway runs, and reloads by command', async () => {
  const site = await startSite();
  const { directory, gateway } = site;
  expect(await wardgateJson('reload', '--dir', directory)).toEqual({
    outcome: 'unchanged',
    settings: [],
  });
  site.save({ retention: { days: 9 } });
  expect(await wardgateJson('reload', '--dir', directory)).toEqual({
    outcome: 'applied',
    settings: ['retention.days'],
  });
  await gateway.stop();
  expectRefusal(await wardgate(['reload', '--dir', directory]), 1, 'gateway-absent');
});

/** A port that somebody else listens on. */
async function listen(): Promise<number> {
  const port = await freePort();
  const server: Server = createServer().listen(port, host);
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return port;
}
