import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DeviceId } from '../gateway/core/device.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { signInAs } from './signed-in.ts';
import { now } from './ward.ts';

/** More than anybody may be shown in an hour. */
const beds = 600;
const insider = 'eve';
const main = join(import.meta.dirname, '../gateway/main.ts');
const run = promisify(execFile);

let firstPassword = '';

export default defineAttack({
  threat: 'D19',
  title: 'Somebody with every right to see patients copies who lies where in the whole hospital',

  async setUp({ directory }) {
    const profile = findProfile(await loadProfiles(directory), 'generic-vital-signs-monitor');
    const { store } = openSiteStore(directory);
    const ward = Array.from({ length: beds }, (_, index) => ({
      ...{ id: `bed-${index}` as DeviceId, profile, rateHz: 1, seed: index },
    }));
    registerWard(store, ward, now());
    store.close();
    const words = ['user', 'add', insider, '--role', 'clinical', '--dir', directory, '--json'];
    const { stdout } = await run(process.execPath, [main, ...words]);
    firstPassword = (JSON.parse(stdout) as { password: string }).password;
    return {};
  },

  async run(ward) {
    const eve = await signInAs(ward, insider, firstPassword);
    let after = '';
    let patients = 0;
    let devices = 0;
    for (;;) {
      const query = after === '' ? '' : `?after=${after}`;
      const { text } = await eve({ path: `/api/v1/devices${query}` });
      const page = (JSON.parse(text) as { devices: readonly Shown[] }).devices;
      const last = page.at(-1);
      if (!last) break;
      devices += page.length;
      patients += page.filter(({ association }) => association?.subject !== undefined).length;
      after = last.id;
    }
    return {
      measured: `devices listed: ${devices}; patients copied: ${patients} of ${devices}`,
      isAbsent: devices >= beds && patients <= devices / 2,
    };
  },
});

interface Shown {
  readonly id: string;
  readonly association?: { readonly subject?: string };
}
