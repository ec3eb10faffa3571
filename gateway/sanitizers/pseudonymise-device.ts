import { isPseudonym } from '../core/observation.ts';
import { pseudonymOf } from '../core/pseudonym.ts';
import { defineSanitizerRule } from '../core/sanitizer.ts';

export default defineSanitizerRule({
  id: 'pseudonymise-device',
  order: 2,
  basis: '45 CFR 164.514(b)(2)(i)(M): device identifiers and serial numbers identify a patient.',

  apply(observation, { pseudonymKey }) {
    const { device } = observation;
    if (isPseudonym(device)) return observation;
    return { ...observation, device: pseudonymOf('device', device, pseudonymKey) };
  },
});
