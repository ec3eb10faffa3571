import { Readable } from 'node:stream';
import { devicePrincipal, mayReceive } from '../access/topics.ts';
import type { DeviceId } from '../core/device.ts';

interface Client {
  readonly id: string;
}

interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

/** A publish of QoS 2, from its first PUBLISH to its PUBREL (MQTT-4.3.3-2). */
interface Reception {
  /** Settles with the commit. */
  readonly kept: Promise<unknown>;
  isKept: boolean;
}

/**
 * Receptions by packet id. Part of the session, also while a commit is under way: a client that
 * comes back meanwhile delivers the same again.
 */
export type ExactlyOnce = Map<number, Reception>;

interface Session {
  readonly filters: Map<string, number>;
  readonly exactlyOnce: ExactlyOnce;
}

/** What is remembered of devices that asked for a session that outlives their connection. */
export interface MqttSessions {
  /** What a device's session received of QoS 2: the session kept, or a fresh one (MQTT-3.1.2-6). */
  exactlyOnce(device: DeviceId, isClean: boolean): ExactlyOnce;
  /** The same sessions, in the shape the broker wants its storage in. */
  readonly persistence: object;
}

/**
 * Sessions in memory, after a restart gone; the broker then says so (session present 0).
 * Nothing is kept for a device that is not there: a command that arrives an hour late is a danger,
 * not a delivery. So no message is ever retained, and none queued.
 */
export function createMqttSessions(sessionsMax: number, subscriptionsMax: number): MqttSessions {
  const sessions = new Map<string, Session>();

  function sessionOf(id: string): Session {
    const known = sessions.get(id);
    if (known !== undefined) return known;
    const session = { filters: new Map<string, number>(), exactlyOnce: new Map() };
    sessions.set(id, session);
    const oldest = sessions.keys().next().value;
    if (sessions.size > sessionsMax && oldest !== undefined) sessions.delete(oldest);
    return session;
  }

  return {
    exactlyOnce(device, isClean) {
      if (isClean) sessions.delete(device);
      return isClean ? new Map() : sessionOf(device).exactlyOnce;
    },
    persistence: {
      ...withoutMessages,
      async addSubscriptions({ id }: Client, subscriptions: readonly Subscription[]) {
        const { filters } = sessionOf(id);
        for (const { topic, qos } of subscriptions) {
          // The broker hands over refused filters too; they must not come back with the session.
          if (filters.size < subscriptionsMax && mayReceive(devicePrincipal(id as DeviceId), topic))
            filters.set(topic, qos);
        }
      },
      async removeSubscriptions({ id }: Client, filters: readonly string[]) {
        for (const filter of filters) sessions.get(id)?.filters.delete(filter);
      },
      async subscriptionsByClient({ id }: Client) {
        return [...(sessions.get(id)?.filters ?? [])].map(([topic, qos]) => ({ topic, qos }));
      },
      async cleanSubscriptions({ id }: Client) {
        sessions.delete(id);
      },
    },
  };
}

/** The storage of messages and wills: there is none. A will waits with its connection. */
const withoutMessages = {
  async setup() {},
  async destroy() {},
  async storeRetained() {},
  createRetainedStream: () => Readable.from([]),
  createRetainedStreamCombi: () => Readable.from([]),
  async subscriptionsByTopic() {
    return [];
  },
  async outgoingEnqueue() {},
  async outgoingEnqueueCombi() {},
  async outgoingUpdate() {},
  async outgoingClearMessageId() {},
  outgoingStream: () => Readable.from([]),
  async putWill() {},
  async getWill() {},
  async delWill() {},
  streamWill: () => Readable.from([]),
  getClientList: () => Readable.from([]),
};
