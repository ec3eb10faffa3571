import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Recollection } from '../core/memory.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';

/**
 * Holds the version that a device announces against its profile’s list, and against the last one it
 * announced since the gateway started. The same version is news once.
 */
export function noteFirmware(
  device: DeviceId,
  version: string | undefined,
  { firmware: listed }: Pick<DeviceProfile, 'firmware'>,
  at: Instant,
  memory: Recollection,
): Signal | undefined {
  if (version === undefined) return undefined;
  const before = memory.get('firmware', device) as string | undefined;
  if (before === version) return undefined;
  memory.set('firmware', device, version);
  const tell = (fault: 'unlisted' | 'lower' | 'changed'): Signal => ({
    ...{ kind: 'firmware', device, at, fault, version },
  });
  if (listed && !listed.includes(version)) return tell('unlisted');
  if (before === undefined) return undefined;
  return tell(isLower(version, before) ? 'lower' : 'changed');
}

/** Part by part, figures as figures: 1.9 comes before 1.10. */
function isLower(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.match(/\d+|[A-Za-z]+/g) ?? []);
  for (const [index, part] of (a ?? []).entries()) {
    const other = b?.[index];
    if (other === undefined) return false;
    if (part === other) continue;
    const [left, right] = [Number(part), Number(other)];
    return Number.isNaN(left) || Number.isNaN(right) ? part < other : left < right;
  }
  return (a?.length ?? 0) < (b?.length ?? 0);
}
