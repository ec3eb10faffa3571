import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { patientsSeen } from '../gateway/access/habit.ts';
import type { DeviceId } from '../gateway/core/device.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { noteDeeds } from '../gateway/people/deed-keeping.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { signInAs } from './signed-in.ts';
import { now } from './ward.ts';

/** Fewer than anybody may be shown in an hour: that limit has no part in it. */
const beds = 240;
const insider = 'eve';
const pageCount = 20;
/** Somebody who clicks through a list; also what it takes to notice. */
const betweenMs = 300;
const hourMs = 3_600_000;
const workedDays = 40;
const main = join(import.meta.dirname, '../gateway/main.ts');
const run = promisify(execFile);

let firstPassword = '';

export default defineAttack({
  threat: 'D19',
  title: 'A nurse of a ward of eight looks through all wards, at an hour that is not hers',
  detector: 'unusual-deed',

  async setUp({ directory }) {
    const profile = findProfile(await loadProfiles(directory), 'generic-vital-signs-monitor');
    const { store } = openSiteStore(directory);
    const ward = Array.from({ length: beds }, (_, index) => ({
      ...{
        id: `bed-${String(index).padStart(3, '0')}` as DeviceId,
        profile,
        rateHz: 1,
        seed: index,
      },
    }));
    registerWard(store, ward, now());
    // She worked half a day away from the hour of this attack.
    for (let day = workedDays; day > 0; day -= 1) {
      const at = now() - day * 24 * hourMs - 12 * hourMs;
      const looks = [1, 2, 4, 8].map((patients) => ({
        ...{ actor: insider, action: patientsSeen, at, patients },
      }));
      noteDeeds(store, looks);
    }
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
      const from = after === '' ? '' : `&after=${after}`;
      const { text } = await eve({ path: `/api/v1/devices?count=${pageCount}${from}` });
      const page = (JSON.parse(text) as { devices: readonly Shown[] }).devices;
      const last = page.at(-1);
      if (!last) break;
      devices += page.length;
      patients += page.filter(({ association }) => association?.subject !== undefined).length;
      after = last.id;
      await delay(betweenMs, undefined, { signal: ward.signal });
    }
    return {
      measured: `devices listed: ${devices}; patients seen: ${patients} of ${devices}`,
      isAbsent: devices >= beds && patients <= devices / 2,
    };
  },
});

interface Shown {
  readonly id: string;
  readonly association?: { readonly subject?: string };
}
