import { defineDetector } from '../core/detector.ts';
import { rhythmOf } from '../core/rhythm.ts';

/** Fewer are regular by chance. */
const timesMin = 16;
const timesMax = 24;
/** What happens at random stayed below it in 20,000 trials of sixteen; a beacon that strays by a tenth is at 0.8. */
const autocorrelationMin = 0.6;
const episodeMs = 600_000;
const nameCharsMax = 64;

interface Calls {
  /** When it was last connected to, the oldest first. */
  readonly times: readonly number[];
  readonly toldAt: number;
}

/**
 * The gateway calls somebody whom no setting names, as regularly as a clock: so does a program that
 * asks for orders (MITRE ATT&CK T0869, T0885). What the settings name may be asked as regularly as
 * they like, and is not looked at.
 */
export default defineDetector<Calls>({
  id: 'beaconing',
  threat: 'D15',
  watches: ['egress'],
  start: { times: [], toldAt: 0 },

  step(before, signal) {
    if (signal.kind !== 'egress') return { state: before };
    const { at, remote, port, name, isRefused } = signal;
    const last = before.times.at(-1) ?? 0;
    // A clock that was set back begins anew.
    const times = at < last ? [at] : [...before.times, at].slice(-timesMax);
    const rhythm = times.length < timesMin ? undefined : rhythmOf(times);
    const isRegular = rhythm !== undefined && rhythm.autocorrelation >= autocorrelationMin;
    const { toldAt } = before;
    const isTold = toldAt > 0 && at >= toldAt && at < toldAt + episodeMs;
    if (!isRegular || isTold) return { state: { times, toldAt } };
    return {
      state: { times, toldAt: at },
      finding: {
        severity: 'high',
        confidence: 0.85,
        outcome: isRefused ? 'blocked' : 'detected',
        evidence: {
          remote: remote.slice(0, nameCharsMax),
          port,
          ...(name !== undefined && { name: name.slice(0, nameCharsMax) }),
          everySeconds: Math.round(rhythm.everyMs) / 1_000,
          autocorrelation: Math.round(rhythm.autocorrelation * 100) / 100,
          connections: times.length,
        },
      },
    };
  },
});
