import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { connectMqtt, type MqttConnection, mqttCauseOf } from '../clients/mqtt-client.ts';
import {
  isKeyWithCertificate,
  keyWithCertificate,
  readTlsMaterial,
  type TlsMaterial,
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
import { feedRoot, releasedJson, releasedTopic } from '../core/released-json.ts';

const Options = z
  .strictObject({
    host: z
      .string()
      .regex(/^[\w.:-]{1,253}$/)
      .describe('Name or address of the hospital’s broker.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(8883)
      .describe('Its port for MQTT over TLS. There is none without.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(30_000)
      .default(10_000)
      .describe('The longest wait for the CONNACK, and again for each PUBACK.'),
    topic: z
      .string()
      .regex(/^[^+#/\p{Cc}]+(\/[^+#/\p{Cc}]+){0,3}$/u)
      .max(100)
      .default(feedRoot)
      .describe('What every topic begins with.'),
    clientId: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,14}$/)
      .default('wardgate')
      .describe('What the client id begins with; eight digits by chance follow.'),
    userName: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Where the broker asks for one besides the certificate.'),
    passwordFile: z
      .string()
      .min(1)
      .optional()
      .describe('File in the site directory, mode 600: the password of userName.'),
    payloadBytesMax: z
      .int()
      .min(1_024)
      .max(16_777_216)
      .default(262_144)
      .describe('The longest message the broker takes. What is longer is set aside, not tried.'),
    ...tlsOptions,
  })
  .refine(isKeyWithCertificate, keyWithCertificate);
type Options = z.output<typeof Options>;

/** Messages without their PUBACK at one time. */
const inflightMax = 32;
/** What came in the meantime, such as an alert, waits no longer than this for a batch under way. */
const sendMsMax = 250;
/** A broker that is gone without a word is noticed after 15 s; see `MqttClientOptions`. */
const keepAliveSeconds = 10;
const suffixBytes = 4;
const topicLevel = /^[\w-]+$/;

/**
 * Publishes each record by QoS 1, in order. The outbox is the session: a record leaves it by the
 * PUBACK of that very message, and whatever a broken connection left open is published anew, with
 * the same ids. So the session at the broker is a clean one, and there is nothing to fall out of step.
 */
export default defineRelay<Options>({
  id: 'mqtt',
  options: Options,
  batchMax: 100,
  connect(options, context) {
    const bridge = new Bridge(options, context);
    return {
      send: (batch) => bridge.send(batch),
      probe: () => bridge.probe(),
      close: () => bridge.close(),
    };
  },
});

interface Message {
  readonly topic: string;
  readonly payload: Buffer;
}

class Bridge {
  readonly #options: Options;
  readonly #tls: TlsMaterial;
  readonly #password: Buffer | undefined;
  readonly #clientId: string;
  #connection: MqttConnection | undefined;
  #opening: Promise<MqttConnection> | undefined;
  #isClosed = false;

  constructor(options: Options, context: RelayContext) {
    const { passwordFile, clientId } = options;
    this.#options = options;
    this.#tls = readTlsMaterial(options, context);
    this.#password =
      passwordFile === undefined
        ? undefined
        : Buffer.from(context.readSecret(passwordFile).toString('utf8').trim());
    // Two of one name would throw each other out for ever (MQTT-3.1.4-2).
    this.#clientId = `${clientId}-${randomBytes(suffixBytes).toString('hex')}`;
  }

  async send(batch: readonly OutboxEntry[]): Promise<Delivery> {
    const flaw = flawOf(batch);
    if (flaw) return { outcome: 'refused', cause: flaw };
    // A level of a topic: what else is in it would lead elsewhere.
    if (!batch.every(({ observations: [first] }) => topicLevel.test(first?.device ?? '')))
      return { outcome: 'refused', cause: 'device is no level of a topic' };
    const messages = batch.map((entry) => this.#messageOf(entry));
    const { payloadBytesMax } = this.#options;
    if (messages.some(({ payload }) => payload.length > payloadBytesMax))
      return { outcome: 'refused', cause: 'longer than payloadBytesMax' };
    let connection: MqttConnection;
    try {
      connection = await this.#open();
    } catch (error) {
      // Without a session nothing was published.
      return { outcome: 'retry', cause: mqttCauseOf(error) };
    }
    return this.#publishAll(connection, messages);
  }

  /** A CONNACK is the broker's answer, and so is a PINGRESP (MQTT 3.1.1, 3.12). */
  async probe(): Promise<Delivery> {
    const untilMs = Math.min(this.#options.timeoutMs, probeMsMax);
    try {
      if (this.#connection?.isOpen) await inTime(this.#connection.ping(), untilMs);
      else await this.#open(untilMs);
      return { outcome: 'delivered' };
    } catch (error) {
      this.#drop();
      return { outcome: 'retry', cause: mqttCauseOf(error) };
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #open(connectMs = this.#options.timeoutMs): Promise<MqttConnection> {
    if (this.#connection?.isOpen) return this.#connection;
    this.#drop();
    // Two of one name would throw each other out: who asks and who sends open one together.
    this.#opening ??= this.#connect(connectMs).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(connectMs: number): Promise<MqttConnection> {
    if (this.#isClosed) throw Object.assign(new Error('closed'), { code: 'ECANCELED' });
    const { host, port, userName } = this.#options;
    const connection = await connectMqtt({
      host,
      port,
      clientId: this.#clientId,
      tls: this.#tls,
      userName,
      password: this.#password,
      connectMs,
      keepAliveSeconds,
    });
    this.#connection = connection;
    if (this.#isClosed) this.#drop();
    return connection;
  }

  #drop(): void {
    void this.#connection?.close().catch(() => undefined);
    this.#connection = undefined;
  }

  /** In order, a window of them at a time. What is delivered is counted from the first one on. */
  async #publishAll(connection: MqttConnection, messages: readonly Message[]): Promise<Delivery> {
    const untilMs = performance.now() + sendMsMax;
    const owed: Promise<void>[] = [];
    let deliveredCount = 0;
    try {
      for (const { topic, payload } of messages) {
        if (owed.length > 0 && performance.now() > untilMs) break;
        const answer = inTime(connection.publish(topic, payload, 1), this.#options.timeoutMs);
        answer.catch(() => undefined);
        owed.push(answer);
        if (owed.length < inflightMax + deliveredCount) continue;
        await owed[deliveredCount];
        deliveredCount += 1;
      }
      for (; deliveredCount < owed.length; deliveredCount += 1) await owed[deliveredCount];
    } catch (error) {
      // Whatever is still under way must not be taken for the answer to what is sent next.
      this.#drop();
      if (deliveredCount === 0) return { outcome: 'unknown', cause: mqttCauseOf(error) };
    }
    return deliveredCount === messages.length
      ? { outcome: 'delivered' }
      : { outcome: 'delivered', entryCount: deliveredCount };
  }

  #messageOf({ lane, observations, order }: OutboxEntry): Message {
    return {
      topic: releasedTopic(this.#options.topic, lane, observations),
      payload: Buffer.from(releasedJson(observations, order)),
    };
  }
}

async function inTime(answer: Promise<unknown>, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
    timeoutMs,
  );
  try {
    await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
