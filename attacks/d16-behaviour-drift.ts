import { defineAttack } from './attack.ts';
import { beRestless } from './restless-device.ts';

export default defineAttack({
  threat: 'D16',
  title: 'A stolen device comes and goes, and tries a topic that is not its own each time',

  async run(ward) {
    const { answered, visits } = await beRestless(ward);
    return { measured: `publishes answered: ${answered} of ${visits}` };
  },
});
