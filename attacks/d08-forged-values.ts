import { setTimeout as delay } from 'node:timers/promises';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, type Stored, stolenId } from './ward.ts';

const everyMs = 500;
const messages = 16;
/** A patient who has 37 °C, and a forger who writes 30 °C in between. */
const [trueValue, forgedValue] = [37, 30];

interface Marked extends Stored {
  readonly interpretation?: readonly { readonly coding?: readonly { readonly code?: string }[] }[];
}

export default defineAttack({
  threat: 'D08',
  title: 'A device in foreign hands forges a patient’s temperature',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    for (let seq = 1; seq <= messages; seq += 1) {
      const value = seq % 4 === 3 ? forgedValue : trueValue;
      const message = { seq, at: new Date().toISOString(), values: { MDC_TEMP_BODY: value } };
      client.send(publish(`devices/${stolenId}/observations`, JSON.stringify(message)));
      await delay(everyMs, undefined, { signal: ward.signal });
    }
    client.socket.destroy();
    const stored = (await ward.storedOf(stolenId)) as readonly Marked[];
    const forged = stored.filter(({ valueQuantity }) => valueQuantity?.value === forgedValue);
    const unmarked = forged.filter(({ interpretation }) => !isMarked(interpretation));
    return {
      measured: `forged values at the hospital: ${forged.length}, without the mark questionable: ${unmarked.length}`,
      isAbsent: forged.length > 0 && unmarked.length === 0,
    };
  },
});

function isMarked(interpretation: Marked['interpretation'] = []): boolean {
  return interpretation.some(({ coding = [] }) =>
    coding.some(({ code }) => code === 'questionable'),
  );
}
