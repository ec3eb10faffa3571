import type { DeviceProfile } from '../core/device-profile.ts';
import type { Intake, Rejection } from '../core/intake.ts';
import type { Recollection } from '../core/memory.ts';
import { type DeviceKey, openSigned } from '../core/signed-message.ts';

export type Proven =
  | { readonly intake: Intake; readonly counter?: number }
  | { readonly rejection: Rejection };

interface Counted {
  readonly key: string;
  readonly counter: number;
}

/**
 * Of a device whose profile says that it signs, only what it signed is read, and only what it counted
 * higher than all before. Of any other device all is as it came.
 */
export function prove(
  intake: Intake,
  { link }: DeviceProfile,
  deviceKey: DeviceKey | undefined,
  memory: Recollection,
): Proven {
  if (link.kind !== 'mqtt' || link.signs === undefined) return { intake };
  const { device, receivedAt: at } = intake;
  const refuse = (reason: Rejection['reason'], detail: string): Proven => ({
    rejection: { device, at, stage: 'read', reason, detail },
  });
  if (deviceKey?.algorithm !== link.signs) return refuse('not-proven', 'no key is enrolled');
  const opened = openSigned(intake.bytes, deviceKey);
  if ('fault' in opened) return refuse('not-proven', opened.fault);
  const { payload, counter } = opened;
  const before = memory.get('counter', device) as Counted | undefined;
  const newest = before?.key === deviceKey.id ? before.counter : deviceKey.counter;
  if (counter <= newest) return refuse('old-counter', `${counter} after ${newest}`);
  memory.set('counter', device, { key: deviceKey.id, counter } satisfies Counted);
  return { intake: { ...intake, bytes: payload }, counter };
}
