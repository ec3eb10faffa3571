import type { Duplex } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import {
  consumerPrincipal,
  devicePrincipal,
  mayReceive,
  topicLevelsMax,
} from '../access/topics.ts';
import type { DeviceId } from '../core/device.ts';
import type { Principal } from '../core/principal.ts';
import type { MqttGuard } from './mqtt-guard.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import { SentTopics } from './mqtt-sent-topics.ts';
import { type Sighting, topicCharsMax } from './mqtt-sighting.ts';

export interface MqttClientsOptions {
  readonly limits: MqttLimits;
  /** Sessions, as aedes wants its storage. */
  readonly persistence: object;
  /** A client has its CONNACK. */
  readonly opened: (guard: MqttGuard) => void;
  readonly report: (guard: MqttGuard, sighting: Sighting) => void;
  /** It did what it may. */
  readonly seen: (guard: MqttGuard, sighting: Sighting) => void;
  /** The last will of a client that left without a word. */
  readonly bequeathed: (device: DeviceId, payload: Buffer) => void;
}

interface Place {
  readonly guard: MqttGuard;
  readonly device: DeviceId;
  readonly filters: Set<string>;
  client: Client | undefined;
  /** aedes is done with the CONNECT. Told to close before, it would lose count of its clients. */
  isSettled: boolean;
  /** Called once aedes has let go. */
  freed: (() => void) | undefined;
}

/**
 * The admitted clients, in aedes: sessions, subscriptions, wills, and what the gateway sends to
 * devices. What devices publish never comes here; the guard takes it to the intake.
 */
export class MqttClients {
  readonly #options: MqttClientsOptions;
  readonly #places = new Map<MqttGuard, Place>();
  readonly #byStream = new WeakMap<object, Place>();
  readonly #sent = new SentTopics();
  readonly #aedes: Aedes;

  private constructor(options: MqttClientsOptions) {
    this.#options = options;
    const { limits, persistence } = options;
    this.#aedes = new Aedes({
      persistence,
      // The guard judges all of these first; here they are the second lock.
      maxTopicLevels: topicLevelsMax,
      maxInflightInbound: limits.exactlyOnceMax,
      connectTimeout: limits.connectMs,
      drainTimeout: limits.unreadMs,
      authorizePublish: (client, packet, done) => {
        const place = this.#placeOf(client);
        // Only a will comes here, of a topic that was judged at CONNECT.
        if (place !== undefined) options.bequeathed(place.device, Buffer.from(packet.payload));
        // It is the gateway's alone: no client may read it.
        done(new Error('a will is not for other clients'));
      },
      authorizeSubscribe: (client, subscription, done) => {
        const isAllowed = this.#maySubscribe(client, subscription.topic);
        // Without a subscription: SUBACK 0x80 (MQTT-3.9.3).
        done(null, isAllowed ? subscription : null);
      },
      authorizeForward: (client, packet) => {
        const place = this.#placeOf(client);
        return place !== undefined && mayReceive(principalOf(place), packet.topic) ? packet : null;
      },
    });
    this.#aedes.on('clientReady', (client) => this.#ready(client));
    this.#aedes.on('clientError', (client) => this.#settle(this.#placeOf(client)));
    this.#aedes.on('connectionError', (client) => this.#settle(this.#placeOf(client)));
    this.#aedes.on('unsubscribe', (filters, client) => {
      for (const filter of filters) this.#placeOf(client)?.filters.delete(filter);
    });
  }

  static async start(options: MqttClientsOptions): Promise<MqttClients> {
    const clients = new MqttClients(options);
    await clients.#aedes.listen();
    return clients;
  }

  add(guard: MqttGuard, device: DeviceId, stream: Duplex): void {
    const place: Place = {
      guard,
      device,
      filters: new Set(),
      client: undefined,
      isSettled: false,
      freed: undefined,
    };
    this.#places.set(guard, place);
    this.#byStream.set(stream, place);
    place.client = this.#aedes.handle(stream);
  }

  /** Ends a client whose connection is over. `freed` is called when its id may be given again. */
  remove(guard: MqttGuard, freed: () => void): void {
    const place = this.#places.get(guard);
    if (place === undefined) freed();
    else {
      place.freed = freed;
      if (place.isSettled) this.#free(place);
    }
  }

  /** For those who are there, whatever the QoS: nothing waits for somebody who is away. */
  publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<void> {
    this.#sent.add(topic);
    const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos } as const;
    return new Promise((resolve, reject) => {
      this.#aedes.publish({ ...packet, retain: false, dup: false }, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#aedes.close(resolve));
  }

  #ready(client: Client): void {
    const place = this.#placeOf(client);
    if (place === undefined) return;
    this.#settle(place);
    if (place.guard.isLive) this.#options.opened(place.guard);
  }

  #settle(place: Place | undefined): void {
    if (place === undefined || place.isSettled) return;
    place.isSettled = true;
    if (place.freed !== undefined) this.#free(place);
  }

  #free(place: Place): void {
    this.#places.delete(place.guard);
    const freed = place.freed ?? (() => {});
    if (place.client === undefined) freed();
    else place.client.close(freed);
  }

  #maySubscribe(client: Client, filter: string): boolean {
    const place = this.#placeOf(client);
    if (place === undefined) return false;
    const { guard, filters } = place;
    // A grace is for what the device has to say, not for what it may be told.
    if (guard.isInGrace || !mayReceive(principalOf(place), filter)) {
      this.#options.report(guard, { kind: 'topic-refused', action: 'subscribe', topic: filter });
      return false;
    }
    if (!filters.has(filter) && filters.size >= this.#options.limits.subscriptionsMax) {
      this.#options.report(guard, { kind: 'limit', limit: 'subscriptions' });
      return false;
    }
    filters.add(filter);
    const topic = filter.slice(0, topicCharsMax);
    const reach = this.#sent.reach(filter);
    this.#options.seen(guard, { kind: 'subscribed', topic, filters: filters.size, reach });
    return true;
  }

  #placeOf(client: Client | null): Place | undefined {
    return client === null ? undefined : this.#byStream.get(client.conn);
  }
}

function principalOf({ guard, device }: Place): Principal {
  return guard.isConsumer ? consumerPrincipal(device) : devicePrincipal(device);
}
