import type { Credentials } from '../gateway/demo/ward.ts';
import { connect, publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { attackerAddress, type Ward } from './ward.ts';

/** What no other device of the ward says. */
export const forgedValue = 61;

export function message(seq: number, value: number): string {
  const at = new Date().toISOString();
  return JSON.stringify({ seq, at, values: { MDC_PULS_OXIM_SAT_O2: value } });
}

/** Whether a CONNECT was answered yes; if so, a value is forged. */
export async function enter(
  { mqttPort }: Ward,
  clientId: string,
  { ca, key, cert }: Partial<Credentials> & { readonly ca: string },
): Promise<boolean> {
  const localAddress = attackerAddress;
  const shown = key && cert ? { key, cert, localAddress } : { localAddress };
  const client = await RawClient.open(mqttPort, ca, shown);
  client.send(connect({ clientId }));
  const connack = await client.next();
  const isIn = connack?.at(0) === 0x20 && connack.at(3) === 0;
  if (isIn) {
    client.send(publish(`devices/${clientId}/observations`, message(1, forgedValue)));
    await client.next();
  }
  client.socket.destroy();
  await client.closed;
  return isIn;
}
