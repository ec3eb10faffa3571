import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { message } from './forger.ts';
import { attackerAddress, stolenId } from './ward.ts';

const recorded = 20;
const rounds = 100;

export default defineAttack({
  threat: 'D07',
  title: 'What a device said is recorded and said again, over and over',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    const topic = `devices/${stolenId}/observations`;
    const tape = Array.from({ length: recorded }, (_, index) => message(index + 1, 90));
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, said] of tape.entries())
        client.send(publish(topic, said, { id: index + 1 }));
      for (const _ of tape) await client.next();
    }
    client.socket.destroy();
    await client.closed;
    const stored = (await ward.storedOf(stolenId)).length;
    return {
      measured: `said ${recorded} values and replayed them ${rounds} times; at the hospital: ${stored}`,
      isAbsent: stored === recorded,
    };
  },
});
