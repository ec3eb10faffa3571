import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pseudonymOf } from '../../gateway/core/pseudonym.ts';
import { startHospital } from '../../gateway/demo/hospital.ts';
import { openLedger } from '../../gateway/demo/ledger.ts';
import { type Credentials, credentialsOf } from '../../gateway/demo/ward.ts';
import type { FhirHospital } from '../../gateway/hospital/fhir-hospital.ts';
import { ensureSecret } from '../../gateway/pki/secrets.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { connect, length, publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { wardgateJson } from '../support/command.ts';
import { type GatewayUnderTest, startGatewayProcess } from '../support/gateway-under-test.ts';
import { startGoodClient } from '../support/good-client.ts';
import { makeClientCertificate } from '../support/hospital-certificate.ts';
import { drained, host, makeSite, temporaryFolder, until } from '../support/site.ts';

const monitor = 'generic-vital-signs-monitor';
const hostile = 'mon-2';
const malformedCount = 2_000;
/** Publishes that wait for their PUBACK at once. */
const windowMax = 100;
const growthBytesMax = 64 * 2 ** 20;
const answerMsMax = 2_000;
const endlessBytes = 1_000_000;

interface Stage {
  readonly gateway: GatewayUnderTest;
  readonly hospital: FhirHospital;
  readonly tls: Credentials;
}

/** What `wardgate outbox --json` says. */
interface Report {
  readonly rejections: readonly { device: string; reason: string; count: number }[];
  readonly counters: Readonly<Record<string, number>>;
}

it('gives each bad input its answer, and disturbs nobody else by it', async () => {
  const folder = temporaryFolder('bad-input');
  onTestFinished(() => folder.remove());
  const site = join(folder.path, 'site');
  const hospital = await startHospital(join(folder.path, 'hospital.pem'), Date.now());
  onTestFinished(() => hospital.close());
  const oximeter = await startLineServer();
  const analyser = await startLineServer();
  await makeSite(
    site,
    [
      { id: 'mon-1', profile: monitor, subject: 'MRN-1' },
      { id: hostile, profile: monitor, subject: 'MRN-2' },
      { id: 'oxi-1', profile: 'masimo-rad-8', subject: 'MRN-3' },
      { id: 'lab-1', profile: 'generic-astm-analyser' },
    ],
    {
      serial: [
        { device: 'oxi-1', tcp: `${host}:${oximeter.port}` },
        { device: 'lab-1', tcp: `${host}:${analyser.port}` },
      ],
      relays: [{ id: 'ehr', use: 'fhir', url: hospital.url, ca: '../hospital.pem' }],
    },
  );
  const gateway = await startGatewayProcess(site);
  const pki = openSitePki(site);
  const tls = await credentialsOf(pki, hostile, Date.now());
  const stage: Stage = { gateway, hospital, tls };
  const ledger = openLedger();
  const key = createSecretKey(ensureSecret(site, 'pseudonym-ehr.key'));
  const own = await credentialsOf(pki, 'mon-1', Date.now());
  const name = pseudonymOf('device', 'mon-1', key);
  const good = await startGoodClient('mon-1', own, gateway.mqttPort, ledger, name);

  // What a gateway needs to work at all is not growth: measured once it has worked for a while.
  await until('some observations at the hospital', () => hospital.counts.stored > 50);
  const memoryBefore = gateway.memoryBytes();
  const halfOpen = halfConnect(stage);
  await strangers(stage);
  await foreignTopic(stage);
  await hugePackets(stage);
  await badPayloads(stage);
  await endlessLine(await oximeter.connection, stage);
  await badChecksum(await analyser.connection);
  await manyMalformed(stage);
  await halfOpen;

  const { slowestMs, acknowledged } = await good.stop();
  const grownBytes = gateway.memoryBytes() - memoryBefore;
  await drained(site);
  const report = await wardgateJson<Report & Record<string, unknown>>('outbox', '--dir', site);
  const count = (device: string, reason: string) =>
    report.rejections.find((row) => row.device === device && row.reason === reason)?.count;
  expect(count(hostile, 'too-deep')).toBe(1);
  expect(count(hostile, 'malformed')).toBe(2 + malformedCount);
  expect(count(hostile, 'implausible')).toBe(1);
  expect(count('mon-1', 'malformed')).toBeUndefined();
  expect(report.counters['discarded-bytes/oxi-1']).toBeGreaterThanOrEqual(endlessBytes);
  // The frame that came damaged was counted, and its result came once: whole.
  expect(report.counters['discarded-bytes/lab-1']).toBeGreaterThan(0);
  expect(storedValuesOf(hospital, '2823-3')).toEqual([4.2]);

  expect(good.disturbances()).toBe(0);
  expect(slowestMs).toBeLessThan(answerMsMax);
  expect(acknowledged).toBeGreaterThan(100);
  expect(ledger.reconcile(hospital.stored)).toMatchObject({ lost: 0, duplicates: 0 });
  expect(grownBytes).toBeLessThan(growthBytesMax);
  await gateway.stop();
}, 120_000);

