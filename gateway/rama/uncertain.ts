import type { Instant } from '../core/observation.ts';
import type { RamaScore, RamaSubject } from '../core/rama.ts';
import { reckoningOf } from './reckoning.ts';
import { reckon } from './score.ts';

/** Between which scores the truth lies, whatever the unknown turns out to be. */
export function intervalOf(
  subject: RamaSubject,
  now: Instant,
): Pick<RamaScore, 'low' | 'high' | 'confidence'> {
  const low = reckon(reckoningOf(subject, now, 'worst')).score;
  const high = reckon(reckoningOf(subject, now, 'best')).score;
  return { low, high, confidence: 1 - (high - low) / 100 };
}
