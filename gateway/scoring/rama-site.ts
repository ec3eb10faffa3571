import type { Device } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { RamaReport, RamaScore, RamaSubject } from '../core/rama.ts';
import type { RamaGroup } from '../core/rama-point.ts';
import { aggregate, aggregateBy, type LocalScore } from '../rama/aggregate.ts';
import { assess, report } from '../rama/assess.ts';
import type { Store } from '../store/store.ts';
import { gatewayDevice, gatewaySubjectOf, type RatingMaterial, subjectOf } from './rama-subject.ts';

export interface RatedDevice {
  readonly id: string;
  readonly device: Device;
  readonly rama: RamaScore;
}

export function rateDevice(
  store: Store,
  material: RatingMaterial,
  device: Device,
  now: Instant,
): RatedDevice {
  const rama = assess(knownOf(store, material, device, now), now);
  return { id: device.id, device, rama };
}

/** With every input. */
export function reportDevice(
  store: Store,
  material: RatingMaterial,
  device: Device,
  now: Instant,
): RamaReport {
  return report(knownOf(store, material, device, now), now);
}

/** Every device, and the gateway. */
export function ratedDevices(store: Store): readonly Device[] {
  return [gatewayDevice, ...store.devices.list()];
}

export function findRated(store: Store, id: string): Device | undefined {
  return id === gatewayDevice.id ? gatewayDevice : store.devices.find(id);
}

function knownOf(
  store: Store,
  material: RatingMaterial,
  device: Device,
  now: Instant,
): RamaSubject {
  if (device.id === gatewayDevice.id) return gatewaySubjectOf(store, now);
  return subjectOf(store, material, device, now);
}

export interface SiteRating {
  /** Undefined while there is no device. */
  readonly local: LocalScore | undefined;
  readonly groups: Readonly<Record<string, LocalScore>>;
}

export function rateSite(rated: readonly RatedDevice[], group: RamaGroup): SiteRating {
  const groups = aggregateBy(rated, ({ device }) => device[group]);
  return { local: aggregate(rated), groups: Object.fromEntries(groups) };
}
