import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { enter, forgedValue, message } from './forger.ts';
import { attackerAddress, host, stolenId, type Ward } from './ward.ts';

/** Certified by the site’s own authority, and in no register of devices. */
const unknownId = 'monitor-77';
const trueValue = 97;
const forgeries = 3;

export default defineAttack({
  threat: 'D04',
  detector: 'device-swap',
  title: 'Another device in a known one’s place, and a certified one that nobody registered',

  async run(ward) {
    await say(ward, host, 'SN-OWNER', [[1, trueValue]]);
    await say(
      ward,
      attackerAddress,
      'SN-ROGUE',
      Array.from({ length: forgeries }, (_, index) => [index + 2, forgedValue]),
    );
    await say(ward, host, 'SN-OWNER', [[forgeries + 2, trueValue]]);
    const isIn = await enter(ward, unknownId, await ward.credentialsOf(unknownId));
    const values = (await ward.storedOf(stolenId)).map((each) => each.valueQuantity?.value);
    const count = (value: number) => values.filter((each) => each === value).length;
    const unknown = (await ward.storedOf(unknownId)).length;
    return {
      measured: `values at the hospital of another serial number: ${count(forgedValue)} of ${forgeries}, of the right one: ${count(trueValue)} of 2, of the unregistered device: ${unknown}; let in: ${isIn ? 1 : 0}`,
      isAbsent: count(forgedValue) === 0 && count(trueValue) === 2 && unknown === 0 && !isIn,
    };
  },
});

/** A device with this serial number behind the certificate of `stolenId`; each message is acknowledged. */
async function say(
  { mqttPort, ca, credentialsOf }: Ward,
  localAddress: string,
  serial: string,
  messages: readonly (readonly [seq: number, value: number])[],
): Promise<void> {
  const { key, cert } = await credentialsOf(stolenId);
  const shown = { key, cert, localAddress };
  const client = await RawClient.connected(mqttPort, ca, shown, { clientId: stolenId });
  for (const [seq, value] of messages) {
    const said = { ...JSON.parse(message(seq, value)), serial };
    client.send(publish(`devices/${stolenId}/observations`, JSON.stringify(said), { id: seq }));
    await client.next();
  }
  client.socket.destroy();
  await client.closed;
}
