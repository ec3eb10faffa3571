import { setTimeout as delay } from 'node:timers/promises';
import { subscribe } from '../gateway/players/mqtt-packets.ts';
import { RawClient, type Shown } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, bystanderId, now, victimId, type Ward } from './ward.ts';

const readerId = 'analytics-1';
/** What it always reads: the alerts of one device. */
const habit = 'released/_one/alerts';
const habitTimes = 24;
const habitEveryMs = 500;
/** Within the rights of a consumer, and more than this one ever wanted. */
const wide = 'released/#';
const listenMs = 2_000;
const foreign = [
  '#',
  'devices/+/observations',
  `devices/${bystanderId}/alerts`,
  `devices/${victimId}/commands/#`,
];
const granted = (code: number) => code < 0x80;

export default defineAttack({
  threat: 'D05',
  detector: 'topic-novelty',
  title: 'A reader in foreign hands widens what it reads, and asks for what the devices say',

  async run(ward) {
    const { privateKeyPem: key = '', chainPem: cert } = await ward.pki.issue('consumer', readerId, {
      now: now(),
    });
    const shown = { key, cert, localAddress: attackerAddress };
    for (let time = 0; time < habitTimes && !ward.signal.aborted; time += 1) {
      const client = await enter(ward, shown);
      client.send(subscribe(habit));
      await client.next();
      client.socket.destroy();
      await delay(habitEveryMs);
    }
    const heard = await listen(ward, shown);
    const client = await enter(ward, shown);
    client.send(subscribe(...foreign));
    const codes = (await client.next())?.subarray(-foreign.length) ?? Buffer.alloc(0);
    client.socket.destroy();
    const names = [bystanderId, victimId, 'MRN-'].filter((name) => heard.includes(name)).length;
    const beyond = [...codes].filter(granted).length;
    return {
      measured: `filters beyond its rights granted: ${beyond} of ${foreign.length}; heard by the wide one: ${heard.length} bytes of what is released, names of devices or patients in it: ${names}`,
      isAbsent: beyond === 0 && heard.length > 0 && names === 0,
    };
  },
});

async function enter({ mqttPort, ca }: Ward, shown: Shown): Promise<RawClient> {
  return RawClient.connected(mqttPort, ca, shown, { clientId: readerId });
}

/** Everything the wide filter lets it hear for a while. */
async function listen(ward: Ward, shown: Shown): Promise<Buffer> {
  const client = await enter(ward, shown);
  const chunks: Buffer[] = [];
  client.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.send(subscribe(wide));
  await delay(listenMs);
  client.socket.destroy();
  return Buffer.concat(chunks);
}
