import { defineRule } from '../core/rule.ts';

/** Data that names a person where none may: at the door out, or in the place of a measurement’s name. */
export default defineRule({
  id: 'identifier-leak',
  threat: 'D14',
  watches: ['identifier-found'],

  judge: ({ what, place }) => ({
    severity: 'high',
    confidence: place === 'input' ? 0.8 : 0.95,
    outcome: 'blocked',
    // Which kind, never what it said.
    evidence: { what, place },
  }),
});
