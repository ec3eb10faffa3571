import type { DeviceProfile } from './device-profile.ts';
import type { Finding } from './finding.ts';
import type { Signal, SignalKind } from './signal.ts';
import type { ThreatId } from './threat.ts';

/** What a detector says of what it saw. */
export type Judgement = Pick<Finding, 'severity' | 'confidence' | 'outcome' | 'evidence'>;

export interface DetectorStep<State> {
  readonly state: State;
  readonly finding?: Judgement | undefined;
}

/**
 * A detector is a fold over the signals of one device (or, before a certificate was shown, of one
 * address). Its state is plain data, so it can be saved, restored, and moved to another gateway.
 */
export interface Detector<State = unknown> {
  readonly id: string;
  readonly threat: ThreatId;
  /** The only signals it is shown. */
  readonly watches: readonly SignalKind[];
  readonly start: State;
  step(state: State, signal: Signal, profile: DeviceProfile | undefined): DetectorStep<State>;
}

export function defineDetector<State>(detector: Detector<State>): Detector<State> {
  return detector;
}
