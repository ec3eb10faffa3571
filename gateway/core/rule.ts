import type { Detector, Judgement } from './detector.ts';
import type { DeviceProfile } from './device-profile.ts';
import { type Severity, severities } from './finding.ts';
import type { Signal, SignalKind } from './signal.ts';
import { noTally, type Tally, tally } from './tally.ts';

type SignalOf<Kind extends SignalKind> = Extract<Signal, { readonly kind: Kind }>;

/** A detector that looks at each signal by itself. It tells the first one of an episode, and what is worse. */
export interface Rule<Kind extends SignalKind> extends Pick<Detector, 'id' | 'threat'> {
  readonly watches: readonly Kind[];
  /** How long it says nothing more of the same; ten minutes where it does not matter. */
  readonly episodeMs?: number;
  /** Undefined where there is nothing to say. */
  judge(signal: SignalOf<Kind>, profile: DeviceProfile | undefined): Judgement | undefined;
}

interface Told extends Tally {
  readonly worst: Severity | null;
}

const usualEpisodeMs = 600_000;

export function defineRule<const Kind extends SignalKind>({
  judge,
  episodeMs = usualEpisodeMs,
  ...names
}: Rule<Kind>): Detector<Told> {
  return {
    ...names,
    start: { ...noTally, worst: null },
    step(before, signal, profile) {
      // A detector is shown what it watches, and nothing else.
      const finding = judge(signal as SignalOf<Kind>, profile);
      if (finding === undefined) return { state: before };
      const now = tally(before, signal.at, episodeMs);
      const isNew = now.count === 1 || rank(finding.severity) > rank(before.worst);
      const state = { ...now, worst: isNew ? finding.severity : before.worst };
      return isNew ? { state, finding } : { state };
    },
  };
}

const rank = (severity: Severity | null) => (severity ? severities.indexOf(severity) : -1);
