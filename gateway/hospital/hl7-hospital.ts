import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { acknowledgeHl7 } from '../core/hl7/acknowledgement.ts';
import type { Hl7Message } from '../core/hl7/message.ts';
import { defineMllpProtocol } from '../core/hl7/mllp.ts';
import { tlsPolicy } from '../core/tls-policy.ts';
import { flawOfReport, isQuestion } from './hl7-schema.ts';
import { createMessageStore, type Hl7Counts, type MessageStore } from './message-store.ts';

/** How a hospital's HL7 receiver fails, on command. */
const hl7Faults = [
  'none',
  /** Enhanced acknowledgement: CA, once it is stored. */
  'commit',
  /** Every connection is reset before TLS. */
  'down',
  /** Nothing is stored: AE with a segment error, AE with an internal error, AR, CR. */
  'AE',
  'AE-207',
  'AR',
  'CR',
  /** Nothing is read any more, and nothing is said: the other half of the line is gone. */
  'deaf',
  /** Stores, and never answers. */
  'silent',
  /** Stores, and answers after `lateMs`. */
  'late',
  /** Stores, and acknowledges another message. */
  'wrong-id',
  /** Stores, and answers in single bytes. */
  'split',
  /** Stores, and answers twice. */
  'double',
  /** Stores, and answers what is no HL7. */
  'junk',
  /** Stores, and breaks the line instead of answering. */
  'cut-after-store',
  /** Refuses every message that holds the one observation named. */
  'AE-one',
] as const;
export type Hl7Fault = (typeof hl7Faults)[number];

export interface Hl7HospitalOptions {
  /** PEM; the certificate with its chain. */
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** PEM: then only clients with a certificate of this authority are let in. */
  readonly clientCa?: string | Buffer | undefined;
  /** 0 picks a free one. */
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly lateMs?: number | undefined;
  readonly observationsMax?: number | undefined;
}

export interface Hl7Hospital {
  readonly port: number;
  /** `observationId` is needed by `AE-one` only. */
  setFault(fault: Hl7Fault, observationId?: string): void;
  readonly stored: MessageStore['observations'];
  readonly counts: Hl7Counts;
  close(): Promise<void>;
}

const connectionsMax = 256;

/**
 * A hospital's HL7 v2.6 receiver, in memory: ORU^R01 and ORU^R40 by MLLP over TLS. A real endpoint on
 * a real socket; what it refuses, a strict one would refuse too. Who asks by NMD^N02 whether it is there
 * is told so, and nothing is stored for it. A message whose MSH-10 it has is
 * acknowledged and not stored again.
 */
export async function startHl7Hospital(options: Hl7HospitalOptions): Promise<Hl7Hospital> {
  const { key, cert, clientCa, port = 0, host = '127.0.0.1' } = options;
  const desk: Desk = {
    store: createMessageStore(options.observationsMax ?? 500_000),
    lateMs: options.lateMs ?? 30_000,
    timers: new Set(),
    fault: 'none',
    refused: undefined,
  };
  const open = new Set<TLSSocket>();
  const server = createServer({
    ...tlsPolicy,
    key,
    cert,
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  server.maxConnections = connectionsMax;
  server.on('connection', (socket) => {
    if (desk.fault === 'down') socket.resetAndDestroy();
  });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    serve(desk, socket);
  });
  server.listen(port, host);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    stored: desk.store.observations,
    counts: desk.store.counts,
    setFault(fault, observationId) {
      desk.fault = fault;
      desk.refused = observationId;
      if (fault === 'down') for (const socket of open) socket.destroy();
    },
    async close() {
      for (const timer of desk.timers) clearTimeout(timer);
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** What every connection works on. */
interface Desk {
  readonly store: MessageStore;
  readonly lateMs: number;
  readonly timers: Set<NodeJS.Timeout>;
  fault: Hl7Fault;
  refused: string | undefined;
}

function serve(desk: Desk, socket: TLSSocket): void {
  const protocol = defineMllpProtocol('hospital', (message) => ({
    records: [],
    reply: replyTo(desk, message),
  }));
  let state = protocol.start;
  socket.on('data', (chunk: Buffer) => {
    if (desk.fault === 'deaf') return;
    const step = protocol.step(state, chunk);
    state = step.state;
    if (step.reply.length > 0) send(desk, socket, Buffer.from(step.reply));
  });
}

/** Stores what is to be stored, and says what the fault lets it say. */
function replyTo({ fault, refused, store }: Desk, message: Hl7Message): string {
  if (fault === 'AE') return acknowledgeHl7(message, 'AE', '101^Required field missing');
  if (fault === 'AE-207') return acknowledgeHl7(message, 'AE', '207^Internal error');
  if (fault === 'AR') return acknowledgeHl7(message, 'AR');
  if (fault === 'CR') return acknowledgeHl7(message, 'AR').replace('MSA|AR|', 'MSA|CR|');
  if (isQuestion(message)) return acknowledgeHl7(message, 'AA');
  const flaw = flawOfReport(message);
  if (flaw !== undefined) return acknowledgeHl7(message, 'AE', flaw);
  const ids = message.segments.flatMap(({ name, part }) => (name === 'OBX' ? [part(21, 1)] : []));
  if (fault === 'AE-one' && ids.includes(refused ?? '')) {
    return acknowledgeHl7(message, 'AE', '101^Required field missing');
  }
  if (!store.add(message)) return acknowledgeHl7(message, 'AR', '207^Internal error');
  const { controlId } = message;
  const accepted = acknowledgeHl7(message, 'AA');
  if (fault === 'commit') return accepted.replace('MSA|AA|', 'MSA|CA|');
  if (fault === 'wrong-id')
    return accepted.replace(`MSA|AA|${controlId}`, 'MSA|AA|another-message');
  return accepted;
}

function send({ fault, lateMs, timers }: Desk, socket: TLSSocket, reply: Buffer): void {
  switch (fault) {
    case 'silent':
      return;
    case 'late': {
      const timer = setTimeout(() => {
        timers.delete(timer);
        socket.write(reply);
      }, lateMs);
      timers.add(timer);
      return;
    }
    case 'split':
      for (const byte of reply) socket.write(Buffer.of(byte));
      return;
    case 'double':
      socket.write(Buffer.concat([reply, reply]));
      return;
    case 'junk':
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    case 'cut-after-store':
      socket.destroy();
      return;
    default:
      socket.write(reply);
  }
}
