import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
const pathCharsMax = 200;

/** The site’s files are encrypted by somebody; what was struck is put back, and the writer is ended. */
export default defineDetector<Tally>({
  id: 'ransomware',
  threat: 'D17',
  watches: ['site-files-struck'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'site-files-struck' || state.count > 1) return { state };
    const { path, sign, restored, ended } = signal;
    return {
      state,
      finding: {
        severity: 'critical',
        confidence: sign === 'scrambled' ? 0.99 : 0.9,
        outcome: restored + ended > 0 ? 'blocked' : 'detected',
        evidence: { path: path.slice(0, pathCharsMax), sign, restored, ended },
      },
    };
  },
});