/** A certificate of another authority, and none at all. */
async function strangers({ gateway, tls }: Stage): Promise<void> {
  const foreign = await makeClientCertificate('mon-1');
  for (const certificate of [foreign, undefined]) {
    const client = await RawClient.open(gateway.mqttPort, tls.ca, certificate);
    client.send(connect({ clientId: 'mon-1' }));
    expect(await client.next()).toBeUndefined();
    await client.closed;
  }
  await gateway.event({ event: 'finding.new', threat: 'D02' });
}

async function foreignTopic({ gateway, tls }: Stage): Promise<void> {
  const client = await connected(gateway, tls);
  client.send(publish('devices/mon-1/observations', '{"values":{"MDC_ECG_HEART_RATE":1}}'));
  expect(await client.next()).toBeUndefined();
  await gateway.event({ event: 'finding.new', threat: 'D05', about: hostile });
}

/** 10 MB before a CONNECT, and a CONNECT of 10 MB: refused at the header. */
async function hugePackets({ gateway, tls }: Stage): Promise<void> {
  const bytes = 10_000_000;
  for (const first of [0x30, 0x10]) {
    const client = await RawClient.open(gateway.mqttPort, tls.ca, tls);
    client.send(Buffer.of(first), length(bytes), Buffer.alloc(bytes, 0x61));
    await client.closed;
    expect(await client.next()).toBeUndefined();
  }
  await gateway.event({ event: 'device.refused', cause: 'MQTT-3.1.0-1' });
  await gateway.event({ event: 'device.refused', cause: 'packet-bytes' });
}

/** Closed when the time for a CONNECT is over, not before and not never. */
async function halfConnect({ gateway, tls }: Stage): Promise<void> {
  const client = await RawClient.open(gateway.mqttPort, tls.ca, tls);
  client.send(connect({ clientId: hostile }).subarray(0, 9));
  await client.closed;
  await gateway.event({ event: 'device.refused', cause: 'connect-time' });
}

