import { setTimeout as delay } from 'node:timers/promises';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, eventually, stolenId } from './ward.ts';

/** The profile calls it silent after ten seconds. */
const noticedMs = 30_000;
const messages = 5;

export default defineAttack({
  threat: 'D11',
  title: 'Reports of a device are blocked; its connection stays open',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    for (let seq = 1; seq <= messages; seq += 1) {
      const values = { MDC_PULS_OXIM_SAT_O2: 97 };
      const message = { seq, at: new Date().toISOString(), values };
      client.send(publish(`devices/${stolenId}/observations`, JSON.stringify(message)));
      await delay(1_000, undefined, { signal: ward.signal });
    }
    const isStale = await eventually(
      () =>
        ward.events.some(({ event, device }) => event === 'device.quiet' && device === stolenId),
      noticedMs,
    );
    client.socket.destroy();
    return { measured: `last values shown as stale: ${isStale ? 'yes' : 'no'}` };
  },
});
