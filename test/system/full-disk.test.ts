import { createSecretKey } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import { pseudonymOf } from '../../gateway/core/pseudonym.ts';
import { startHospital } from '../../gateway/demo/hospital.ts';
import { openLedger } from '../../gateway/demo/ledger.ts';
import { type Credentials, credentialsOf } from '../../gateway/demo/ward.ts';
import type { FhirHospital } from '../../gateway/hospital/fhir-hospital.ts';
import { ensureSecret } from '../../gateway/pki/secrets.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { type GatewayUnderTest, startGatewayProcess } from '../support/gateway-under-test.ts';
import { drained, makeSite, temporaryFolder } from '../support/site.ts';
import { fill, mountDisk } from '../support/small-disk.ts';

const device = 'mon-1';
/** What a filler leaves of it. */
const freeBytes = 2 * 2 ** 20;
/** Publishes that wait for their PUBACK at once. */
const windowMax = 100;
/** Far more than fit: the disk is full long before. */
const publishesMax = 100_000;

interface Ward {
  readonly site: string;
  readonly hospital: FhirHospital;
  readonly gateway: GatewayUnderTest;
  readonly tls: Credentials;
}

async function startWard(folder: string, bytesMax?: number): Promise<Ward> {
  const site = join(folder, 'site');
  const hospital = await startHospital(join(folder, 'hospital.pem'), Date.now());
  onTestFinished(() => hospital.close());
  hospital.setFault('down');
  await makeSite(site, [{ id: device, profile: 'generic-vital-signs-monitor', subject: 'MRN-1' }], {
    relays: [{ id: 'ehr', use: 'fhir', url: hospital.url, ca: '../hospital.pem' }],
    ...(bytesMax !== undefined && { retention: { bytesMax } }),
    // The device says far more than a healthy one: what is beyond its limit would wait.
    responses: { mode: 'observe' },
  });
  const tls = await credentialsOf(openSitePki(site), device, Date.now());
  return { site, hospital, gateway: await startGatewayProcess(site), tls };
}

function connected({ gateway, tls }: Ward): Promise<RawClient> {
  return RawClient.connected(gateway.mqttPort, tls.ca, tls, { clientId: device });
}

/** One heart rate, each with a time of its own. */
function messageOf(at: number): string {
  const values = { MDC_ECG_HEART_RATE: 40 + (at % 100) };
  return JSON.stringify({ seq: at, at: new Date(at).toISOString(), values });
}

/** Publishes a window of moments. Returns those that were acknowledged before the line ended. */
async function publishAll(client: RawClient, moments: readonly number[]): Promise<number[]> {
  const topic = `devices/${device}/observations`;
  client.send(...moments.map((at, index) => publish(topic, messageOf(at), { id: index + 1 })));
  for (const index of moments.keys()) {
    if ((await client.next()) === undefined) return moments.slice(0, index);
  }
  return [...moments];
}

it('does no act while the disk is full whose entry in the audit trail finds no room', async (context) => {
  const folder = temporaryFolder('disk');
  onTestFinished(() => folder.remove());
  const disk = mountDisk(folder.path);
  if (disk === undefined) return context.skip('mounting a small disk is not permitted here');
  const { site } = await startWard(disk);
  const at = ['--dir', site];
  const keys = join(folder.path, 'keys');
  await wardgateJson('device', 'enrol', device, '--out', keys, ...at);
  const before = await wardgateJson<object[]>('audit', 'list', ...at);
  const devices = await wardgateJson<object[]>('device', 'list', ...at);

  const filler = fill(disk, 0);
  const acts = [
    ['device', 'add', 'mon-2', '--profile', 'generic-vital-signs-monitor'],
    ['device', 'revoke', device],
    ['user', 'add', 'anna', '--role', 'viewer'],
    ['associate', device, 'MRN-9'],
  ];
  for (const words of acts) expectRefusal(await wardgate([...words, ...at]), 1, 'store-full');
  rmSync(filler);

  expect(await wardgateJson('audit', 'list', ...at)).toEqual(before);
  expect(await wardgateJson('device', 'list', ...at)).toEqual(devices);
  expect(JSON.stringify(await wardgateJson('user', 'list', ...at))).not.toContain('anna');
  expect(await wardgateJson('audit', 'verify', ...at)).toMatchObject({ ok: true });
  // With room again each is done, by the same words.
  for (const words of acts) expect((await wardgate([...words, ...at])).code).toBe(0);
}, 180_000);

