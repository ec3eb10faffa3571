import { setTimeout as delay } from 'node:timers/promises';
import { holdConnections } from './load/program.ts';
import { loadNow, residentMb } from './machine.ts';
import { gateway } from './peers/gateway.ts';
import { mosquitto } from './peers/mosquitto.ts';
import type { Peer } from './peers/peer.ts';
import { clientsOf, playOn } from './play.ts';
import type { Bench, Question, Row } from './question.ts';

const peers: readonly Peer[] = [gateway, mosquitto];
const rate = 2_000;
const clients = 50;
const idleClients = 1_000;
const payloadBytes = 200;
const window = 1_024;
/** What a start leaves to be tidied up is gone by then. */
const settleMs = 3_000;
const lookEveryMs = 1_000;

export const memory: Question = {
  name: 'memory',
  summary: 'Resident memory: idle, with 1,000 idle connections, and after minutes of load.',

  async ask(bench) {
    await bench.ward.enrol(idleClients);
    const load = loadNow();
    // Side by side: unlike a rate, a weight is not changed by a neighbour, and minutes are long.
    const rows = await Promise.all(peers.map((peer) => weigh(peer, bench)));
    return [
      {
        title: `Resident memory, MB; load of ${rate} messages/s from ${clients} clients for ${bench.minutes} min`,
        rows,
        notes: [
          `load average before: ${load}`,
          `idle: ${settleMs / 1_000} s after ready; servers side by side, started anew for the load`,
        ],
      },
    ];
  },
};

async function weigh(peer: Peer, bench: Bench): Promise<Row> {
  bench.remark(`  ${peer.name}: ${idleClients} idle connections`);
  const quiet = await peer.start(bench);
  await delay(settleMs);
  const idle = residentMb(quiet.pid);
  const clientsHeld = clientsOf(bench, quiet.port, idleClients);
  const held = await holdConnections(bench.load, clientsHeld, async () => {
    await delay(settleMs);
    return residentMb(quiet.pid);
  });
  await quiet.stop();

  bench.remark(`  ${peer.name}: ${bench.minutes} min of load`);
  const busy = await peer.start(bench);
  const weights: number[] = [];
  const looking = setInterval(() => weights.push(residentMb(busy.pid)), lookEveryMs);
  const play = { clients, payloadBytes, window, rate, seconds: bench.minutes * 60 };
  const published = await playOn(busy, bench, play).finally(() => clearInterval(looking));
  await delay(settleMs);
  const after = residentMb(busy.pid);
  await busy.stop();
  return {
    server: peer.name,
    idle,
    [`${idleClients} idle connections`]: held,
    'kB a connection': Math.round(((held - idle) * 1_024) / idleClients),
    'most under load': Math.max(...weights),
    'end of load': weights.at(-1) ?? after,
    [`${settleMs / 1_000} s later`]: after,
    acknowledged: published.acknowledgedTotal,
  };
}
