import { createSecretKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceId } from '../gateway/core/device.ts';
import { signMessage } from '../gateway/core/signed-message.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { message } from './forger.ts';
import { attackerAddress, now } from './ward.ts';

const id = 'pump-1';
const own = createSecretKey(Buffer.alloc(32, 5));
const guessed = createSecretKey(Buffer.alloc(32, 6));
const right = 5;

export default defineAttack({
  threat: 'D07',
  title:
    'With a device’s certificate, but not the key it signs by, messages are forged and said again',
  detector: 'forged-message',

  async setUp({ directory }) {
    const monitor = findProfile(await loadProfiles(directory), 'generic-vital-signs-monitor');
    const link = { ...monitor.link, signs: 'HS256' };
    const signing = { ...monitor, id: 'signing-monitor', link };
    writeFileSync(join(directory, 'profiles/signing-monitor.json'), JSON.stringify(signing));
    const profile = findProfile(await loadProfiles(directory), 'signing-monitor');
    const { store } = openSiteStore(directory);
    registerWard(store, [{ id: id as DeviceId, profile, rateHz: 1, seed: 7 }], now());
    store.transact(() => store.deviceKeys.set(id as DeviceId, 'HS256', own.export()));
    store.close();
    return {};
  },

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(id);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: id });
    const signed = (sequence: number, by: typeof own, counter: number) =>
      signMessage(message(sequence, 90), counter, { algorithm: 'HS256', key: by });
    const honest = Array.from({ length: right }, (_, index) => signed(index + 1, own, index + 1));
    const forged = [
      ...Array.from({ length: 20 }, (_, index) => message(index + 101, 40)),
      ...Array.from({ length: 20 }, (_, index) => signed(index + 201, guessed, index + 100)),
      ...honest.map((said) => said.replace(/\.[^.]*\./, `.${asText(message(301, 40))}.`)),
    ];
    for (const [index, said] of [...honest, ...forged, ...honest].entries()) {
      client.send(publish(`devices/${id}/observations`, said, { id: index + 1 }));
      await client.next();
    }
    client.socket.destroy();
    const stored = (await ward.storedOf(id)).length;
    return {
      measured: `values at the hospital: ${stored} of ${right} that were signed, beside ${forged.length} forged and ${right} said again`,
      isAbsent: stored === right,
    };
  },
});

function asText(payload: string): string {
  return Buffer.from(payload).toString('base64url');
}
