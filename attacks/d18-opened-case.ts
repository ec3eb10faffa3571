import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineAttack } from './attack.ts';
import { eventually } from './ward.ts';

const switchName = 'case-switch';
const noticedMs = 10_000;

export default defineAttack({
  threat: 'D18',
  title: 'The case of the gateway is opened; its switch is a file, as a GPIO’s value is',

  async setUp({ directory }) {
    const caseSwitch = join(directory, switchName);
    writeFileSync(caseSwitch, '0\n');
    return { housing: { caseSwitch } };
  },

  async run({ directory, findings }) {
    writeFileSync(join(directory, switchName), '1\n');
    const isNoticed = await eventually(
      () => findings.some(({ threat }) => threat === 'D18'),
      noticedMs,
    );
    return { measured: `noticed: ${isNoticed ? 'yes' : 'no'}; nothing is done about it by itself` };
  },
});
