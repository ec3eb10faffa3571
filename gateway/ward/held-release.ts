import type { DeviceId } from '../core/device.ts';
import { isWithheld } from '../core/quarantine.ts';
import type { HeldCause } from '../pipeline/admission.ts';
import { release } from '../pipeline/depart.ts';
import type { KnownDevice, Policy } from '../pipeline/policy.ts';
import type { HeldRow } from '../store/held.ts';
import type { Store } from '../store/store.ts';
import { keepDepartures } from './departing.ts';

/**
 * Rows that are let go in one transaction. A device may have 50,000: whoever waits for the disk
 * meanwhile, an alarm among them, waits for these and not for all.
 */
export const portionRowsMax = 128;

/** What became of a portion of what is held of one device. */
export interface Portion {
  /** Observations that left, and such that were looked at and still wait. */
  readonly released: number;
  readonly stillHeld: number;
  readonly withAlerts: boolean;
  /** Rows that were looked at. */
  readonly rows: number;
  /** Behind this row the next portion begins; undefined: that was all. */
  readonly after: number | undefined;
}

/** What an order let go at once, and how many records were not looked at by then: they follow. */
export interface Released {
  readonly released: number;
  readonly stillHeld: number;
  readonly later: number;
}

/**
 * Lets the oldest go of what is held of the device, as far as its patient is known by now and nothing else
 * holds it, in the order it came. Within a transaction: what leaves is taken out with it, so that
 * whoever ends in between goes on by looking again.
 */
export function releasePortion(
  store: Store,
  policy: Policy,
  device: DeviceId,
  after: number,
  rowsMax = portionRowsMax,
): Portion {
  const causes = freeCauses(policy, device);
  const rows = store.held.of(device, causes, { after, countMax: rowsMax });
  let [released, stillHeld, withAlerts] = [0, 0, false];
  for (const row of rows) {
    const one = releaseRow(store, policy, row);
    released += one.released;
    stillHeld += row.observations.length - one.released;
    withAlerts ||= one.withAlerts;
  }
  const isMore = rows.length === rowsMax;
  const next = isMore ? (rows.at(-1)?.sequence ?? after) : undefined;
  return { released, stillHeld, withAlerts, rows: rows.length, after: next };
}

/** The first portion, for the answer of an order; the keeper lets the rest go. Within a transaction. */
export function beginRelease(
  store: Store,
  policy: Policy,
  device: DeviceId,
  rowsMax = portionRowsMax,
): Released {
  const before = rowsOf(store, device, freeCauses(policy, device));
  const { released, stillHeld, after } = releasePortion(store, policy, device, 0, rowsMax);
  return { released, stillHeld, later: after === undefined ? 0 : before - rowsMax };
}

function rowsOf({ held }: Store, device: DeviceId, causes: readonly string[]): number {
  return held
    .depths()
    .filter((depth) => depth.device === device && causes.includes(depth.cause))
    .reduce((sum, { rows }) => sum + rows, 0);
}

function releaseRow(
  store: Store,
  policy: Policy,
  { sequence, device, cause, observations }: HeldRow,
): { readonly released: number; readonly withAlerts: boolean } {
  const { rejected, held, ...left } = release({ device, observations }, policy);
  const isWaiting = policy.destinations.length === 0 || held.length === observations.length;
  if (isWaiting) {
    // Nothing else holds it any more: it waits for its patient.
    if (cause === 'quarantined' || cause === 'limited') store.held.unblockRow(sequence);
    return { released: 0, withAlerts: false };
  }
  store.held.remove(sequence);
  if (held.length > 0) store.held.add(device, held, 'unbound', held[0]?.receivedAt ?? 0);
  keepDepartures(store, left);
  store.journal.addRejections(rejected);
  const withAlerts = left.departures.some(({ lane }) => lane === 'alert');
  return { released: observations.length - held.length, withAlerts };
}

/** Causes that hold nothing of this device any more. A swap is accepted by a person only. */
function freeCauses(policy: Policy, device: DeviceId): readonly HeldCause[] {
  const known = policy.devices.get(device);
  if (!known || isWithheld(known.quarantine)) return [];
  const causes: HeldCause[] = ['quarantined'];
  if (known.perSecondMax === undefined) causes.push('limited');
  if (policy.destinations.length > 0) causes.push('unbound', 'no-relay');
  return causes;
}

/** Devices that something may leave of by the policy now, and did not by the one before. */
export function freedDevices(before: Policy, now: Policy): readonly DeviceId[] {
  const freed: DeviceId[] = [];
  for (const [id, known] of now.devices) {
    const old = before.devices.get(id);
    if (!old || isFreer(old, known)) freed.push(id as DeviceId);
  }
  return freed;
}

function isFreer(before: KnownDevice, now: KnownDevice): boolean {
  if (isWithheld(before.quarantine) && !isWithheld(now.quarantine)) return true;
  if (before.perSecondMax !== undefined && now.perSecondMax === undefined) return true;
  if (before.associations.length !== now.associations.length) return true;
  return now.associations.some(({ since, until }, index) => {
    const old = before.associations[index];
    return old?.since !== since || old.until !== until;
  });
}
