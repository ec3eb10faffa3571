import { connectAsync, type MqttClient } from 'mqtt';

export interface Bridged {
  /** What arrived, in order. */
  readonly messages: readonly { readonly topic: string; readonly text: string }[];
  holds(observationId: string): boolean;
  /** Observations that came again with another content: nobody could tell that they are the same. */
  changed(): number;
  /** Resolves when everything the broker has taken until now has arrived here. */
  settled(): Promise<void>;
  /** To the broker that was started anew. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

const markTopic = 'mark';

/** Somebody in the hospital who reads what the bridge publishes, and keeps each observation once. */
export async function readBridged(port: number, ca: string): Promise<Bridged> {
  const messages: { topic: string; text: string }[] = [];
  const contents = new Map<string, string>();
  const marks = new Map<string, () => void>();
  let changed = 0;
  let marked = 0;

  function take(topic: string, text: string): void {
    if (topic === markTopic) {
      marks.get(text)?.();
      return;
    }
    messages.push({ topic, text });
    for (const observation of JSON.parse(text).observations as { id: string }[]) {
      const content = JSON.stringify(observation);
      if ((contents.get(observation.id) ?? content) !== content) changed += 1;
      contents.set(observation.id, content);
    }
  }

  async function connect(): Promise<MqttClient> {
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, { ca, reconnectPeriod: 0 });
    client.on('error', () => undefined);
    client.on('message', (topic, payload) => take(topic, payload.toString()));
    await client.subscribeAsync('#', { qos: 1 });
    return client;
  }
  let client = await connect();

  return {
    messages,
    holds: (id) => contents.has(id),
    changed: () => changed,
    async settled() {
      marked += 1;
      const mark = String(marked);
      const { promise, resolve } = Promise.withResolvers<void>();
      marks.set(mark, resolve);
      await client.publishAsync(markTopic, mark, { qos: 1 });
      await promise;
    },
    async reconnect() {
      await client.endAsync(true);
      client = await connect();
    },
    close: () => client.endAsync(true),
  };
}
