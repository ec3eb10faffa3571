import { defineAttack } from './attack.ts';
import { enter, forgedValue } from './forger.ts';

/** Certified by the site’s own authority, and in no register of devices. */
const unknownIds = ['monitor-77', 'pump-78', 'ventilator-79'];

export default defineAttack({
  threat: 'D04',
  detector: 'unregistered-device',
  title: 'Devices with certificates of the site come that nobody registered',

  async run(ward) {
    let entered = 0;
    let values = 0;
    for (const id of unknownIds) {
      if (await enter(ward, id, await ward.credentialsOf(id))) entered += 1;
    }
    for (const id of unknownIds) {
      const stored = await ward.storedOf(id);
      values += stored.filter(({ valueQuantity }) => valueQuantity?.value === forgedValue).length;
    }
    return {
      measured: `let in: ${entered} of ${unknownIds.length}; their values at the hospital: ${values}`,
      isAbsent: entered === 0 && values === 0,
    };
  },
});
