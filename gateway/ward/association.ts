import { associationReachesBackMs, isSubject } from '../core/association.ts';
import type { Device } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Rejection } from '../core/intake.ts';
import { Phi } from '../core/phi.ts';
import { bedOf, type Place } from '../core/place.ts';
import type { BindingChange } from '../core/ward.ts';
import type { Admission } from '../pipeline/admission.ts';
import type { PolicyMaker } from '../policy-maker.ts';
import type { Store } from '../store/store.ts';
import { beginRelease, portionRowsMax, type Released, releasePortion } from './held-release.ts';

/** Binds a device to a patient: for a command, a user of the API, whoever is named as `actor`. */
export interface AssociateOrder {
  readonly device: string;
  /** Names a person. */
  readonly subject: string;
  /** Undefined: a quarter of an hour ago. Never into the time of the patient before. */
  readonly since?: number | undefined;
  readonly actor: string;
  readonly now: number;
}

export type DissociateOrder = Pick<AssociateOrder, 'device' | 'actor' | 'now'>;

export interface PlaceOrder extends DissociateOrder {
  readonly place: Place;
}

/**
 * Binds the device and lets go what was held for the patient, in one transaction; of much, the first
 * portion.
 *
 * @throws GatewayError `subject-invalid`, `device-unknown`.
 */
export function associateDevice(
  store: Store,
  maker: PolicyMaker,
  { device: id, subject: text, since: asked, actor, now }: AssociateOrder,
): { readonly since: number } & Released {
  const subject = text.trim();
  if (!isSubject(subject)) {
    throw new GatewayError('subject-invalid', 'a placeholder or too long for a patient id');
  }
  return store.transact(() => {
    const device = findDevice(store, id);
    const [last] = store.devices.associations(device.id);
    const wanted = asked ?? now - associationReachesBackMs;
    // Never into the time of the patient before; while that one is still bound, it ends now.
    const since = last === undefined ? wanted : Math.max(wanted, last.until ?? now);
    store.devices.associate(device.id, new Phi(subject), since);
    const held = beginRelease(store, maker.make(store), device.id);
    const detail = `since ${textOf(since)}, ${releasedText(held)}`;
    const act = { at: now, actor, object: device.id, outcome: 'success' } as const;
    store.audit.add({ ...act, action: 'device.associate', detail });
    return { since, ...held };
  });
}

/**
 * Ends the binding of the device; what it measures from now on is held.
 *
 * @throws GatewayError `device-unknown`.
 */
export function dissociateDevice(
  store: Store,
  { device: id, actor, now }: DissociateOrder,
): { readonly wasBound: boolean } {
  return store.transact(() => {
    const device = findDevice(store, id);
    const wasBound = store.devices.dissociate(device.id, now);
    const outcome = wasBound ? 'success' : 'failure';
    const act = { at: now, actor, object: device.id, outcome } as const;
    store.audit.add({ ...act, action: 'device.dissociate', detail: '' });
    return { wasBound };
  });
}

/**
 * The device stands at another bed from now on. It leaves the patient of the bed before, and is bound
 * to whoever lies in the new one, as far as a feed of admissions said so.
 *
 * @throws GatewayError `device-unknown`.
 */
export function placeDevice(
  store: Store,
  { device: id, place, actor, now }: PlaceOrder,
): { readonly isBound: boolean } {
  return store.transact(() => {
    const device = findDevice(store, id);
    const { ward, room = '', bed = '', placedAt = 0 } = device;
    const left = bedOf({ ward, room, bed });
    const entered = bedOf(place);
    store.devices.place(device.id, place, left === entered ? placedAt : now);
    const act = { at: now, actor, object: device.id, outcome: 'success' } as const;
    const detail = `ward ${place.ward}, room ${place.room}, bed ${place.bed}`;
    store.audit.add({ ...act, action: 'device.place', detail });
    const [last] = store.devices.associations(device.id);
    const wasBound = last !== undefined && (last.until ?? now + 1) > now;
    if (left === entered) return { isBound: wasBound };

    const occupant = occupantOf(store, entered);
    const isSame = wasBound && occupant?.reveal() === last.subject.reveal();
    // One that stood nowhere went with its patient, and still does where nobody else lies.
    const stays = wasBound && (isSame || (left === undefined && occupant === undefined));
    if (wasBound && !stays) {
      store.devices.dissociate(device.id, now);
      store.audit.add({ ...act, action: 'device.dissociate', detail: 'placed at another bed' });
    }
    if (occupant && !stays) {
      store.devices.associate(device.id, occupant, now);
      store.audit.add({
        ...act,
        action: 'device.associate',
        detail: 'placed at the patient’s bed',
      });
    }
    return { isBound: stays || occupant !== undefined };
  });
}

/** Who came to the bed last and did not leave it, as a feed of admissions said. */
function occupantOf(store: Store, bed: string | undefined): Phi | undefined {
  const there = [...store.stays.all().values()].filter(
    (stay) => bed !== undefined && stay.isPresent && stay.bed === bed,
  );
  return there.toSorted((a, b) => b.at - a.at)[0]?.subject;
}

/**
 * Keeps what a feed of admissions changed, each change with its entry in the audit; what was held
 * for the patients is let go. Belongs into the transaction of its batch. Returns how many
 * observations were released.
 */
export function keepBindings(
  store: Store,
  maker: PolicyMaker,
  { bindings, stays }: Pick<Admission, 'bindings' | 'stays'>,
): number {
  store.stays.keep(stays.values());
  for (const change of bindings) {
    store.devices.keepAssociation(change.device, change.association);
    auditBinding(store, change);
  }
  const begun = bindings.filter(({ kind }) => kind === 'begun' || kind === 'resumed');
  if (begun.length === 0) return 0;
  const policy = maker.make(store);
  let released = 0;
  let rowsMax = portionRowsMax;
  for (const device of new Set(begun.map((change) => change.device))) {
    // A whole house may be bound at once: the rest follows between batches.
    const portion = releasePortion(store, policy, device, 0, rowsMax);
    released += portion.released;
    rowsMax -= portion.rows;
    if (rowsMax === 0) break;
  }
  return released;
}

function auditBinding(store: Store, { device, kind, association, by, trigger, at }: BindingChange) {
  const { since, until } = association;
  store.audit.add({
    at,
    actor: `device:${by}`,
    action: until === undefined ? 'device.associate' : 'device.dissociate',
    object: device,
    outcome: 'success',
    detail: `${trigger} ${kind}, since ${textOf(since)}${until === undefined ? '' : `, until ${textOf(until)}`}`,
  });
}

/** Devices that are no feed and tried to move a patient: one entry a device and batch. */
export function auditRefused(store: Store, rejected: readonly Rejection[]): void {
  const refused = rejected.filter(({ reason }) => reason === 'not-authorised');
  for (const { device, at, detail } of new Map(refused.map((one) => [one.device, one])).values()) {
    store.audit.add({
      at,
      actor: `device:${device}`,
      action: 'admission.refuse',
      object: device,
      outcome: 'failure',
      detail,
    });
  }
}

function findDevice(store: Store, id: string): Device {
  const device = store.devices.find(id);
  if (device) return device;
  throw new GatewayError('device-unknown', `${id} is not registered`);
}

/** For the audit. */
export function releasedText({ released, later }: Released): string {
  return later > 0 ? `released ${released}, ${later} records follow` : `released ${released}`;
}

function textOf(at: number): string {
  return new Date(at).toISOString();
}
