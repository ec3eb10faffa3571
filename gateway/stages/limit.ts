import type { Intake, Rejection } from '../core/intake.ts';
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
  const key = `limit/${device}`;
  const full = Math.max(1, perSecondMax * burstSeconds);
  const before = (memory.get(key) ?? { tokens: full, at: receivedAt }) as Bucket;
  const elapsedMs = Math.max(0, receivedAt - before.at);
  const tokens = Math.min(full, before.tokens + (elapsedMs / 1_000) * perSecondMax);
  const isEmpty = tokens < 1;
  memory.set(key, { tokens: isEmpty ? tokens : tokens - 1, at: receivedAt });
  return isEmpty;
}

/** Of a message beyond the limit only the alarms go on, untouched; the rest is one rejection. */
export function limitTelemetry(
  observations: readonly Observation[],
  { device, receivedAt: at }: Pick<Intake, 'device' | 'receivedAt'>,
): { readonly observations: readonly Observation[]; readonly rejected: readonly Rejection[] } {
  const alarms = observations.filter(({ kind }) => kind === 'alert');
  const beyond = observations.length - alarms.length;
  if (beyond === 0) return { observations, rejected: [] };
  const detail = `${beyond} observations`;
  const rejection = { device, at, stage: 'check', reason: 'rate-limited', detail } as const;
  return { observations: alarms, rejected: [rejection] };
}
