import type { IClientOptions, MqttClient } from 'mqtt';
import { clientTls, type TlsMaterial } from '../core/destination-options.ts';

export interface MqttClientOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly tls: TlsMaterial;
  readonly userName?: string | undefined;
  readonly password?: Buffer | undefined;
  /** From the first SYN to the CONNACK. */
  readonly connectMs: number;
  /** Silence after which the broker is asked for an answer; 1.5 of it, and the line is cut. */
  readonly keepAliveSeconds: number;
  /**
   * Comes back by itself after so long, keeps its session and sends again what was not acknowledged.
   * Left out, a connection that ended is over, and so is what it was owed.
   */
  readonly reconnectMs?: number | undefined;
}

/** One client of an MQTT 3.1.1 broker, over TLS. */
export interface MqttConnection {
  readonly isOpen: boolean;
  /**
   * QoS 1 resolves by the PUBACK of this very message, QoS 0 once it is written. Rejects when the
   * connection ended before, unless it comes back by itself.
   */
  publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void>;
  /** Resolves by the PINGRESP. Rejects when the connection ended before. */
  ping(): Promise<void>;
  /** As if the plug were pulled. */
  cut(): void;
  /** Ends it at once; what is not acknowledged is not waited for. */
  close(): Promise<void>;
}

/**
 * Resolves by the CONNACK. The package is loaded by the first who needs it: a gateway without such a
 * destination keeps its memory.
 *
 * @throws whatever kept it from a session: a system, TLS or CONNACK code, see `mqttCauseOf`.
 */
export async function connectMqtt(options: MqttClientOptions): Promise<MqttConnection> {
  const { connectAsync } = await import('mqtt');
  const { host, port, reconnectMs } = options;
  const name = host.includes(':') ? `[${host}]` : host;
  const client = await connectAsync(`mqtts://${name}:${port}`, packageOptions(options), false);
  // What goes wrong from now on shows in what stays unacknowledged.
  client.on('error', () => undefined);
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  if (reconnectMs === undefined) {
    client.once('close', () => {
      over.reject(Object.assign(new Error('the connection ended'), { code: 'ECONNRESET' }));
      client.end(true);
    });
  }
  return connectionOf(client, over.promise);
}

function packageOptions(options: MqttClientOptions): IClientOptions {
  const { clientId, tls, userName, password, connectMs, keepAliveSeconds, reconnectMs } = options;
  return {
    ...clientTls(tls),
    ...(userName !== undefined && { username: userName }),
    ...(password !== undefined && { password }),
    clientId,
    protocolVersion: 4,
    clean: reconnectMs === undefined,
    reconnectPeriod: reconnectMs ?? 0,
    connectTimeout: connectMs,
    keepalive: keepAliveSeconds,
  };
}

function connectionOf(client: MqttClient, over: Promise<never>): MqttConnection {
  return {
    get isOpen() {
      return client.connected;
    },
    async publish(topic, payload, qos) {
      await Promise.race([client.publishAsync(topic, payload, { qos }), over]);
    },
    async ping() {
      const answered = Promise.withResolvers<void>();
      const listen = ({ cmd }: { readonly cmd?: string }) =>
        cmd === 'pingresp' && answered.resolve();
      client.on('packetreceive', listen);
      client.sendPing();
      try {
        await Promise.race([answered.promise, over]);
      } finally {
        client.off('packetreceive', listen);
      }
    },
    cut: () => void client.stream.destroy(),
    close: () => client.endAsync(true),
  };
}

/** Codes only: texts may hold addresses. */
export function mqttCauseOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  // MQTT 3.1.1, table 3.1.
  if (typeof code === 'number') return `CONNACK ${code}`;
  return typeof code === 'string' ? code : 'no session';
}
