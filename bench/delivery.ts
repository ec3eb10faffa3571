import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { connectMqtt } from '../gateway/clients/mqtt-client.ts';
import { valuesPerMessage } from './admission.ts';
import { awaitLine, startChild } from './children.ts';
import { fillOutbox, firstOwed, watchOwed } from './delivery/backlog.ts';
import { bareRate } from './delivery/bare-client.ts';
import { type FastHospital, type Kind, kinds, startHospital } from './delivery/destination.ts';
import { bytesWritten, cpuSecondsOf, loadNow } from './machine.ts';
import { rounded } from './median.ts';
import { runGateway } from './peers/gateway.ts';
import type { RunningPeer } from './peers/peer.ts';
import { playOn } from './play.ts';
import type { Answer, Bench, Question, Row } from './question.ts';
import { idOf } from './ward.ts';

const lookEveryMs = 100;
const alertsUnderWayMax = 5;
const alertEveryMs = 50;
/** Entries the bare client sends, over and over. */
const bareEntries = 1_000;
const wearClients = 50;
const wearPerSecond = 500;
const payloadBytes = 200;
const window = 20;
const naiveObservations = 5_000;
/** As delivered, and the longest: commits are fewer. */
const commitPausesMs = [5, 20];

export const delivery: Question = {
  name: 'delivery',
  summary: 'A backlog drains to each kind of destination while alerts arrive; bytes on disk.',

  async ask(bench) {
    await bench.ward.enrol(wearClients);
    const load = loadNow();
    const rows: Row[] = [];
    const asked = bench.destination === undefined ? kinds : [bench.destination];
    for (const kind of asked) rows.push(await drain(kind, bench));
    const notes = [
      `load average before: ${load}; one backlog each, the gateway started anew`,
      'bare client: the same messages, made beforehand, to the same hospital; it keeps and checks nothing',
      `alerts: one device sends one every ${alertEveryMs} ms by MQTT; from its time to the hospital`,
      'written: write_bytes of /proc/PID/io, of the gateway while it drains',
    ];
    const title = `A backlog of ${bench.observations.toLocaleString('en')} observations, four a record`;
    return [{ title, rows, notes }, await wear(bench)];
  },
};

