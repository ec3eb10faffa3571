import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type MqttClient } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { saveConfig } from '../../gateway/config.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { pseudonymOf } from '../../gateway/core/pseudonym.ts';
import { spawnGateway } from '../../gateway/demo/gateway-process.ts';
import { startHospital } from '../../gateway/demo/hospital.ts';
import { type Ledger, openLedger } from '../../gateway/demo/ledger.ts';
import { type Credentials, credentialsOf } from '../../gateway/demo/ward.ts';
import { ensureSecret } from '../../gateway/pki/secrets.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { createSite, openSiteStore } from '../../gateway/site/site.ts';
import { freePort } from '../support/free-port.ts';

const kills = 50;
const deviceCount = 8;
/** Publishes of one device that wait for their PUBACK. */
const windowMax = 20;
/** A life of the gateway between two power cuts lasts at most this long after it is ready. */
const lifeMsMax = 300;
const reconnectMs = 25;
const drainTimeoutMs = 60_000;
const host = '127.0.0.1';

it(`keeps every acknowledged observation once, through ${kills} power cuts`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-power-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const started = Date.now();
  await createSite({ directory, name: 'power', hosts: [host], now: started });
  const hospital = await startHospital(join(directory, 'hospital.pem'), started);
  onTestFinished(() => hospital.close());
  const port = await freePort();
  const relay = { id: 'ehr', use: 'fhir', url: hospital.url, ca: 'hospital.pem' };
  saveConfig(directory, {
    site: 'power',
    host,
    mqtt: { port },
    https: { port: 0 },
    relays: [relay],
  });
  const devices = register(directory);

  let gateway = await spawnGateway(directory, () => undefined);
  onTestFinished(() => gateway.kill());
  const ledger = openLedger();
  const pki = openSitePki(directory);
  const key = createSecretKey(ensureSecret(directory, 'pseudonym-ehr.key'));
  const clients = await Promise.all(
    devices.map(async (id) => {
      const tls = await credentialsOf(pki, id, started);
      return startClient(id, tls, port, (at) =>
        promise(ledger, pseudonymOf('device', id, key), at),
      );
    }),
  );

  // A seed, so that a run that fails can be had again.
  const chance = mulberry(Number(process.env['POWER_SEED'] ?? 1));
  for (let cut = 0; cut < kills; cut += 1) {
    await delay(lifeMsMax * chance());
    await gateway.kill();
    gateway = await spawnGateway(directory, () => undefined);
  }
  await Promise.all(clients.map((client) => client.stop()));
  await drained(directory);
  await gateway.stop();

  const { acknowledged, lost, duplicates } = ledger.reconcile(hospital.stored);
  expect({ lost, duplicates }).toEqual({ lost: 0, duplicates: 0 });
  expect(hospital.counts.duplicates).toBe(0);
  expect(acknowledged).toBeGreaterThan(kills);
}, 600_000);

function register(directory: string): readonly DeviceId[] {
  const { store } = openSiteStore(directory);
  const ids = Array.from({ length: deviceCount }, (_, index) => `mon-${index}` as DeviceId);
  for (const id of ids) {
    const profile = 'generic-vital-signs-monitor';
    const device = {
      id,
      profile,
      class: 'IIb',
      function: 'monitor',
      ward: '',
      addedAt: 0,
    } as const;
    store.devices.add(device, { hash: '', expiresAt: 0 });
    store.devices.associate(id, new Phi(`MRN-${id}`), 0);
  }
  store.close();
  return ids;
}

/** Publishes as fast as it is answered, reconnects at once, and forgets nothing unanswered. */
async function startClient(
  id: string,
  tls: Credentials,
  port: number,
  onAcknowledged: (at: Instant) => void,
) {
  const options = { ...tls, clientId: id, clean: false, reconnectPeriod: reconnectMs } as const;
  const client: MqttClient = connect(`mqtts://${host}:${port}`, options);
  client.on('error', () => undefined);
  await once(client as never, 'connect');
  // Of this moment, and no two alike: the hospital is asked by time.
  let last = 0;
  const owed = new Set<Promise<void>>();
  let isStopping = false;
  let sequence = 0;

  const running = (async () => {
    while (!isStopping) {
      sequence += 1;
      last = Math.max(last + 1, Date.now());
      const at = last as Instant;
      const message = { seq: sequence, at: new Date(at).toISOString(), values };
      const sent = publish(client, id, JSON.stringify(message)).then(() => onAcknowledged(at));
      owed.add(sent);
      void sent.finally(() => owed.delete(sent));
      if (owed.size >= windowMax) await Promise.race(owed);
    }
    await Promise.all(owed);
    await client.endAsync(true);
  })();
  return {
    stop() {
      isStopping = true;
      return running;
    },
  };
}

/** The client library gives some publishes up when the line breaks; a device does not. */
async function publish(client: MqttClient, id: string, message: string): Promise<void> {
  for (;;) {
    try {
      await client.publishAsync(`devices/${id}/observations`, message, { qos: 1 });
      return;
    } catch {
      await delay(reconnectMs);
    }
  }
}

const values = { MDC_PULS_OXIM_SAT_O2: 97, MDC_ECG_HEART_RATE: 72 };

function promise(ledger: Ledger, device: string, at: Instant): void {
  for (const metric of Object.keys(values)) {
    ledger.promise(device, { kind: 'numeric', metric, at } as Observation);
  }
}

async function drained(directory: string): Promise<void> {
  const { store } = openSiteStore(directory);
  const deadline = performance.now() + drainTimeoutMs;
  const isOwed = () => store.outbox.depths().some(({ entries }) => entries > 0);
  while (isOwed() && performance.now() < deadline) await delay(100);
  expect(isOwed()).toBe(false);
  store.close();
}

/** Mulberry32: small, seeded, good enough to choose moments. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
