import { setTimeout as delay } from 'node:timers/promises';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { attackerAddress, stolenId, type Ward } from './ward.ts';

const visits = 30;
const visitMs = 150;

/**
 * A stolen device that comes, says something on a topic that is not its own, and goes, again and
 * again: no single visit is much, together no device is like that. Returns how many were answered.
 */
export async function beRestless(
  ward: Ward,
  id: string = stolenId,
): Promise<{ answered: number; visits: number }> {
  const { key, cert } = await ward.credentialsOf(id);
  const shown = { key, cert, localAddress: attackerAddress };
  let answered = 0;
  for (let visit = 0; visit < visits; visit += 1) {
    const options = { clientId: id };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, options);
    client.send(publish('devices/nobody/status', 'x'));
    if ((await client.next()) !== undefined) answered += 1;
    client.socket.destroy();
    await client.closed;
    await delay(visitMs, undefined, { signal: ward.signal });
  }
  return { answered, visits };
}
