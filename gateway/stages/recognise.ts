import type { DeviceId } from '../core/device.ts';
import type { Recollection } from '../core/memory.ts';
import type { DeviceRecord } from '../core/protocol.ts';

/** How a record fits what is known of its device. */
export type Recognition =
  /** The device it always was, or one that announces nothing. */
  | 'known'
  /** It announces its serial number for the first time: from now on that is the device. */
  | 'new'
  /** Another one answers under this device's name, and its patient may be another too. */
  | 'swapped'
  /** It announces nothing, but another one did since the right one last spoke. */
  | 'in-doubt';

/**
 * Binds a device to the serial number it announces, beside the port or the certificate it comes
 * by. `expected` is the number known of it, if it ever announced one.
 */
export function recognise(
  device: DeviceId,
  { serialNumber }: DeviceRecord,
  expected: string | undefined,
  memory: Recollection,
): Recognition {
  const wasSwapped = memory.get('swapped', device) === true;
  if (serialNumber === undefined) return wasSwapped ? 'in-doubt' : 'known';
  const isSwapped = expected !== undefined && expected !== serialNumber;
  if (isSwapped !== wasSwapped) memory.set('swapped', device, isSwapped);
  if (isSwapped) return 'swapped';
  return expected === undefined ? 'new' : 'known';
}
