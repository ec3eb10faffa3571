import { defineRule } from '../core/rule.ts';

/** As much as two things at once that somebody did on none of some twenty days. */
const bitsMin = 10;
const seriousBits = 14;
const textCharsMax = 64;

/** A person does what this person never does, at an hour or to an extent that is none of theirs. */
export default defineRule({
  id: 'unusual-deed',
  threat: 'D19',
  watches: ['deed'],
  episodeMs: 3_600_000,

  judge(signal) {
    if (!(signal.bits >= bitsMin)) return undefined;
    const { action, hour, patients, bits, actionBits, hourBits, patientsBits, days } = signal;
    const round = (figure: number) => Math.round(figure * 10) / 10;
    return {
      severity: bits >= seriousBits ? 'high' : 'medium',
      confidence: 0.6,
      outcome: 'detected',
      evidence: {
        ...{ action: action.slice(0, textCharsMax), hourUtc: hour },
        ...(patients !== undefined && { patients }),
        ...{ bits: round(bits), actionBits: round(actionBits), hourBits: round(hourBits) },
        ...{ patientsBits: round(patientsBits), judgedByDays: Math.round(days) },
      },
    };
  },
});
