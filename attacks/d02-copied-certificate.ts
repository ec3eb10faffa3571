import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { enter, forgedValue, message } from './forger.ts';
import { victimId, type Ward } from './ward.ts';

/** The owner of the copied certificate says something every so often. */
const ownerEveryMs = 200;
const tries = 3;

export default defineAttack({
  threat: 'D02',
  detector: 'identity-cloning',
  title: 'Key and certificate of a live device, copied to another address',

  async run(ward) {
    const owner = await speakAs(ward, victimId);
    let entered = 0;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      if (await enter(ward, victimId, owner.credentials)) entered += 1;
    }
    const { said, isConnected } = await owner.leave();
    const stored = await ward.storedOf(victimId);
    const forged = stored.filter(({ valueQuantity }) => valueQuantity?.value === forgedValue);
    const isUndisturbed = isConnected && stored.length === said;
    return {
      measured: `let in: ${entered} of ${tries}; forged values at the hospital: ${forged.length}; the owner’s: ${stored.length} of ${said}`,
      isAbsent: entered === 0 && forged.length === 0 && isUndisturbed,
    };
  },
});

/** The real device, which goes on while its certificate is tried elsewhere. */
async function speakAs({ mqttPort, ca, credentialsOf }: Ward, id: string) {
  const credentials = await credentialsOf(id);
  const { key, cert } = credentials;
  const client = await RawClient.connected(mqttPort, ca, { key, cert }, { clientId: id });
  let said = 0;
  const timer = setInterval(() => {
    said += 1;
    client.send(publish(`devices/${id}/observations`, message(said, 97), { id: said }));
  }, ownerEveryMs);
  return {
    credentials,
    async leave() {
      clearInterval(timer);
      const isConnected = !client.socket.destroyed;
      client.socket.destroy();
      await client.closed;
      return { said, isConnected };
    },
  };
}
