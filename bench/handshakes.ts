import { join } from 'node:path';
import { awaitLine, startChild } from './children.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { gateway } from './peers/gateway.ts';
import { mosquitto } from './peers/mosquitto.ts';
import type { Peer } from './peers/peer.ts';
import { sink } from './peers/sink.ts';
import { inTurn } from './play.ts';
import type { Bench, Question, Row } from './question.ts';
import { idOf } from './ward.ts';

const peers: readonly Peer[] = [gateway, mosquitto, sink];
/** At least, until the next whole second: the gateway lets one address make 2,000 connections at once, and 200 a second then. */
const seconds = 1;

/** What `openssl s_time` is told. A client of its kind resumes with TLS 1.2 only. */
const kinds = {
  'full, TLS 1.3': ['-new', '-tls1_3'],
  'full, TLS 1.2': ['-new', '-tls1_2'],
  'resumed, TLS 1.2': ['-reuse', '-tls1_2'],
} as const;

type Kind = keyof typeof kinds;

export const handshakes: Question = {
  name: 'handshakes',
  summary: 'Handshakes a second of one client after the other, mutual TLS, full and resumed.',

  async ask(bench) {
    await bench.ward.enrol(1);
    const load = loadNow();
    const measured = await inTurn(bench, peers, (peer) => shakeAll(peer, bench));
    return [
      {
        title: 'Handshakes a second, mutual TLS, ECDSA P-256, one client after the other',
        rows: [...measured].map(([{ name }, rates]) => row(name, rates)),
        notes: [
          `load average before: ${load}; median of ${bench.rounds} rounds of ${seconds} to ${seconds + 1} s a kind, each server started anew`,
          'the client is openssl s_time, one process on the same machine',
        ],
      },
    ];
  },
};

type Rates = Readonly<Record<Kind, number>>;

async function shakeAll(peer: Peer, bench: Bench): Promise<Rates> {
  const rates: Partial<Record<Kind, number>> = {};
  for (const [kind, words] of Object.entries(kinds)) {
    const server = await peer.start(bench);
    rates[kind as Kind] = await shake(server.port, words, bench);
    await server.stop();
  }
  return rates as Rates;
}

async function shake(
  port: number,
  words: readonly string[],
  { load, ward }: Bench,
): Promise<number> {
  const began = performance.now();
  const papers = join(ward.certificates, `${idOf(0)}.pem`);
  const child = startChild(load.path, [
    ...['openssl', 's_time', '-connect', `127.0.0.1:${port}`, '-CAfile', ward.root],
    ...['-cert', papers, '-key', papers, '-time', `${seconds}`, ...words],
  ]);
  // `841 connections in 2 real seconds, ...`: whole seconds, so it is timed here, with its start.
  const count = await awaitLine(child, (line) => {
    const [, connections] = /^(\d+) connections in \d+ real seconds/.exec(line) ?? [];
    return connections === undefined ? undefined : Number(connections);
  });
  return (count * 1_000) / (performance.now() - began);
}

function row(server: string, rates: readonly Rates[]): Row {
  const middle = (kind: Kind) => rounded(median(rates.map((each) => each[kind])));
  return {
    server,
    ...Object.fromEntries((Object.keys(kinds) as Kind[]).map((kind) => [kind, middle(kind)])),
  };
}
