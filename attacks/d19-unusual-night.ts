import { setTimeout as delay } from 'node:timers/promises';
import { patientsSeen } from '../gateway/access/habit.ts';
import { noteDeeds } from '../gateway/people/deed-keeping.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { hireInsider, insider, listPatients } from './insider.ts';
import { now } from './ward.ts';

/** Fewer than anybody may be shown in an hour: that limit has no part in it. */
const beds = 240;
const pageCount = 20;
/** Somebody who clicks through a list; also what it takes to notice. */
const betweenMs = 300;
const hourMs = 3_600_000;
const workedDays = 40;

let firstPassword = '';

export default defineAttack({
  threat: 'D19',
  title: 'A nurse of a ward of eight looks through all wards, at an hour that is not hers',
  detector: 'unusual-deed',

  async setUp({ directory }) {
    firstPassword = await hireInsider(directory, beds);
    const { store } = openSiteStore(directory);
    // She worked half a day away from the hour of this attack.
    for (let day = workedDays; day > 0; day -= 1) {
      const at = now() - day * 24 * hourMs - 12 * hourMs;
      const looks = [1, 2, 4, 8].map((patients) => ({
        ...{ actor: insider, action: patientsSeen, at, patients },
      }));
      noteDeeds(store, looks);
    }
    store.close();
    return {};
  },

  async run(ward) {
    const pause = () => delay(betweenMs, undefined, { signal: ward.signal });
    const { devices, patients } = await listPatients(ward, firstPassword, pageCount, pause);
    return {
      measured: `devices listed: ${devices}; patients seen: ${patients} of ${devices}`,
      isAbsent: devices >= beds && patients <= devices / 2,
    };
  },
});
