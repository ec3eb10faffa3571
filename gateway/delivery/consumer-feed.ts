import type { Finding } from '../core/finding.ts';
import type { Kept } from '../keeper/kept.ts';
import type { MqttBroker } from '../links/mqtt-broker.ts';

type Broker = Pick<MqttBroker, 'release'> | undefined;

/**
 * What is on disk already, to the consumers that are there. Live: whoever is away, or is cut off
 * because it reads too slowly, has missed it.
 */
export function feedConsumers(broker: Broker, fed: Kept['fed']): void {
  for (const [topic, payload] of fed) send(broker, topic, payload);
}

/** A finding names a device and an address, never a patient. */
export function tellConsumers(broker: Broker, findings: readonly Finding[]): void {
  for (const { at, ...finding } of findings) {
    const payload = JSON.stringify({ ...finding, at: new Date(at).toISOString() });
    send(broker, `findings/${finding.threat}`, payload);
  }
}

function send(broker: Broker, topic: string, payload: string): void {
  broker?.release(topic, Buffer.from(payload)).catch(() => {
    // The broker is closing: nobody is there any more.
  });
}
