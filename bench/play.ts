import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clients, type Published, playPublishing } from './load/program.ts';
import { movingVitalSigns, vitalSigns } from './payload.ts';
import type { Peer, RunningPeer } from './peers/peer.ts';
import type { Bench } from './question.ts';
import { devicePrefix } from './ward.ts';

export interface Play {
  readonly clients: number;
  readonly payloadBytes: number;
  /** Publishes one client may have unanswered. */
  readonly window: number;
  /** Messages a second; as fast as the window allows when left out. */
  readonly rate?: number | undefined;
  readonly seconds?: number | undefined;
  /** Values move as this simulated patient’s do; when left out they stay what they are. */
  readonly patient?: number | undefined;
}

/** A client says so many different ones before it begins anew. */
const movingCount = 4_096;

const warmUpSeconds = 1;

export function clientsOf({ ward }: Bench, port: number, count: number): Clients {
  const { certificates, root } = ward;
  return { port, count, prefix: devicePrefix, certificates, root };
}

/** A fresh server of this kind, one play, and the count of what it kept. */
export async function playAgainst(peer: Peer, bench: Bench, play: Play): Promise<Published> {
  const server = await peer.start(bench);
  const published = await playOn(server, bench, play);
  const { kept } = await server.stop();
  requireKept(peer, published, kept);
  return published;
}

/** One play against a server that runs. */
export function playOn(server: RunningPeer, bench: Bench, play: Play): Promise<Published> {
  const { clients, payloadBytes, window, rate, seconds = bench.seconds } = play;
  const payload =
    play.patient === undefined
      ? vitalSigns(payloadBytes)
      : movingVitalSigns(payloadBytes, movingCount, play.patient);
  const payloadPath = join(bench.directory, `payload-${payloadBytes}`);
  writeFileSync(payloadPath, payload.text);
  const playing = {
    ...clientsOf(bench, server.port, clients),
    ...{ payload, payloadPath, window, rate, warmUpSeconds, seconds },
  };
  return playPublishing(bench.load, playing, server.pid);
}

/** A fast server that loses what it acknowledged is no peer of anybody. */
export function requireKept(
  { name }: Peer,
  { acknowledgedTotal }: Pick<Published, 'acknowledgedTotal'>,
  kept?: number,
): void {
  if (kept === undefined || kept >= acknowledgedTotal) return;
  throw new Error(`${name}: acknowledged ${acknowledgedTotal}, but kept only ${kept}`);
}

/** Peers in turn, `rounds` times: whatever else the machine does meets all of them alike. */
export async function inTurn<Measured>(
  bench: Bench,
  peers: readonly Peer[],
  measure: (peer: Peer) => Promise<Measured>,
): Promise<ReadonlyMap<Peer, readonly Measured[]>> {
  const measured = new Map<Peer, Measured[]>(peers.map((peer) => [peer, []]));
  for (let round = 1; round <= bench.rounds; round += 1) {
    for (const [peer, results] of measured) {
      bench.remark(`  round ${round} of ${bench.rounds}: ${peer.name}`);
      results.push(await measure(peer));
    }
  }
  return measured;
}
