import type { DeviceId } from '../core/device.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Signal, Voice } from '../core/signal.ts';
import type { LinkState } from '../core/site-state.ts';

/** How the devices are connected, seen from what their links say to the intake. */
export interface WardWatch {
  /** The queue to give the links: passes everything on, and looks at who it is from. */
  readonly queue: IntakeQueue;
  linkOf(device: DeviceId): LinkState;
  /** Who fell silent, and who was heard again. */
  see(voices: readonly Voice[]): void;
  /** Devices that are connected now. */
  upCount(): number;
}

/** Devices remembered. Only registered ones get as far as the intake; this is the second lock. */
const devicesMax = 20_000;

interface Watched {
  isUp: boolean;
  since: number | undefined;
  heardAt: number | undefined;
  isQuiet: boolean;
  address: string | undefined;
}

export function watchWard(inner: IntakeQueue): WardWatch {
  const devices = new Map<DeviceId, Watched>();

  function watched(device: DeviceId): Watched {
    const known = devices.get(device);
    if (known) return known;
    const [first] = devices.keys();
    if (devices.size >= devicesMax && first !== undefined) devices.delete(first);
    const nothing = { since: undefined, heardAt: undefined, address: undefined };
    const one = { ...nothing, isUp: false, isQuiet: false };
    devices.set(device, one);
    return one;
  }

  function see({ kind, device, at, address }: Signal): void {
    if (device === undefined) return;
    const isUp = kind === 'connected' || kind === 'line-opened';
    if (!isUp && kind !== 'disconnected' && kind !== 'line-closed') return;
    Object.assign(watched(device), { isUp, since: at, address });
  }

  return {
    queue: {
      offer(intake) {
        // Its own turn to speak is no word of the device.
        if (!intake.isTurn) watched(intake.device).heardAt = intake.receivedAt;
        return inner.offer(intake);
      },
      signal(signal) {
        see(signal);
        inner.signal(signal);
      },
    },
    linkOf: (device) => ({ ...(devices.get(device) ?? { isUp: false, isQuiet: false }) }),
    see(voices) {
      for (const { kind, device } of voices) {
        if (device !== undefined) watched(device).isQuiet = kind === 'quiet';
      }
    },
    upCount: () => [...devices.values()].filter(({ isUp }) => isUp).length,
  };
}
