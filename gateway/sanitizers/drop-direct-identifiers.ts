import { defineSanitizerRule } from '../core/sanitizer.ts';

export default defineSanitizerRule({
  id: 'drop-direct-identifiers',
  order: 3,
  basis: 'GDPR Art. 5(1)(c), data minimisation: who operated the device is not part of the result.',

  apply(observation) {
    if (observation.performer === undefined) return observation;
    const { performer: _, ...rest } = observation;
    return rest;
  },
});
