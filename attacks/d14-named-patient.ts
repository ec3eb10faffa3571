import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceId } from '../gateway/core/device.ts';
import { readSecret } from '../gateway/pki/secrets.ts';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { openDatabase } from '../gateway/store/database.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, eventually, stolenId, victimId, type Ward } from './ward.ts';

const noticedMs = 10_000;

export default defineAttack({
  threat: 'D14',
  title: 'A device writes the record numbers of its own and of another patient, which have no form',
  detector: 'identifier-leak',

  async run(ward) {
    const patients = patientsOf(ward, [stolenId, victimId]);
    const [own = '', other = ''] = patients;
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    const messages = [
      { values: { MDC_PULS_OXIM_SAT_O2: 97, [own]: 1 } },
      { values: { MDC_PULS_OXIM_SAT_O2: { value: 97, unit: other.toLowerCase() } } },
      { values: { [`bed of ${other}`]: 1 } },
      { values: { MDC_PULS_OXIM_SAT_O2: 96 }, note: `is ${own}, beside ${other}` },
      { alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }], note: own },
    ];
    for (const [index, message] of messages.entries()) {
      const said = { seq: index + 1, at: new Date().toISOString(), ...message };
      const channel = 'alerts' in message ? 'alerts' : 'observations';
      client.send(publish(`devices/${stolenId}/${channel}`, JSON.stringify(said)));
      await delay(200, undefined, { signal: ward.signal });
    }
    client.socket.destroy();
    const stored = await ward.storedOf(stolenId);
    const all = JSON.stringify([...ward.hospital.stored.values()]);
    const alarms = stored.filter(({ valueQuantity }) => valueQuantity === undefined).length;
    const kept = textsOf(ward);
    const left = patients.filter((name) => all.includes(name));
    const inClear = patients.filter((name) => kept.toLowerCase().includes(name.toLowerCase()));
    await eventually(() => ward.findings.some(({ threat }) => threat === 'D14'), noticedMs);
    return {
      measured: `patients named at the hospital: ${left.length} of ${patients.length}; among what was refused: ${inClear.length}; its alarms there: ${alarms} of 1`,
      isAbsent: left.length + inClear.length === 0 && alarms > 0,
    };
  },
});

function patientsOf({ directory }: Ward, devices: readonly string[]): readonly string[] {
  const { store } = openSiteStore(directory);
  const names = devices.flatMap((id) =>
    store.devices.associations(id as DeviceId).map(({ subject }) => subject.reveal()),
  );
  store.close();
  return names;
}

/** All that the gateway wrote down of what it refused and found. */
function textsOf({ directory, events }: Ward): string {
  const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
  const refused = database.prepare('select detail from rejection').all();
  const found = database.prepare('select evidence from finding').all();
  database.close();
  if (refused.length === 0) throw new Error('nothing was refused');
  return JSON.stringify([refused, found, events]);
}
