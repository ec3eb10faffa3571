import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Credentials } from '../gateway/demo/ward.ts';
import { type LineCapture, openLineEnd } from './line.ts';
import { type Played, play } from './play.ts';
import { startProbe } from './probe.ts';
import type { Packet } from './recording.ts';
import { type Alert, type Label, type Score, score } from './score.ts';
import {
  lineId,
  makeReplaySite,
  probeId,
  startReplayGateway,
  treeWithoutDetectors,
  wholeTree,
} from './site.ts';
import { devicesOf, type ReplayDevice } from './translate.ts';

/** What is played, and what is known to be an attack in it. */
export interface Scene {
  readonly packets: readonly Packet[];
  /** What of it is ordinary: profiles are read from it. */
  readonly ordinary: readonly Packet[];
  readonly labels: readonly Label[];
  /** Said over a line at the same time. */
  readonly line?: LineCapture | undefined;
}

export interface GivenScene {
  readonly packets: readonly Packet[];
  readonly line: LineCapture | undefined;
  readonly background: readonly Packet[] | undefined;
  readonly leadSeconds: number;
  readonly labels: readonly Label[] | undefined;
  readonly attack: { readonly from: number; readonly to: number | undefined } | undefined;
  readonly secondsMax: number | undefined;
}

export interface Replay {
  readonly score: Score;
  readonly alerts: readonly Alert[];
  readonly played: Played;
  readonly traceSeconds: number;
  readonly speed: number;
  /** Time of a publish with detectors, and without where it was compared. */
  readonly publish: readonly PublishTime[];
}

interface PublishTime {
  readonly with: string;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Puts an attack on top of its background, and labels and packets on one time. */
export function sceneOf(given: GivenScene): Scene {
  const { packets, background, leadSeconds, labels: named, attack, secondsMax = Infinity } = given;
  const lead = background ? leadSeconds : 0;
  const line = given.line && laterBy(given.line, lead);
  // Numbers of connections of two recordings must not meet.
  const shifted = packets.map((each) => ({ ...each, t: each.t + lead, conn: 2 * each.conn + 1 }));
  const below = (background ?? []).map((each) => ({ ...each, conn: 2 * each.conn }));
  const end = Math.max(shifted.at(-1)?.t ?? 0, line?.chunks.at(-1)?.t ?? 0);
  const wanted =
    named ?? (attack ? [{ name: 'attack', from: attack.from, to: attack.to ?? end - lead }] : []);
  const labels = wanted.map(({ from, to, ...rest }) => ({
    ...rest,
    from: from + lead,
    to: to + lead,
  }));
  if (background && labels.length === 0) {
    const srcs = [...(line ? [lineId] : []), ...new Set(packets.map(({ src }) => src))];
    labels.push({ name: 'attack', from: lead, to: end, srcs });
  }
  // What comes after the attack says nothing more about it.
  const until = Math.min(secondsMax, background ? end + lead : Infinity);
  const all = [...shifted, ...below].filter(({ t }) => t <= until).sort((a, b) => a.t - b.t);
  const isOrdinary = ({ t }: Packet) => !labels.some(({ from, to }) => t >= from && t <= to);
  const cut = labels
    .filter(({ from }) => from <= until)
    .map((label) => ({ ...label, to: Math.min(label.to, until) }));
  return {
    packets: all,
    labels: cut,
    line,
    ordinary: background ? below : shifted.filter(isOrdinary),
  };
}

function laterBy({ profile, chunks }: LineCapture, seconds: number): LineCapture {
  return { profile, chunks: chunks.map(({ t, bytes }) => ({ t: t + seconds, bytes })) };
}

interface Options {
  readonly directory: string;
  readonly speed: number;
  readonly compare: boolean;
  readonly signal: AbortSignal;
  readonly remark: (line: string) => void;
}

export async function replay(scene: Scene, options: Options): Promise<Replay> {
  const { speed, directory, remark } = options;
  const devices = devicesOf(scene.packets, scene.ordinary);
  const traceSeconds = Math.max(scene.packets.at(-1)?.t ?? 0, scene.line?.chunks.at(-1)?.t ?? 0);
  const sources = [...devices.keys(), ...(scene.line ? [lineId] : [])];
  remark(
    `${sources.length} sources, ${scene.packets.length} packets, ${(traceSeconds / speed).toFixed(0)} s`,
  );
  const first = await playOnce('site', wholeTree, 'with detection', scene, devices, options);
  const publish = [first.publish];
  if (options.compare) {
    remark('once more, without detectors');
    const bare = join(directory, 'bare');
    mkdirSync(bare);
    const tree = treeWithoutDetectors(bare);
    const second = await playOnce('site-bare', tree, 'without detection', scene, devices, options);
    publish.push(second.publish);
  }
  const { alerts, played } = first;
  return {
    score: score(alerts, scene.labels, sources, traceSeconds),
    ...{ alerts, played, traceSeconds, speed, publish },
  };
}

/** For what the gateway still has to say of the last packet, in seconds of its own clock. */
const settleSeconds = 5;
const settleMsMax = 5_000;

async function playOnce(
  name: string,
  tree: string,
  label: string,
  { packets, line }: Scene,
  devices: ReadonlyMap<string, ReplayDevice>,
  { directory, speed, signal }: Options,
): Promise<{
  readonly alerts: readonly Alert[];
  readonly played: Played;
  readonly publish: PublishTime;
}> {
  const site = join(directory, name);
  const end = line && (await openLineEnd());
  const wire = line && end && { profile: line.profile, tcp: end.address };
  const credentials = await makeReplaySite(site, [...devices.values()], wire);
  const gateway = await startReplayGateway(site, speed, tree);
  try {
    const { mqttPort: port, events } = gateway;
    const probe = await startProbe(credentialOf(credentials), port);
    // The gateway's clock, at the moment the trace begins.
    const connected = events.find(
      ({ event, device }) => event === 'device.connected' && device === probeId,
    );
    const startedAt = Date.parse(`${connected?.['at']}`);
    const [played] = await Promise.all([
      play(packets, devices, credentials, { port, speed, signal }),
      line && end?.play(line, speed, signal),
    ]);
    await delay(Math.min(settleMsMax, (settleSeconds * 1_000) / speed + 1_000), undefined, {
      signal,
    });
    const publish = { with: label, ...(await probe.stop()) };
    const alerts = alertsOf(events, startedAt, devices);
    return { alerts, played, publish };
  } finally {
    end?.close();
    await gateway.stop();
  }
}

function credentialOf(credentials: ReadonlyMap<string, Credentials>): Credentials {
  const own = credentials.get(probeId);
  if (!own) throw new RangeError('the probe has no certificate');
  return own;
}

function alertsOf(
  events: readonly Readonly<Record<string, unknown>>[],
  startedAt: number,
  devices: ReadonlyMap<string, ReplayDevice>,
): readonly Alert[] {
  const sources = new Map([...devices.values()].map(({ id, src }) => [id, src]));
  sources.set(lineId, lineId);
  return events
    .filter(({ event }) => event === 'finding.new')
    .map((event) => ({
      t: (Date.parse(`${event['at']}`) - startedAt) / 1_000,
      threat: `${event['threat']}`,
      detector: `${event['detector']}`,
      src: sources.get(`${event['about']}`),
    }));
}
