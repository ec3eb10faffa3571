import type { Detector } from '../core/detector.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Finding } from '../core/finding.ts';
import { type Recollection, strangerOf } from '../core/memory.ts';
import type { Signal, SignalKind } from '../core/signal.ts';

/** Detectors by the signals they watch. */
export type Watches = ReadonlyMap<SignalKind, readonly Detector[]>;

export function planWatches(detectors: Iterable<Detector>): Watches {
  const watches = new Map<SignalKind, Detector[]>();
  for (const detector of detectors) {
    for (const kind of detector.watches) {
      watches.set(kind, [...(watches.get(kind) ?? []), detector]);
    }
  }
  return watches;
}

/**
 * Shows every signal to the detectors that watch its kind. It withholds nothing: a finding
 * informs, it does not stop care. `profileOf` gives the profile of a device that is registered.
 */
export function detect(
  signals: readonly Signal[],
  watches: Watches,
  profileOf: (device: string) => DeviceProfile | undefined,
  memory: Recollection,
): readonly Finding[] {
  const findings: Finding[] = [];

  for (const signal of signals) {
    const about = whoseIs(signal);
    const isStranger = signal.device === undefined && signal.address !== undefined;
    const whom = isStranger ? strangerOf(about) : about;
    for (const detector of watches.get(signal.kind) ?? []) {
      const profile = signal.device === undefined ? undefined : profileOf(signal.device);
      const before = memory.get(detector.id, whom) ?? detector.start;
      const { state, finding } = detector.step(before, signal, profile);
      if (state !== before) memory.set(detector.id, whom, state);
      if (finding) {
        const { id, threat } = detector;
        findings.push({ ...finding, threat, detector: id, about, at: signal.at });
      }
    }
  }
  return findings;
}

/** A device, a person, a consumer or a detector by name, an address, or the gateway itself. */
function whoseIs(signal: Signal): string {
  switch (signal.kind) {
    case 'patients-beyond':
    case 'acted':
    case 'glass-unreviewed':
    case 'deed':
      return `user:${signal.actor}`;
    case 'departed':
      return `relay:${signal.relay}`;
    case 'alert-rate':
      return `detector:${signal.source}`;
    case 'subscribed':
      if (signal.consumer !== undefined) return `consumer:${signal.consumer}`;
      return signal.device ?? signal.address ?? 'gateway';
    default:
      return signal.device ?? signal.address ?? 'gateway';
  }
}