async function drain(kind: Kind, bench: Bench): Promise<Row> {
  bench.remark(`  ${kind}`);
  const hospital = await startHospital(bench, kind);
  const site = bench.ward.site(`delivery-${kind}`, { relays: [hospital.settings] });
  hospital.furnish(site);
  await fillOutbox(site, bench.observations);
  const bare = await bareRate(kind, hospital, firstOwed(site, bareEntries), bench);
  const gateway = await runGateway(bench, site);
  const began = performance.now();
  const [bytesBefore, cpuBefore] = [bytesWritten(gateway.pid), cpuSecondsOf(gateway.pid)];
  const alerts = await startAlerts(gateway, bench);
  await untilNothingIsOwed(site);
  const seconds = (performance.now() - began) / 1_000;
  const bytes = bytesWritten(gateway.pid) - bytesBefore;
  const cpuSeconds = cpuSecondsOf(gateway.pid) - cpuBefore;
  await alerts.stop();
  await gateway.stop();
  await hospital.stop();
  rmSync(site, { recursive: true, force: true });
  const perSecond = bench.observations / seconds;
  return {
    destination: kind,
    's to drain': rounded(seconds),
    'observations/s': Math.round(perSecond),
    'bare client': Math.round(bare),
    'to bare client': rounded(perSecond / bare, 2),
    'alert p50 ms': percentile(hospital.alertsMs, 0.5),
    'alert p99 ms': percentile(hospital.alertsMs, 0.99),
    alerts: hospital.alertsMs.length,
    'written/observation': Math.round(bytes / bench.observations),
    'CPU µs/observation': rounded((cpuSeconds * 1e6) / bench.observations),
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
}

/** A device that raises an alarm, again and again. */
async function startAlerts({ port }: RunningPeer, { ward }: Bench) {
  const device = idOf(0);
  const own = readFileSync(join(ward.certificates, `${device}.pem`));
  const client = await connectMqtt({
    ...{ host: '127.0.0.1', port, clientId: device, connectMs: 10_000, keepAliveSeconds: 60 },
    tls: { ca: readFileSync(ward.root), certificate: own, key: own },
  });
  let seq = 0;
  const owed = new Set<Promise<void>>();
  const timer = setInterval(() => {
    seq += 1;
    const alert = { event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' };
    const text = JSON.stringify({ seq, at: new Date().toISOString(), alerts: [alert] });
    const sent = client.publish(`devices/${device}/alerts`, Buffer.from(text), 1);
    owed.add(sent);
    void sent.finally(() => owed.delete(sent)).catch(() => undefined);
  }, alertEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(owed);
      await client.close();
    },
  };
}

async function untilNothingIsOwed(site: string): Promise<void> {
  const owed = watchOwed(site);
  try {
    // An alert or two are always under way.
    while (owed.now() > alertsUnderWayMax) await delay(lookEveryMs);
  } finally {
    owed.close();
  }
}

/** What a message costs the disk in its whole life: admitted, committed, delivered, gone. */
async function wear(bench: Bench): Promise<Answer> {
  bench.remark('  bytes on disk');
  const load = loadNow();
  const hospital = await startHospital(bench, 'fhir');
  const weighed: Weighed[] = [];
  for (const pauseMs of commitPausesMs) weighed.push(await wearOf(pauseMs, hospital, bench));
  await hospital.stop();
  const naive = await naiveBytes(bench);
  const row = (store: string, bytes: number): Row => ({
    store,
    'bytes/observation': Math.round(bytes),
    'to naive': rounded(bytes / naive, 2),
  });
  return {
    title: 'Bytes written to the disk an observation, from its arrival to its delivery',
    rows: [
      ...weighed.map(({ name, bytes }) => row(name, bytes)),
      row('a row an observation', naive),
    ],
    notes: [
      `load average before: ${load}; write_bytes of /proc/PID/io, all threads`,
      `${wearPerSecond} messages/s of ${valuesPerMessage} observations by ${wearClients} clients, delivered to FHIR at once`,
      'naive: plain SQLite, WAL, synchronous = FULL, an insert and later a delete for each observation',
    ],
  };
}

interface Weighed {
  readonly name: string;
  /** An observation. */
  readonly bytes: number;
}

async function wearOf(
  commitPauseMs: number,
  hospital: FastHospital,
  bench: Bench,
): Promise<Weighed> {
  const store = { commitPauseMs };
  const site = bench.ward.site(`wear-${commitPauseMs}`, { relays: [hospital.settings], store });
  hospital.furnish(site);
  const gateway = await runGateway(bench, site);
  const before = bytesWritten(gateway.pid);
  const play = { clients: wearClients, payloadBytes, window, rate: wearPerSecond };
  const { acknowledgedTotal } = await playOn(gateway, bench, play);
  await untilNothingIsOwed(site);
  const bytes = bytesWritten(gateway.pid) - before;
  await gateway.stop();
  rmSync(site, { recursive: true, force: true });
  return {
    name: `wardgate, commitPauseMs ${commitPauseMs}`,
    bytes: bytes / (acknowledgedTotal * valuesPerMessage),
  };
}

const Naive = z.object({ bytes: z.number() });

async function naiveBytes({ load, directory }: Bench): Promise<number> {
  const folder = mkdtempSync(join(directory, 'naive-'));
  const program = join(import.meta.dirname, 'delivery/naive-store.ts');
  const words = [process.execPath, program, folder, `${naiveObservations}`];
  const child = startChild(load.path, words);
  const { bytes } = await awaitLine(child, (line) => Naive.parse(JSON.parse(line)));
  await child.stop();
  rmSync(folder, { recursive: true, force: true });
  return bytes / naiveObservations;
}
