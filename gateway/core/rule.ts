import type { Detector, Judgement } from './detector.ts';
import type { DeviceProfile } from './device-profile.ts';
import type { Signal, SignalKind } from './signal.ts';
import { noTally, type Tally, tally } from './tally.ts';

type SignalOf<Kind extends SignalKind> = Extract<Signal, { readonly kind: Kind }>;

/** A detector that looks at each signal by itself. What it says of the first one of an episode stands for all. */
export interface Rule<Kind extends SignalKind> extends Pick<Detector, 'id' | 'threat'> {
  readonly watches: readonly Kind[];
  /** How long it says nothing more; ten minutes where it does not matter. */
  readonly episodeMs?: number;
  /** Undefined where there is nothing to say. */
  judge(signal: SignalOf<Kind>, profile: DeviceProfile | undefined): Judgement | undefined;
}

const usualEpisodeMs = 600_000;

export function defineRule<const Kind extends SignalKind>({
  judge,
  episodeMs = usualEpisodeMs,
  ...names
}: Rule<Kind>): Detector<Tally> {
  return {
    ...names,
    start: noTally,
    step(before, signal, profile) {
      // A detector is shown what it watches, and nothing else.
      const finding = judge(signal as SignalOf<Kind>, profile);
      if (finding === undefined) return { state: before };
      const state = tally(before, signal.at, episodeMs);
      return state.count > 1 ? { state } : { state, finding };
    },
  };
}
