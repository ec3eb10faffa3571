import { defineAttack } from './attack.ts';
import { hireInsider, listPatients } from './insider.ts';

/** More than anybody may be shown in an hour. */
const beds = 600;
const pageCount = 100;

let firstPassword = '';

export default defineAttack({
  threat: 'D19',
  title: 'Somebody with every right to see patients copies who lies where in the whole hospital',

  async setUp({ directory }) {
    firstPassword = await hireInsider(directory, beds);
    return {};
  },

  async run(ward) {
    const { devices, patients } = await listPatients(ward, firstPassword, pageCount);
    return {
      measured: `devices listed: ${devices}; patients copied: ${patients} of ${devices}`,
      isAbsent: devices >= beds && patients <= devices / 2,
    };
  },
});
