import type { Published } from './load/program.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { gateway, gatewayWithoutPause } from './peers/gateway.ts';
import { mosquitto } from './peers/mosquitto.ts';
import type { Peer } from './peers/peer.ts';
import { sink } from './peers/sink.ts';
import { inTurn, playAgainst } from './play.ts';
import type { Answer, Question, Row } from './question.ts';

const peers: readonly Peer[] = [gateway, gatewayWithoutPause, mosquitto, sink];
const rates = [1_000, 5_000, 10_000];
const clients = 50;
const payloadBytes = 200;
/** So large that a server that stalls for seconds does not slow the clients down. */
const window = 1_024;

export const pubackLatency: Question = {
  name: 'puback-latency',
  summary: 'PUBACK p50, p99 and largest at 1,000, 5,000 and 10,000 messages a second offered.',

  async ask(bench) {
    await bench.ward.enrol(clients);
    const answers: Answer[] = [];
    for (const rate of rates) {
      bench.remark(`${rate} messages/s offered`);
      const load = loadNow();
      const play = { clients, payloadBytes, window, rate };
      const measured = await inTurn(bench, peers, (peer) => playAgainst(peer, bench, play));
      answers.push({
        title: `${rate} messages/s offered by ${clients} clients, mutual TLS, QoS 1, ${payloadBytes} bytes`,
        rows: [...measured].map(([peer, plays]) => row(peer, plays)),
        notes: [
          `load average before: ${load}`,
          `open loop: a PUBACK’s time counts from when its PUBLISH was due; median of ${bench.rounds} rounds of ${bench.seconds} s`,
        ],
      });
    }
    return answers;
  },
};

function row({ name }: Peer, plays: readonly Published[]): Row {
  const ms = (pick: (play: Published) => number) => rounded(median(plays.map(pick)) / 1_000);
  return {
    server: name,
    'answered/s': Math.round(median(plays.map(({ perSecond }) => perSecond))),
    'p50 ms': ms(({ latencyUs }) => latencyUs.p50),
    'p99 ms': ms(({ latencyUs }) => latencyUs.p99),
    'max ms': ms(({ latencyUs }) => latencyUs.max),
    'sent late p99 ms': ms(({ lagP99Us }) => lagP99Us),
    'server µs/message': rounded(median(plays.map(({ serverCpuUs }) => serverCpuUs))),
    'not sent or answered': plays.reduce(
      (sum, { unsent, unanswered }) => sum + unsent + unanswered,
      0,
    ),
  };
}
