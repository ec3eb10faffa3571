import { seededRandom } from '../gateway/core/random.ts';
import { connect, publish, subscribe } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, stolenId, type Ward } from './ward.ts';

const connections = 60;
const packetsPerConnection = 20;
const seed = 9;

export default defineAttack({
  threat: 'D09',
  detector: 'malformed-traffic',
  title: 'Mutated MQTT packets and payloads, before and after CONNECT',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const chance = seededRandom(seed).next;
    for (let turn = 0; turn < connections; turn += 1) {
      const client = await RawClient.open(ward.mqttPort, ward.ca, shown);
      if (turn % 2 === 1) client.send(connect({ clientId: stolenId }));
      for (let count = 0; count < packetsPerConnection; count += 1) {
        if (client.socket.destroyed) break;
        client.send(mutated(chance, count));
      }
      client.socket.end();
      await client.closed;
    }
    return measure(ward);
  },
});

/** What came of it: nothing at the hospital, no fault of ours, and the same process as before. */
async function measure(ward: Ward) {
  const stored = (await ward.storedOf(stolenId)).filter(isOdd).length;
  const faults = ward.events.filter(
    ({ event }) => event === 'intake.fault' || event === 'api.fault' || event === 'gateway.failed',
  ).length;
  return {
    measured: `${connections} connections with ${packetsPerConnection} packets each; faults of the gateway: ${faults}; values of them at the hospital: ${stored}`,
    isAbsent: stored === 0 && faults === 0,
  };
}

/** A mutation may leave a message as sound as it was; that is no effect. */
function isOdd({ valueQuantity }: { readonly valueQuantity?: { readonly value?: number } }) {
  return valueQuantity?.value !== 97;
}

const topic = `devices/${stolenId}/observations`;
const payload = '{"seq":1,"at":"2026-11-22T10:00:00.000Z","values":{"MDC_PULS_OXIM_SAT_O2":97}}';

function mutated(chance: () => number, count: number): Buffer {
  const sound = [
    connect({ clientId: stolenId }),
    publish(topic, payload, { id: count + 1 }),
    publish(topic, `${'['.repeat(200)}${']'.repeat(200)}`, { id: count + 1 }),
    subscribe(`devices/${stolenId}/commands/#`),
  ];
  const packet = Buffer.from(sound[Math.floor(chance() * sound.length)] ?? []);
  for (let flips = 1 + Math.floor(chance() * 4); flips > 0; flips -= 1) {
    packet[Math.floor(chance() * packet.length)] = Math.floor(chance() * 256);
  }
  return chance() < 0.2 ? packet.subarray(0, Math.floor(chance() * packet.length)) : packet;
}
