import { setTimeout as delay } from 'node:timers/promises';
import { publish, subscribe } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, stolenId, victimId, type Ward } from './ward.ts';

const image = 'not a firmware, and sent as one';
/** What the victim would have heard by now. */
const listenMs = 1_000;

export default defineAttack({
  threat: 'D12',
  title: 'A stolen device sends an update to another one, and itself runs an older software',

  async run(ward) {
    const { mqttPort, ca } = ward;
    const { key, cert } = await ward.credentialsOf(victimId);
    const victim = await RawClient.connected(mqttPort, ca, { key, cert }, { clientId: victimId });
    victim.send(subscribe(`devices/${victimId}/commands/#`));
    await victim.next();
    let heard = 0;
    void victim.next().then((packet) => {
      if (packet !== undefined) heard += 1;
    });
    await rollBack(ward);
    const thief = await enter(ward);
    thief.send(publish(`devices/${victimId}/commands/firmware/update`, image));
    const acknowledged = (await thief.next())?.at(0) === 0x40 ? 1 : 0;
    await delay(listenMs, undefined, { signal: ward.signal });
    for (const client of [thief, victim]) client.socket.destroy();
    return {
      measured: `updates acknowledged: ${acknowledged}, heard by the victim: ${heard}`,
      isAbsent: acknowledged === 0 && heard === 0,
    };
  },
});

async function rollBack(ward: Ward): Promise<void> {
  const client = await enter(ward);
  for (const [index, firmware] of ['2.1.0', '1.0.3'].entries()) {
    const at = new Date().toISOString();
    const message = { seq: index + 1, at, firmware, values: { MDC_PULS_OXIM_SAT_O2: 97 } };
    client.send(publish(`devices/${stolenId}/observations`, JSON.stringify(message)));
    await client.next();
  }
  client.socket.destroy();
  await client.closed;
}

async function enter({ mqttPort, ca, credentialsOf }: Ward): Promise<RawClient> {
  const { key, cert } = await credentialsOf(stolenId);
  const shown = { key, cert, localAddress: attackerAddress };
  return RawClient.connected(mqttPort, ca, shown, { clientId: stolenId });
}
