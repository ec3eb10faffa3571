import type { DeviceId } from '../core/device.ts';
import type { Intake, Rejection } from '../core/intake.ts';
import type { Recollection } from '../core/memory.ts';
import type { Instant, Observation } from '../core/observation.ts';

/** How many seconds of its highest rate a device may say at once. */
const burstSeconds = 10;

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** Whether a message is more than a device under a limit may say: a bucket that refills with time. */
export function isBeyond(
  { device, receivedAt }: Pick<Intake, 'device' | 'receivedAt'>,
  perSecondMax: number | undefined,
  memory: Recollection,
): boolean {
  if (perSecondMax === undefined) return false;
  const key = `limit/${device}`;
  const full = Math.max(1, perSecondMax * burstSeconds);
  const before = (memory.get(key) ?? { tokens: full, at: receivedAt }) as Bucket;
  const elapsedMs = Math.max(0, receivedAt - before.at);
  const tokens = Math.min(full, before.tokens + (elapsedMs / 1_000) * perSecondMax);
  const isEmpty = tokens < 1;
  memory.set(key, { tokens: isEmpty ? tokens : tokens - 1, at: receivedAt });
  return isEmpty;
}

/** Of a message beyond the limit only the alarms go on, untouched. */
export function limitTelemetry(observations: readonly Observation[]): {
  readonly observations: readonly Observation[];
  /** How many do not. */
  readonly beyond: number;
} {
  const alarms = observations.filter(({ kind }) => kind === 'alert');
  const beyond = observations.length - alarms.length;
  return { observations: alarms, beyond };
}

/** One rejection for all of them in a batch: a flood must not become a flood of rows. */
export function limitRejections(limited: ReadonlyMap<DeviceId, Limited>): readonly Rejection[] {
  return [...limited].map(([device, { beyond, at }]) => ({
    device,
    at,
    stage: 'check',
    reason: 'rate-limited',
    detail: `${beyond} observations`,
  }));
}

/** What was beyond the limit of a device in one batch, and when last. */
export interface Limited {
  readonly beyond: number;
  readonly at: Instant;
}
