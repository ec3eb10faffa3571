import { setTimeout as delay } from 'node:timers/promises';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, stolenId } from './ward.ts';

const identifiers = ['jane.doe@example.org', '078-05-1120', 'Jane Doe', 'Dr. Frankenstein'];
const [mail = '', number = '', name = '', doctor = ''] = identifiers;

/** The places of a message where a device may write a text. */
const messages: readonly object[] = [
  { values: { MDC_PULS_OXIM_SAT_O2: 97, [number]: 1 } },
  { values: { [mail]: 1 } },
  { values: { MDC_PULS_OXIM_SAT_O2: 97 }, note: `${name}, SSN ${number}`, operator: doctor },
  { values: { MDC_PULS_OXIM_SAT_O2: { value: 97, unit: mail } } },
  { values: { MDC_PULS_OXIM_SAT_O2: number } },
];

export default defineAttack({
  threat: 'D14',
  title: 'A device writes who its patient is wherever a text can stand',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    for (const [index, message] of messages.entries()) {
      const said = { seq: index + 1, at: new Date().toISOString(), ...message };
      client.send(publish(`devices/${stolenId}/observations`, JSON.stringify(said)));
      await delay(200, undefined, { signal: ward.signal });
    }
    client.socket.destroy();
    const measured = await ward.storedOf(stolenId);
    const all = JSON.stringify([...ward.hospital.stored.values()]).toLowerCase();
    const left = identifiers.filter((each) => all.includes(each.toLowerCase()));
    return {
      measured: `values of the device at the hospital: ${measured.length}; identifiers there: ${left.length} of ${identifiers.length}`,
      isAbsent: measured.length > 0 && left.length === 0,
    };
  },
});
