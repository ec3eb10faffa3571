import type { DeviceId } from '../core/device.ts';
import type { Intake } from '../core/intake.ts';
import type { Signal } from '../core/signal.ts';
import type { Store } from '../store/store.ts';

/** A sighting at the same address is written anew after this long only. */
const sightingEveryMs = 3_600_000;
/** Sightings remembered, so that not each connection is a write. */
const sightingsMax = 20_000;

/** What the keeper knows of who is there: when devices were heard, and from where they came. */
export interface Surroundings {
  hear(intakes: readonly Intake[]): void;
  heardAt(device: DeviceId): number | undefined;
  /** Within a transaction. Whoever stays connected for weeks is seen as long as it speaks. */
  keepSightings(store: Store, signals: readonly Signal[], intakes: readonly Intake[]): void;
}

export function createSurroundings(): Surroundings {
  const heard = new Map<DeviceId, number>();
  const seen = new Map<string, number>();
  const places = new Map<DeviceId, string>();

  function see(store: Store, device: DeviceId, address: string, at: number): void {
    const key = `${device} ${address}`;
    if (at - (seen.get(key) ?? -Infinity) < sightingEveryMs) return;
    const [oldest] = seen.keys();
    if (seen.size >= sightingsMax && oldest !== undefined) seen.delete(oldest);
    seen.set(key, at);
    store.sightings.see(device, address, at);
  }

  return {
    hear(intakes) {
      // The gateway’s own turn to speak is no word of the device.
      for (const { device, receivedAt, isTurn } of intakes)
        if (!isTurn) heard.set(device, receivedAt);
    },
    heardAt: (device) => heard.get(device),
    keepSightings(store, signals, intakes) {
      for (const { kind, device, address, at } of signals) {
        if (device === undefined || address === undefined) continue;
        if (kind !== 'connected' && kind !== 'line-opened') continue;
        places.set(device, address);
        see(store, device, address, at);
      }
      for (const { device, receivedAt, isTurn } of intakes) {
        const address = places.get(device);
        if (address !== undefined && !isTurn) see(store, device, address, receivedAt);
      }
    },
  };
}
