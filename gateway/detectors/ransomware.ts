import { defineRule } from '../core/rule.ts';

const pathCharsMax = 200;

/** The site’s files are encrypted by somebody; what was struck is put back, and the writer is ended. */
export default defineRule({
  id: 'ransomware',
  threat: 'D17',
  watches: ['site-files-struck'],

  judge(signal) {
    const { path, sign, restored, ended } = signal;
    return {
      severity: 'critical',
      confidence: sign === 'scrambled' ? 0.99 : 0.9,
      outcome: restored + ended > 0 ? 'blocked' : 'detected',
      evidence: { path: path.slice(0, pathCharsMax), sign, restored, ended },
    };
  },
});