/** Accepted and set aside: refusing would make the device send them for ever. */
async function badPayloads({ gateway, tls }: Stage): Promise<void> {
  const client = await connected(gateway, tls);
  const depth = 10_000;
  const payloads = [
    `{"values":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    '{"values":{"MDC_ECG_HEART_RATE":70},"__proto__":{"isTest":true}}',
    '{"values":{"MDC_ECG_HEART_RATE":NaN}}',
    '{"values":{"MDC_PULS_OXIM_SAT_O2":999}}',
  ];
  for (const [index, payload] of payloads.entries()) {
    const id = index + 1;
    client.send(publish(`devices/${hostile}/observations`, payload, { id }));
    expect(await client.next()).toEqual(Buffer.of(0x40, 2, 0, id));
  }
  client.socket.destroy();
  for (const reason of ['too-deep', 'malformed', 'implausible']) {
    await gateway.event({ event: 'intake.rejected', device: hostile, reason });
  }
}

/** A line of 1 MB without an end, and then a right one: the device is heard again. */
async function endlessLine(line: Socket, { hospital }: Stage): Promise<void> {
  for (let sent = 0; sent < endlessBytes; sent += 50_000) {
    if (!line.write(Buffer.alloc(50_000, 0x41))) await once(line, 'drain');
  }
  const saturation = '59408-5';
  line.write('\r\n');
  const right =
    '11/22/26 10:00:00 SN=0000012345 SPO2=093% BPM=061 PI=01.50% SPCO=--.-% SPMET=--.-% ' +
    'DESAT=-- PIDELTA=+-- ALARM=0000 EXC=000000\r\n';
  line.write(right.repeat(2));
  await until('the oximeter’s value', () => storedValuesOf(hospital, saturation).includes(93));
}

const ENQ = 0x05;
const ACK = 0x06;
const NAK = 0x15;

/** LIS01-A2 6.5.1.2: a frame whose checksum is wrong gets NAK, and counts as never sent. */
async function badChecksum(line: Socket): Promise<void> {
  const records = [
    'H|\\^&|||Analyser|||||||P|LIS2-A2|20261122100000',
    'P|1',
    'O|1|SPEC-1||^^^ALL|R|20261122100000|||||N||||SERUM||||||||||F',
    'R|1|^^^K|4.2|mmol/L||N||F||||20261122100000',
    'L|1|N',
  ];
  expect(await answer(line, Buffer.of(ENQ))).toBe(ACK);
  for (const [index, record] of records.entries()) {
    const frame = frameOf(index + 1, record);
    const damaged = Buffer.from(frame);
    damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 1;
    if (record.startsWith('R')) expect(await answer(line, damaged)).toBe(NAK);
    expect(await answer(line, frame)).toBe(ACK);
  }
  line.write(Buffer.of(0x04));
}

function frameOf(number: number, text: string): Buffer {
  const covered = Buffer.from(`${number}${text}\r\x03`, 'latin1');
  const sum = covered.reduce((total, byte) => (total + byte) & 0xff, 0);
  const checksum = sum.toString(16).toUpperCase().padStart(2, '0');
  return Buffer.concat([Buffer.of(0x02), covered, Buffer.from(`${checksum}\r\n`)]);
}

async function answer(line: Socket, bytes: Buffer): Promise<number | undefined> {
  const data = once(line, 'data') as Promise<[Buffer]>;
  line.write(bytes);
  return (await data)[0][0];
}

async function manyMalformed({ gateway, tls }: Stage): Promise<void> {
  const client = await connected(gateway, tls);
  for (let sent = 0; sent < malformedCount; sent += windowMax) {
    const ids = Array.from({ length: windowMax }, (_, index) => sent + index + 1);
    const topic = `devices/${hostile}/observations`;
    client.send(...ids.map((id) => publish(topic, `{"seq":${id},"values":`, { id })));
    for (const id of ids) {
      expect(await client.next()).toEqual(Buffer.of(0x40, 2, id >> 8, id & 0xff));
    }
  }
  client.socket.destroy();
  await gateway.event({ event: 'finding.new', threat: 'D09', about: hostile });
}

function connected({ mqttPort }: GatewayUnderTest, tls: Credentials): Promise<RawClient> {
  return RawClient.connected(mqttPort, tls.ca, tls, { clientId: hostile });
}

/** A serial device server: the gateway is its one client. */
async function startLineServer() {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const connection = once(server, 'connection').then(([socket]) => {
    const line = socket as Socket;
    onTestFinished(() => void line.destroy());
    line.on('error', () => undefined);
    return line;
  });
  return { port: (server.address() as AddressInfo).port, connection };
}

/** The values the hospital has under a LOINC number. */
function storedValuesOf({ stored }: FhirHospital, loinc: string): number[] {
  return [...stored.values()].flatMap(({ resource }) => {
    const { code, valueQuantity } = resource as {
      code?: { coding?: { code?: string }[] };
      valueQuantity?: { value: number };
    };
    const isIt = code?.coding?.some((coding) => coding.code === loinc);
    return isIt && valueQuantity ? [valueQuantity.value] : [];
  });
}
