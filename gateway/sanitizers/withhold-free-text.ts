import { defineSanitizerRule } from '../core/sanitizer.ts';

export default defineSanitizerRule({
  id: 'withhold-free-text',
  order: 4,
  basis: '45 CFR 164.514(b)(2)(i)(R): free text may hold any of the eighteen identifiers.',

  apply(observation) {
    if (observation.note === undefined) return observation;
    const { note: _, ...rest } = observation;
    return rest;
  },
});
