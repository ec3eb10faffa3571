import type { Connecting } from './load/program.ts';
import { playConnecting } from './load/program.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { gateway } from './peers/gateway.ts';
import { mosquitto } from './peers/mosquitto.ts';
import type { Peer } from './peers/peer.ts';
import { sink } from './peers/sink.ts';
import { clientsOf, inTurn } from './play.ts';
import type { Bench, Question, Row } from './question.ts';

const peers: readonly Peer[] = [gateway, mosquitto, sink];
const clients = 1_000;

export const connects: Question = {
  name: 'connects',
  summary: '1,000 clients connect at once over mutual TLS: until each has its CONNACK.',

  async ask(bench) {
    const enrolSeconds = await bench.ward.enrol(clients);
    const load = loadNow();
    const measured = await inTurn(bench, peers, (peer) => connectTo(peer, bench));
    const beside = middle(measured.get(mosquitto) ?? []);
    return [
      {
        title: `${clients} clients at once, mutual TLS, ECDSA P-256, no session is resumed`,
        rows: [...measured].map(([peer, plays]) => row(peer, plays, beside)),
        notes: [
          `load average before: ${load}; median of ${bench.rounds} rounds, each server started anew`,
          `to issue the certificates took ${rounded(enrolSeconds)} s (0 when they were there)`,
        ],
      },
    ];
  },
};

async function connectTo(peer: Peer, bench: Bench): Promise<Connecting> {
  const server = await peer.start(bench);
  const connecting = await playConnecting(bench.load, clientsOf(bench, server.port, clients));
  await server.stop();
  return connecting;
}

const middle = (plays: readonly Connecting[]) => median(plays.map(({ seconds }) => seconds));

function row({ name }: Peer, plays: readonly Connecting[], beside: number): Row {
  return {
    server: name,
    'all connected s': rounded(middle(plays)),
    'connects/s': Math.round(clients / middle(plays)),
    'to mosquitto': rounded(beside / middle(plays)),
    'p50 s': rounded(median(plays.map(({ connectUs }) => connectUs.p50)) / 1e6),
    'p99 s': rounded(median(plays.map(({ connectUs }) => connectUs.p99)) / 1e6),
    'clients CPU s': rounded(median(plays.map(({ cpuSeconds }) => cpuSeconds))),
  };
}
