import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { openHttpsClient } from '../../gateway/clients/https-client.ts';
import { connectMqtt } from '../../gateway/clients/mqtt-client.ts';
import type { OutboxEntry } from '../../gateway/core/relay.ts';
import { releasedJson, releasedTopic } from '../../gateway/core/released-json.ts';
import { toTransaction } from '../../gateway/fhir/transaction.ts';
import { framed } from '../../gateway/hl7/frame.ts';
import { toReports } from '../../gateway/hl7/message.ts';
import type { Bench } from '../question.ts';
import { idOf } from '../ward.ts';
import type { FastHospital, Kind } from './destination.ts';

/** As the relays of the gateway have it: how much leaves before an answer is waited for. */
const bundleEntries = 100;
const requestsAtOnce = 4;
const publishesAtOnce = 32;

/** What is sent before one answer, made beforehand, and how many observations it holds. */
interface Message {
  readonly bytes: Buffer;
  readonly topic: string;
  readonly observations: number;
}

interface BareLine {
  readonly atOnce: number;
  send(message: Message): Promise<unknown>;
  close(): void;
}

/**
 * Observations a second of a client that makes nothing, keeps nothing and looks at no answer: what is
 * left when a gateway does no work of its own.
 */
export async function bareRate(
  kind: Kind,
  hospital: FastHospital,
  entries: readonly OutboxEntry[],
  bench: Bench,
): Promise<number> {
  const messages = messagesOf(kind, entries);
  const line = await openLine(kind, hospital, bench);
  const until = performance.now() + bench.seconds * 1_000;
  const began = performance.now();
  let observations = 0;
  let next = 0;
  async function work(): Promise<void> {
    while (performance.now() < until) {
      const message = messages[next % messages.length] as Message;
      next += 1;
      await line.send(message);
      observations += message.observations;
    }
  }
  await Promise.all(Array.from({ length: line.atOnce }, work));
  const seconds = (performance.now() - began) / 1_000;
  line.close();
  return observations / seconds;
}

function messagesOf(kind: Kind, entries: readonly OutboxEntry[]): readonly Message[] {
  const one = (bytes: Buffer, { lane, observations }: OutboxEntry): Message => ({
    bytes,
    topic: releasedTopic('bare', lane, observations),
    observations: observations.length,
  });
  switch (kind) {
    case 'fhir':
      return Array.from({ length: Math.ceil(entries.length / bundleEntries) }, (_, index) => {
        const batch = entries.slice(index * bundleEntries, (index + 1) * bundleEntries);
        const observations = batch.reduce((sum, entry) => sum + entry.observations.length, 0);
        return { bytes: Buffer.from(toTransaction(batch).body), topic: '', observations };
      });
    case 'hl7v2': {
      const nobody = { receivingApplication: '', receivingFacility: '', sendingFacility: '' };
      const parties = { ...nobody, sendingApplication: 'BENCH', assigningAuthority: 'BENCH' };
      return entries.flatMap((entry) =>
        toReports(entry, parties, entry.observations[0]?.at ?? 0).map(({ text }) =>
          one(framed(text), entry),
        ),
      );
    }
    case 'mqtt':
    case 'webhook':
      return entries.map((entry) =>
        one(Buffer.from(releasedJson(entry.observations, entry.order)), entry),
      );
  }
}

async function openLine(kind: Kind, { port }: FastHospital, { ward }: Bench): Promise<BareLine> {
  const host = '127.0.0.1';
  const ca = readFileSync(ward.root);
  switch (kind) {
    case 'fhir':
    case 'webhook': {
      const url = `https://${host}:${port}/fhir`;
      const limits = { timeoutMs: 10_000, answerBytesMax: 1_000_000 };
      const client = openHttpsClient({ url, ...limits, tls: { ca } });
      const headers = { 'content-type': 'application/json' };
      return {
        atOnce: kind === 'fhir' ? 1 : requestsAtOnce,
        send: ({ bytes }) => client.ask({ method: 'POST', headers, body: bytes }),
        close: () => client.close(),
      };
    }
    case 'hl7v2': {
      const socket = connect({ host, port, ca });
      socket.setNoDelay(true);
      return {
        atOnce: 1,
        send({ bytes }) {
          const answered = Promise.withResolvers<void>();
          socket.once('data', () => answered.resolve());
          socket.write(bytes);
          return answered.promise;
        },
        close: () => void socket.destroy(),
      };
    }
    case 'mqtt': {
      const own = readFileSync(join(ward.certificates, `${idOf(0)}.pem`));
      const client = await connectMqtt({
        ...{ host, port, clientId: 'bare', connectMs: 10_000, keepAliveSeconds: 60 },
        tls: { ca, certificate: own, key: own },
      });
      return {
        atOnce: publishesAtOnce,
        send: ({ topic, bytes }) => client.publish(topic, bytes, 1),
        close: () => void client.close(),
      };
    }
  }
}
