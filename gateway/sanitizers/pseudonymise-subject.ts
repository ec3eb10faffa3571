import { Phi } from '../core/phi.ts';
import { pseudonymOf } from '../core/pseudonym.ts';
import { defineSanitizerRule } from '../core/sanitizer.ts';

export default defineSanitizerRule({
  id: 'pseudonymise-subject',
  order: 1,
  basis: 'GDPR Art. 4(5) and 25(1): only who holds the destination’s key can name the patient.',

  apply(observation, { pseudonymKey }) {
    const { subject } = observation;
    if (!(subject instanceof Phi)) return observation;
    return { ...observation, subject: pseudonymOf('subject', subject.reveal(), pseudonymKey) };
  },
});
