import type { DeviceId } from './core/device.ts';
import type { KnownDevice, Policy } from './pipeline.ts';

/** Whoever is admitted is known to the policy: the keeper sees to it. */
export function known(policy: Policy, id: DeviceId): KnownDevice {
  const device = policy.devices.get(id);
  if (!device) throw new RangeError(`no device ${id} in the policy`);
  return device;
}
