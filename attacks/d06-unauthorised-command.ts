import { publish, subscribe } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { callHttps } from './https-call.ts';
import { attackerAddress, stolenId, victimId, type Ward } from './ward.ts';

const command = JSON.stringify({ set: { alarmLimits: { MDC_PULS_OXIM_SAT_O2: [0, 100] } } });
const orders = ['quarantine', 'release', 'revoke', 'associate', 'dissociate'];
/** What the victim would have heard by now. */
const listenMs = 1_000;

export default defineAttack({
  threat: 'D06',
  title: 'Alarm limits of another device are commanded, and devices ordered about without a role',

  async run(ward) {
    const { mqttPort, ca } = ward;
    const { key, cert } = await ward.credentialsOf(victimId);
    const victim = await RawClient.connected(mqttPort, ca, { key, cert }, { clientId: victimId });
    victim.send(subscribe(`devices/${victimId}/commands/#`));
    await victim.next();
    let heard = 0;
    const listening = victim.next().then((packet) => {
      if (packet !== undefined) heard += 1;
    });
    const published = await publishCommands(ward);
    const carriedOut = await order(ward);
    await Promise.race([listening, new Promise((resolve) => setTimeout(resolve, listenMs))]);
    victim.socket.destroy();
    await victim.closed;
    return {
      measured: `commands the victim heard: ${heard}, acknowledged: ${published} of 3; orders carried out: ${carriedOut} of ${2 * orders.length}`,
      isAbsent: heard === 0 && published === 0 && carriedOut === 0,
    };
  },
});

/** By the victim’s topic, by the thief’s own, and to be kept for later. */
async function publishCommands({ mqttPort, ca, credentialsOf }: Ward): Promise<number> {
  const { key, cert } = await credentialsOf(stolenId);
  const shown = { key, cert, localAddress: attackerAddress };
  const retained = 1;
  const packets = [
    publish(`devices/${victimId}/commands/set-alarm-limits`, command),
    publish(`devices/${stolenId}/commands/set-alarm-limits`, command),
    publish(`devices/${victimId}/commands/set-alarm-limits`, command, { flags: retained }),
  ];
  let acknowledged = 0;
  for (const packet of packets) {
    const thief = await RawClient.connected(mqttPort, ca, shown, { clientId: stolenId });
    thief.send(packet);
    if ((await thief.next())?.at(0) === 0x40) acknowledged += 1;
    thief.socket.destroy();
    await thief.closed;
  }
  return acknowledged;
}

/** As nobody, and as a device that has a certificate of the site. */
async function order(ward: Ward): Promise<number> {
  const { key, cert } = await ward.credentialsOf(stolenId);
  let carriedOut = 0;
  for (const name of orders) {
    for (const tls of [undefined, { key, cert }]) {
      const path = `/api/v1/devices/${victimId}/${name}`;
      const body = { reason: 'attack', subject: 'MRN-1', mode: 'deny' };
      const { status } = await callHttps(ward, { method: 'POST', path, body, ...(tls && { tls }) });
      if (status < 400) carriedOut += 1;
    }
  }
  return carriedOut;
}
