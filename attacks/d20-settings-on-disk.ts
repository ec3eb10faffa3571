import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveConfig } from '../gateway/config.ts';
import { startHospital } from '../gateway/demo/hospital.ts';
import type { FhirHospital } from '../gateway/hospital/fhir-hospital.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { defineAttack } from './attack.ts';
import { bystanderId, host, now } from './ward.ts';

let thief: FhirHospital;

export default defineAttack({
  threat: 'D20',
  title:
    'Settings and a profile are changed on the disk: another hospital, and a device that may do all',
  detector: 'settings-tampering',

  async setUp({ directory }) {
    thief = await startHospital(join(directory, 'thief.pem'), now());
    return {};
  },

  async run(ward) {
    const { directory } = ward;
    const monitor = findProfile(await loadProfiles(directory), 'generic-vital-signs-monitor');
    const loose = { ...monitor, messagesPerSecondMax: 1_000_000 };
    writeFileSync(join(directory, 'profiles', `${monitor.id}.json`), JSON.stringify(loose));
    const relay = { id: 'hospital', use: 'fhir', url: thief.url, ca: 'thief.pem' } as const;
    saveConfig(directory, { site: 'attacked', host, relays: [relay] });
    const right = (await ward.storedOf(bystanderId)).length;
    const stolen = thief.counts.stored;
    await thief.close();
    return {
      measured: `observations the other hospital got: ${stolen}, the right one of the bystander: ${right}`,
      isAbsent: stolen === 0 && right > 0,
    };
  },
});
