import { isIP } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { z } from 'zod';
import {
  clientTls,
  isKeyWithCertificate,
  keyWithCertificate,
  readTlsMaterial,
  tlsOptions,
} from '../core/destination-options.ts';
import { flawOf } from '../core/last-look.ts';
import {
  type Delivery,
  defineRelay,
  type OutboxEntry,
  probeMsMax,
  type RelayContext,
} from '../core/relay.ts';
import { classify, lifeSign } from '../hl7/acknowledgement.ts';
import { framed, readFrame } from '../hl7/frame.ts';
import { type Hl7Report, toQuestion, toReports } from '../hl7/message.ts';

/** HD (HL7 v2.6 2A.33): a name, or a name with an id and the kind of id. */
const party = z
  .string()
  .max(180)
  .regex(
    /^[^|~\\&\p{Cc}^]*(\^[^|~\\&\p{Cc}^]*){0,2}$/u,
    'up to three components, such as A^1.2^ISO',
  )
  .default('');

const Options = z
  .strictObject({
    host: z.string().min(1).max(253).describe('Name or address of the hospital’s HL7 receiver.'),
    port: z.int().min(1).max(65_535).describe('Its port for MLLP over TLS. There is none without.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(30_000)
      .default(10_000)
      .describe('The longest one message may wait for its acknowledgement, connecting included.'),
    sendingApplication: party.prefault('WARDGATE').describe('MSH-3.'),
    sendingFacility: party.describe('MSH-4.'),
    receivingApplication: party.describe('MSH-5.'),
    receivingFacility: party.describe('MSH-6.'),
    assigningAuthority: z
      .string()
      .regex(/^[\w.-]{1,20}$/)
      .default('WARDGATE')
      .describe('Whose the pseudonyms are: PID-3.4, OBX-18.2 and OBX-21.2.'),
    isAskedWhenIdle: z
      .boolean()
      .default(true)
      .describe(
        'Whether an idle receiver is asked by NMD^N02. False for one that answers nothing to it.',
      ),
    ...tlsOptions,
  })
  .refine(isKeyWithCertificate, keyWithCertificate);
type Options = z.output<typeof Options>;

/** What came in the meantime, such as an alert, waits no longer than this for what is being sent. */
const sendMsMax = 250;
/**
 * A connection on which nothing was said for so long is closed, where the receiver is not asked: that
 * it is half open would be noticed by the next message only, and a new one proves itself by its
 * handshake.
 */
const idleMsMax = 20_000;

export default defineRelay<Options>({
  id: 'hl7v2',
  options: Options,
  batchMax: 64,
  connect(options, context) {
    const connection = new Hl7Connection(options, context);
    return {
      send: (batch) => connection.send(batch),
      ...(options.isAskedWhenIdle && { probe: () => connection.probe() }),
      close: () => connection.close(),
    };
  },
});

/** A fate that is not the best one. */
type Failure = Exclude<Delivery, { readonly outcome: 'delivered' }>;

/**
 * One message at a time, each acknowledged before the next is sent: original acknowledgement has no
 * other window, and it keeps the order. After anything but a clear answer the connection is closed,
 * so that a late acknowledgement can never be taken for that of a later message.
 */
class Hl7Connection {
  readonly #options: Options;
  readonly #destination: ConnectionOptions;
  readonly #now: () => number;
  #line: Line | undefined;
  #isClosed = false;

  constructor(options: Options, context: RelayContext) {
    this.#options = options;
    this.#destination = destinationOf(options, context);
    this.#now = context.now;
  }

  async send(batch: readonly OutboxEntry[]): Promise<Delivery> {
    const flaw = flawOf(batch);
    if (flaw) return { outcome: 'refused', cause: flaw };
    const startedAt = performance.now();
    for (const [entryCount, entry] of batch.entries()) {
      const isLong = performance.now() - startedAt > sendMsMax;
      if (entryCount > 0 && isLong) return { outcome: 'delivered', entryCount };
      const failure = await this.#sendEntry(entry);
      // What was acknowledged is not sent again for the sake of what follows it.
      if (failure && entryCount > 0) return { outcome: 'delivered', entryCount };
      // It was the first one's: the others were not sent.
      if (failure?.outcome === 'refused' && batch.length > 1) return { ...failure, entryCount: 1 };
      if (failure) return failure;
    }
    return { outcome: 'delivered' };
  }

  async probe(): Promise<Delivery> {
    const question = toQuestion(this.#options, this.#now());
    return this.#exchange(question, lifeSign, Math.min(this.#options.timeoutMs, probeMsMax));
  }

  close(): void {
    this.#isClosed = true;
    this.#line?.destroy('closed');
  }

  async #sendEntry(entry: OutboxEntry): Promise<Failure | undefined> {
    for (const report of toReports(entry, this.#options, this.#now())) {
      const delivery = await this.#exchange(report, classify, this.#options.timeoutMs);
      if (delivery.outcome !== 'delivered') return delivery;
    }
    return undefined;
  }

  async #exchange(
    { controlId, text }: Hl7Report,
    judge: typeof classify,
    timeoutMs: number,
  ): Promise<Delivery> {
    if (this.#isClosed) return { outcome: 'retry', cause: 'closed' };
    // A question whether anybody is there: no message waits for its answer.
    if (this.#line?.isAsking()) this.#line.destroy('a message goes first');
    this.#line ??= openLine(this.#destination, () => {
      this.#line = undefined;
    });
    const line = this.#line;
    const answer = await line.ask(framed(text), timeoutMs);
    // Nothing written is nothing stored; after the first byte nobody can tell.
    if ('cause' in answer) {
      return { outcome: answer.isWritten ? 'unknown' : 'retry', cause: answer.cause };
    }
    const delivery = judge(answer.text, controlId);
    if (delivery.outcome === 'unknown') line.destroy(delivery.cause);
    return delivery;
  }
}

/** The line broke before an answer came, or what came was none. */
interface Broken {
  readonly cause: string;
  /** Whether any of the message may have reached the receiver. */
  readonly isWritten: boolean;
}

interface Line {
  /** Writes once the receiver has proved who it is, and resolves with its one frame. */
  ask(bytes: Buffer, timeoutMs: number): Promise<{ readonly text: string } | Broken>;
  /** An answer is still owed. */
  isAsking(): boolean;
  destroy(cause: string): void;
}

/** The message under way. */
interface Question {
  isWritten: boolean;
  received: Buffer;
  resolve(answer: { readonly text: string } | Broken): void;
}

function openLine(destination: ConnectionOptions, onClose: () => void): Line {
  const socket = connect(destination);
  let question: Question | undefined;
  let isEnded = false;
  const destroy = (cause: string) => {
    if (isEnded) return;
    isEnded = true;
    socket.destroy();
    onClose();
    question?.resolve({ cause, isWritten: question.isWritten });
  };

  socket.setNoDelay(true);
  socket.setTimeout(idleMsMax, () => question ?? destroy('idle'));
  socket.on('error', (error: NodeJS.ErrnoException) => destroy(error.code ?? error.name));
  socket.once('end', () => destroy('closed by the receiver'));
  socket.once('close', () => destroy('closed'));
  socket.on('data', (chunk: Buffer) => {
    // Nobody asked: whatever this is, the next answer might be taken for it.
    if (!question) return destroy('unexpected bytes');
    question.received = Buffer.concat([question.received, chunk]);
    const reading = readFrame(question.received);
    if (reading.state === 'broken') destroy('answer is no frame');
    if (reading.state !== 'whole') return;
    const { resolve } = question;
    question = undefined;
    if (!reading.isAlone) destroy('unexpected bytes');
    resolve({ text: reading.text });
  });

  return {
    destroy,
    isAsking: () => question !== undefined,
    async ask(bytes, timeoutMs) {
      const { promise, resolve } = Promise.withResolvers<{ readonly text: string } | Broken>();
      const asked: Question = { isWritten: false, received: Buffer.alloc(0), resolve };
      question = asked;
      const write = () => {
        asked.isWritten = true;
        socket.write(bytes);
      };
      if (socket.authorized) write();
      else socket.once('secureConnect', write);
      const timer = setTimeout(() => destroy('ETIMEDOUT'), timeoutMs);
      const answer = await promise;
      clearTimeout(timer);
      return answer;
    },
  };
}

function destinationOf(options: Options, context: RelayContext): ConnectionOptions {
  const { host, port } = options;
  return {
    ...clientTls(readTlsMaterial(options, context)),
    host,
    port,
    // RFC 6066 3: an address is no server name.
    servername: isIP(host) === 0 ? host : '',
  };
}
