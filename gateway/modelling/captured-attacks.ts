import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GatewayError } from '../core/error.ts';
import type { Signal } from '../core/signal.ts';
import {
  type CapturedPacket,
  type Client,
  readCapture,
  signalOf,
  signalsOf,
  startClient,
} from '../datasets/mqtt-packets.ts';
import type { Deed } from '../datasets/stealth.ts';
import { byteEntropy } from '../features/byte-entropy.ts';
import { inspectPacket } from '../links/mqtt-packet.ts';
import { attackAfterMs, type UnseenDevice } from './model-evaluation.ts';

/** Captures above it are not read whole into memory. */
const captureBytesMax = 512 * 2 ** 20;
/** What a client of a capture may send, of whom no profile tells it. */
const capturedPerSecondMax = 5;
/** A device enrols and settles before an attack on it is played. */
const benignMsMin = attackAfterMs;
/** A capture has no date of its own. */
const captureStart = Date.UTC(2026, 0, 5, 8);
/** What is no packet is no event, but for a connection that never says who it is. */
const noEvents = new Set(['OPEN', 'CLOSE', 'DISCONNECT']);
const inspection = { violationOf: inspectPacket, entropyOf: byteEntropy };

export interface Captures {
  readonly devices: readonly UnseenDevice[];
  readonly deeds: Readonly<Record<string, Deed>>;
}

/**
 * Ordinary clients and attacks of a folder of captures.
 *
 * @throws GatewayError `data-unreadable` where nothing could be judged by them.
 */
export function readCaptures(folder: string, onStep: (what: string) => void): Captures {
  const refuse = (detail: string): never => {
    throw new GatewayError('data-unreadable', `${folder}: ${detail}`);
  };
  const paths = globSync('*.{jsonl,jsonl.gz}', { cwd: folder }).sort();
  const benign = paths.filter(isBenign);
  if (benign.length === 0 || benign.length === paths.length)
    return refuse('no benign*.jsonl and an attack beside it');
  const read = (path: string) => {
    const { packets, unreadable } = readCapture(readText(join(folder, path)));
    if (unreadable > 0) onStep(`${path}: ${unreadable} lines are no packets`);
    return packets;
  };
  const devices: UnseenDevice[] = [];
  const clients = new Map<string, Client>();
  for (const path of benign) {
    const packets = read(path);
    const until = captureStart + (packets.at(-1)?.t ?? 0) * 1_000;
    if (until - captureStart < benignMsMin) {
      onStep(`${path}: shorter than ${benignMsMin / 60_000} minutes, left out`);
      continue;
    }
    for (const [id, { signals, client }] of signalsOf(packets, captureStart, inspection)) {
      clients.set(id, client);
      const span = { from: captureStart, until, isAttackable: true };
      devices.push({ id, signals, perSecondMax: capturedPerSecondMax, ...span });
    }
  }
  const deeds: Record<string, Deed> = {};
  for (const path of paths.filter((each) => !isBenign(each))) {
    const told = deedsOf(familyOf(path), read(path), clients);
    if (told.length === 0) onStep(`${path}: nothing in it that a gateway would notice, left out`);
    for (const [family, deed] of told) deeds[family] = deed;
  }
  if (devices.length === 0)
    return refuse(`benign*.jsonl must show devices for at least ${benignMsMin / 60_000} minutes`);
  if (Object.keys(deeds).length === 0) return refuse('there is no packet of an attack');
  return { devices, deeds };
}

/**
 * Each packet of an attack as it would have come under the name of another client; and, where it
 * publishes, the same once more under a topic that is that client’s own.
 */
function deedsOf(
  name: string,
  packets: readonly CapturedPacket[],
  clients: ReadonlyMap<string, Client>,
): readonly (readonly [string, Deed])[] {
  const introduced = new Set(packets.filter(({ type }) => type === 'CONNECT').map(connectionOf));
  const isAbandoned = (packet: CapturedPacket) =>
    packet.type === 'OPEN' && !introduced.has(connectionOf(packet));
  const events = packets.filter((packet) => !noEvents.has(packet.type) || isAbandoned(packet));
  if (events.length === 0) return [];
  const told = (origin: Parameters<Deed>[0], packet: CapturedPacket, client: Client): Signal[] => {
    // Who has not said who it is after some seconds is cut off.
    if (packet.type === 'OPEN') return [{ kind: 'limit', limit: 'connect-time', ...origin }];
    const signal = signalOf(packet, client, origin, inspection);
    return signal ? [signal] : [];
  };
  const asItIs: Deed = (origin, _own, random) =>
    told(origin, random.pick(events), clients.get(origin.device) ?? startClient());
  const published = events.filter(({ type }) => type === 'PUBLISH');
  if (published.length === 0) return [[name, asItIs]];
  const attackers = [...signalsOf(published, captureStart, inspection).values()];
  const topics = new Set(attackers.flatMap(({ client }) => [...client.topics]));
  const inItsOwnTopic: Deed = (origin, _own, random) =>
    told(origin, random.pick(published), { ...startClient(), topics });
  return [
    [name, asItIs],
    [`${name}-own-topic`, inItsOwnTopic],
  ];
}

const connectionOf = ({ src, conn }: CapturedPacket): string => `${src} ${conn}`;
const isBenign = (path: string): boolean => basename(path).startsWith('benign');
const familyOf = (path: string): string => basename(path).replace(/\.jsonl(\.gz)?$/, '');

function readText(path: string): string {
  try {
    if (statSync(path).size > captureBytesMax) throw new RangeError('too large');
    const bytes = readFileSync(path);
    const text = path.endsWith('.gz')
      ? gunzipSync(bytes, { maxOutputLength: captureBytesMax })
      : bytes;
    return text.toString('utf8');
  } catch (cause) {
    throw new GatewayError('data-unreadable', path, { cause });
  }
}
