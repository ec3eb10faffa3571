import { publish, subscribe } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, bystanderId, stolenId, victimId, type Ward } from './ward.ts';

const filters = [
  '#',
  '+/#',
  '$SYS/#',
  'devices/#',
  `devices/${bystanderId}/alerts`,
  `devices/${victimId}/commands/#`,
  'released/+/observations',
  'findings/#',
];
const granted = (code: number | undefined) => code !== undefined && code < 0x80;

export default defineAttack({
  threat: 'D05',
  title: 'A stolen device reads everybody’s topics and writes on another’s',

  async run(ward) {
    let readable = 0;
    for (const filter of filters) {
      const client = await enter(ward);
      client.send(subscribe(filter));
      const suback = await client.next();
      if (granted(suback?.at(-1))) readable += 1;
      client.socket.destroy();
      await client.closed;
    }
    const client = await enter(ward);
    const values = { MDC_PULS_OXIM_SAT_O2: 55 };
    const at = new Date().toISOString();
    client.send(
      publish(`devices/${victimId}/observations`, JSON.stringify({ seq: 1, at, values })),
    );
    const answer = await client.next();
    const forged = (await ward.storedOf(victimId)).length;
    return {
      measured: `filters granted: ${readable} of ${filters.length}; forged publishes acknowledged: ${answer ? 1 : 0}, at the hospital: ${forged}`,
      isAbsent: readable === 0 && answer === undefined && forged === 0,
    };
  },
});

/** The stolen device, connected as itself. */
async function enter({ mqttPort, ca, credentialsOf }: Ward): Promise<RawClient> {
  const { key, cert } = await credentialsOf(stolenId);
  const shown = { key, cert, localAddress: attackerAddress };
  return RawClient.connected(mqttPort, ca, shown, { clientId: stolenId });
}