it('promises nothing while the disk is full, lives on, and delivers all it did promise', async (context) => {
  const folder = temporaryFolder('disk');
  onTestFinished(() => folder.remove());
  const disk = mountDisk(folder.path);
  if (disk === undefined) return context.skip('mounting a small disk is not permitted here');

  const ward = await startWard(disk);
  const { site, hospital, gateway } = ward;
  const filler = fill(disk, freeBytes);

  const ledger = openLedger();
  const name = pseudonymOf(
    'device',
    device,
    createSecretKey(ensureSecret(site, 'pseudonym-ehr.key')),
  );
  const keep = (acknowledged: readonly number[]) => {
    for (const at of acknowledged) {
      const observation = { kind: 'numeric', metric: 'MDC_ECG_HEART_RATE', at: at as Instant };
      ledger.promise(name, observation as Observation);
    }
  };
  const origin = Date.now() - 3_600_000;
  const window = (from: number) =>
    Array.from({ length: windowMax }, (_, index) => origin + from + index);
  let client = await connected(ward);
  let sent = 0;
  let unpromised: readonly number[] = [];
  while (unpromised.length === 0 && sent < publishesMax) {
    const moments = window(sent);
    const acknowledged = await publishAll(client, moments);
    keep(acknowledged);
    unpromised = moments.slice(acknowledged.length);
    sent += windowMax;
  }
  expect(unpromised.length).toBeGreaterThan(0);
  await client.closed;
  await gateway.event({ event: 'intake.refused', code: 'store-full' });

  // A device that comes back at once is let in, and still promised nothing.
  client = await connected(ward);
  const again = await publishAll(client, unpromised);
  keep(again);
  expect(again.length).toBeLessThan(unpromised.length);
  expect(existsSync(`/proc/${gateway.pid}`)).toBe(true);

  rmSync(filler);
  client = await connected(ward);
  const rest = unpromised.slice(again.length);
  const at = await publishAll(client, rest);
  expect(at).toEqual(rest);
  keep(at);
  hospital.setFault('none');
  await drained(site);
  const { acknowledged, ...fate } = ledger.reconcile(hospital.stored);
  expect(fate).toEqual({ delivered: acknowledged, lost: 0, duplicates: 0 });
  expect(acknowledged).toBe(sent);
  expect(hospital.counts.stored).toBe(sent);
  await gateway.stop();
}, 120_000);

it('sheds waveforms first, then trends, each counted, and no alert or measurement', async () => {
  const folder = temporaryFolder('budget');
  onTestFinished(() => folder.remove());
  const ward = await startWard(folder.path, 1_000_000);
  const { site, hospital, gateway } = ward;
  const client = await connected(ward);
  const counts = { waveforms: 100, alerts: 50, numerics: 20, trends: 12_000 };
  const origin = Date.now() - 3_600_000;
  const say = async (channel: string, count: number, bodyOf: (index: number) => object) => {
    const topic = `devices/${device}/${channel}`;
    for (let from = 0; from < count; from += windowMax) {
      const indexes = Array.from(
        { length: Math.min(windowMax, count - from) },
        (_, index) => from + index,
      );
      client.send(
        ...indexes.map((index) => {
          const at = new Date(origin + index).toISOString();
          const body = JSON.stringify({ at, ...bodyOf(index) });
          return publish(topic, body, { id: index - from + 1 });
        }),
      );
      for (const _ of indexes) expect((await client.next())?.[0]).toBe(0x40);
    }
  };
  const samplesOf = (index: number) =>
    Array.from({ length: 2_000 }, (_, step) => (index * 7_919 + step * 104_729) % 65_521);
  await say('waveforms', counts.waveforms, (index) => ({
    waveforms: { MDC_PULS_OXIM_PLETH: { periodMs: 10, samples: samplesOf(index) } },
  }));
  await say('alerts', counts.alerts, () => ({
    alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
  }));
  await say('observations', counts.numerics, () => ({
    values: { MDC_PRESS_BLD_NONINV_SYS: 120, MDC_PRESS_BLD_NONINV_DIA: 80 },
  }));
  await say('observations', counts.trends, (index) => ({
    values: { MDC_ECG_HEART_RATE: 40 + (index % 100) },
  }));

  const { depths, counters } = await wardgateJson<{
    depths: { lane: string; entries: number; bytes: number }[];
    counters: Record<string, number>;
  }>('outbox', '--dir', site);
  const entries = Object.fromEntries(depths.map((depth) => [depth.lane, depth.entries]));
  const shedTrends = counters['shed/ehr/trend'] ?? 0;
  expect(counters['shed/ehr/waveform']).toBe(counts.waveforms);
  expect(shedTrends).toBeGreaterThan(0);
  expect(Object.keys(counters).filter((name) => name.startsWith('shed/'))).toHaveLength(2);
  expect(entries).toEqual({
    alert: counts.alerts,
    numeric: counts.numerics,
    trend: counts.trends - shedTrends,
    waveform: 0,
  });
  expect(depths.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(1_000_000);
  await gateway.event({ event: 'outbox.shed', lane: 'waveform' });
  await gateway.event({ event: 'outbox.shed', lane: 'trend' });

  hospital.setFault('none');
  await drained(site);
  // A blood pressure is found by the id of each of its parts, and is one all the same.
  const resources = new Set([...hospital.stored.values()].map(({ resource }) => resource));
  const codes = [...resources].map(codeOf);
  const alarm = '196616';
  expect(codes.filter((code) => code === alarm)).toHaveLength(counts.alerts);
  expect(codes).toHaveLength(counts.alerts + counts.numerics + counts.trends - shedTrends);
  await gateway.stop();
}, 120_000);

function codeOf(resource: object): string | undefined {
  const { code } = resource as { code?: { coding?: { code?: string }[] } };
  return code?.coding?.[0]?.code;
}
