import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type MqttClient } from 'mqtt';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import type { Ledger } from '../../gateway/demo/ledger.ts';
import type { Credentials } from '../../gateway/demo/ward.ts';
import { host } from './site.ts';

const everyMs = 50;
const values = { MDC_PULS_OXIM_SAT_O2: 97, MDC_ECG_HEART_RATE: 72 };

export interface GoodClient {
  /** Stops publishing, awaits what is owed, and says how it was treated. */
  stop(): Promise<{ readonly slowestMs: number; readonly acknowledged: number }>;
  /** How often its connection ended. */
  readonly disturbances: () => number;
}

/** A device that publishes about twenty times a second and writes down what it was promised. */
export async function startGoodClient(
  id: string,
  tls: Credentials,
  port: number,
  ledger: Ledger,
  pseudonym: string,
): Promise<GoodClient> {
  const client: MqttClient = connect(`mqtts://${host}:${port}`, {
    ...tls,
    clientId: id,
    clean: false,
    reconnectPeriod: 100,
  });
  await once(client as never, 'connect');
  let disturbances = 0;
  client.on('close', () => {
    disturbances += 1;
  });
  client.on('error', () => undefined);
  const stop = new AbortController();
  const owed = new Set<Promise<void>>();
  let slowestMs = 0;
  let acknowledged = 0;

  const running = (async () => {
    for (let sequence = 1; !stop.signal.aborted; sequence += 1) {
      const at = Date.now() as Instant;
      const sentAt = performance.now();
      const message = { seq: sequence, at: new Date(at).toISOString(), values };
      const topic = `devices/${id}/observations`;
      const promise = client.publishAsync(topic, JSON.stringify(message), { qos: 1 }).then(() => {
        slowestMs = Math.max(slowestMs, performance.now() - sentAt);
        acknowledged += 1;
        for (const metric of Object.keys(values)) {
          ledger.promise(pseudonym, { kind: 'numeric', metric, at } as Observation);
        }
      });
      owed.add(promise);
      void promise.finally(() => owed.delete(promise));
      await delay(everyMs);
    }
    await Promise.all(owed);
  })();

  return {
    disturbances: () => disturbances,
    async stop() {
      stop.abort();
      await running;
      const undisturbed = disturbances;
      await client.endAsync(true);
      disturbances = undisturbed;
      return { slowestMs, acknowledged };
    },
  };
}
