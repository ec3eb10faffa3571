import type { DeviceId } from '../core/device.ts';
import type { Log } from '../core/event.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';

/** Somebody who floods the line must not flood the log or the detectors with it. */
const reportEveryMs = 1_000;

export interface StrangerReports {
  readonly device: DeviceId;
  readonly intake: Pick<IntakeQueue, 'signal'>;
  readonly now: () => Instant;
  readonly log: Log;
}

/**
 * Counts whoever speaks on a cable-like link and is not the one peer of its settings. The first is
 * told at once, later ones together with the next report.
 */
export function countStrangers({ device, intake, now, log }: StrangerReports) {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let count = 0;

  return (address: string): void => {
    count += 1;
    const at = now();
    const isEarly = at - reportedAt < reportEveryMs && at >= reportedAt;
    if (isEarly) return;
    intake.signal({ kind: 'stranger', device, address, count, at });
    log('device.refused', { device, address, cause: 'not-the-peer', count });
    reportedAt = at;
    count = 0;
  };
}
