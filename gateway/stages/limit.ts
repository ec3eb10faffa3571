import type { Intake } from '../core/intake.ts';
import type { Recollection } from '../core/memory.ts';
import type { Observation } from '../core/observation.ts';

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
  const full = Math.max(1, perSecondMax * burstSeconds);
  const before = (memory.get('limit', device) ?? { tokens: full, at: receivedAt }) as Bucket;
  const elapsedMs = Math.max(0, receivedAt - before.at);
  const tokens = Math.min(full, before.tokens + (elapsedMs / 1_000) * perSecondMax);
  const isEmpty = tokens < 1;
  memory.set('limit', device, { tokens: isEmpty ? tokens : tokens - 1, at: receivedAt });
  return isEmpty;
}

/**
 * Of a message beyond the limit only the alarms go on, untouched. The rest waits until the limit ends:
 * it was acknowledged, and a device that catches up says as much as one in foreign hands.
 */
export function limitTelemetry(observations: readonly Observation[]): {
  readonly observations: readonly Observation[];
  readonly held: readonly Observation[];
} {
  return {
    observations: observations.filter(({ kind }) => kind === 'alert'),
    held: observations.filter(({ kind }) => kind !== 'alert'),
  };
}
