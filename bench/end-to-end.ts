import type { Published } from './load/program.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { gateway } from './peers/gateway.ts';
import { mosquitto, mosquittoOwing, mosquittoSaved } from './peers/mosquitto.ts';
import type { Peer } from './peers/peer.ts';
import { sink } from './peers/sink.ts';
import { inTurn, playAgainst } from './play.ts';
import type { Answer, Bench, Question, Row } from './question.ts';

const peers: readonly Peer[] = [gateway, mosquitto, mosquittoSaved, mosquittoOwing, sink];
const window = 20;
const settings = [
  { clients: 50, payloadBytes: 200 },
  { clients: 500, payloadBytes: 200 },
  { clients: 50, payloadBytes: 2_000 },
  { clients: 500, payloadBytes: 2_000 },
];

export const endToEnd: Question = {
  name: 'end-to-end',
  summary: 'Messages a second acknowledged over mutual TLS, beside mosquitto.',

  async ask(bench) {
    const answers: Answer[] = [];
    for (const { clients, payloadBytes } of settings) {
      bench.remark(`${clients} clients, ${payloadBytes} bytes`);
      await bench.ward.enrol(clients);
      const load = loadNow();
      const play = { clients, payloadBytes, window };
      const measured = await inTurn(bench, peers, (peer) => playAgainst(peer, bench, play));
      const beside = middle(measured.get(mosquitto) ?? []);
      answers.push({
        title: `${clients} clients, mutual TLS, QoS 1, ${payloadBytes} bytes, ${window} in flight each`,
        rows: [...measured].map(([peer, plays]) => row(peer, plays, beside)),
        notes: [`load average before: ${load}`, spreadOf(bench)],
      });
    }
    return answers;
  },
};

const middle = (plays: readonly Published[]) => median(plays.map(({ perSecond }) => perSecond));

function row({ name }: Peer, plays: readonly Published[], beside: number): Row {
  const rates = plays.map(({ perSecond }) => perSecond);
  return {
    server: name,
    'messages/s': Math.round(middle(plays)),
    'to mosquitto': rounded(middle(plays) / beside),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    'PUBACK p50 ms': rounded(median(plays.map(({ latencyUs }) => latencyUs.p50)) / 1_000),
    'p99 ms': rounded(median(plays.map(({ latencyUs }) => latencyUs.p99)) / 1_000),
    'server µs/message': rounded(median(plays.map(({ serverCpuUs }) => serverCpuUs))),
    'clients µs/message': rounded(median(plays.map(({ clientCpuUs }) => clientCpuUs))),
  };
}

function spreadOf({ rounds, seconds }: Bench): string {
  return `median of ${rounds} rounds of ${seconds} s, servers in turn, each started anew`;
}
