import type { Device } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { HeldFate, Quarantine, QuarantineMode } from '../core/quarantine.ts';
import { timedActions } from '../core/response.ts';
import type { PolicyMaker } from '../policy-maker.ts';
import { needsConfirmation } from '../responses/interlock.ts';
import type { Store } from '../store/store.ts';
import { releasedText } from './association.ts';
import { beginRelease, portionRowsMax, type Released } from './held-release.ts';
import { endResponse, quarantineModeOf } from './responding.ts';

/** Puts a device in quarantine: for a command, a user of the API, whoever is named as `actor`. */
export interface QuarantineOrder {
  readonly device: string;
  readonly mode: QuarantineMode;
  readonly reason: string;
  /** When it ends by itself. */
  readonly until?: number | undefined;
  /** The person knows that the alarms of a treating device stop with its connection. */
  readonly isConfirmed: boolean;
  readonly actor: string;
  readonly now: Instant;
}

export interface ReleaseOrder {
  readonly device: string;
  readonly reason: string;
  readonly held: HeldFate;
  readonly actor: string;
  readonly now: Instant;
}

export interface ReleaseOutcome extends Released {
  readonly mode: QuarantineMode;
  /** Observations. */
  readonly discarded: number;
}

/**
 * Puts the device in quarantine, or changes the one it is in, in one transaction.
 *
 * @throws GatewayError `device-unknown`, `quarantine-refused`, `confirm-clinical`.
 */
export function quarantineDevice(
  store: Store,
  maker: PolicyMaker,
  order: QuarantineOrder,
): Quarantine {
  return store.transact(() => putInQuarantine(store, maker, order));
}

/** The same, within a transaction of the caller’s. */
export function putInQuarantine(
  store: Store,
  maker: PolicyMaker,
  { device: id, mode, reason, until, isConfirmed, actor, now }: QuarantineOrder,
): Quarantine {
  const device = findDevice(store, id);
  if (until !== undefined && until <= now) {
    throw new GatewayError('quarantine-refused', `${textOf(until)} is not in the future`);
  }
  const isFeed = maker.make(store).devices.get(id)?.profile.association === 'feed';
  if (mode === 'hold' && isFeed) {
    // Its sender is told that what it says is applied: it cannot be applied some day.
    throw new GatewayError('quarantine-refused', `${id} is a feed of admissions: deny or observe`);
  }
  if (mode === 'deny' && needsConfirmation('deny-device', device.function) && !isConfirmed) {
    throw new GatewayError(
      'confirm-clinical',
      `${id} is for ${device.function}: denied, none of its alarms and values can be received`,
    );
  }
  const quarantine = { device: device.id, mode, reason, actor, since: now, until };
  store.quarantines.set(quarantine);
  const end = until === undefined ? '' : ` until ${textOf(until)}`;
  const act = { at: now, actor, object: device.id, outcome: 'success' } as const;
  const detail = `${mode}${end}${isConfirmed ? ', clinical effect confirmed' : ''}: ${reason}`;
  store.audit.add({ ...act, action: 'device.quarantine', detail });
  return quarantine;
}

/**
 * Ends the quarantine. What was held goes to whom the device was bound to when it measured, waits
 * for a patient, or is discarded; each discarded record leaves a rejection.
 *
 * @throws GatewayError `device-unknown`, `not-quarantined`.
 */
export function releaseDevice(
  store: Store,
  maker: PolicyMaker,
  order: ReleaseOrder,
): ReleaseOutcome {
  return store.transact(() => endQuarantine(store, maker, order));
}

/** The same, within a transaction of the caller’s. */
export function endQuarantine(
  store: Store,
  maker: PolicyMaker,
  { device: id, reason, held: fate, actor, now }: ReleaseOrder,
): ReleaseOutcome {
  const device = findDevice(store, id);
  const before = store.quarantines.find(id);
  if (!before) throw new GatewayError('not-quarantined', `${id} is in no quarantine`);
  store.quarantines.end(id);
  const discarded = fate === 'discard' ? discardHeld(store, device, now) : 0;
  // Many may end at the same moment: nobody waits for the answer then, and all follows between batches.
  const rowsMax = actor === 'gateway' ? 0 : portionRowsMax;
  const held = beginRelease(store, maker.make(store), device.id, rowsMax);
  const act = { at: now, actor, object: device.id, outcome: 'success' } as const;
  const figures = `${releasedText(held)}, discarded ${discarded}`;
  const detail = `was ${before.mode}, ${figures}: ${reason}`;
  store.audit.add({ ...act, action: 'device.release', detail });
  endItsResponse(store, device.id, { reason, actor, now });
  return { mode: before.mode, ...held, discarded };
}

/** Where the gateway had put it in quarantine, that is over too. */
function endItsResponse(
  store: Store,
  device: string,
  given: Pick<ReleaseOrder, 'reason' | 'actor' | 'now'>,
): void {
  for (const action of timedActions) {
    const response = store.responses.pending(action, device);
    if (response?.state !== 'active' || quarantineModeOf(action) === undefined) continue;
    endResponse(store, response, given.actor === 'gateway' ? 'ended' : 'undone', given);
  }
}

/** Ends every quarantine whose time is over. Returns whether there was one. */
export function endQuarantines(
  store: Store,
  maker: PolicyMaker,
  now: Instant,
  areOver: (quarantines: readonly Quarantine[]) => readonly Quarantine[],
): boolean {
  const due = areOver(store.quarantines.list());
  for (const { device, until = now } of due) {
    const reason = `its time was over at ${textOf(until)}`;
    releaseDevice(store, maker, { device, reason, held: 'release', actor: 'gateway', now });
  }
  return due.length > 0;
}

function discardHeld(store: Store, { id: device }: Device, now: Instant): number {
  let discarded = 0;
  // Also what was beyond its limit: whoever is not trusted is not trusted with that either.
  for (const cause of ['quarantined', 'limited'] as const) {
    for (const { sequence, observations } of store.held.of(device, [cause])) {
      store.held.remove(sequence);
      discarded += observations.length;
    }
  }
  const rejection = { device, at: now, stage: 'associate', reason: 'discarded' } as const;
  const detail = `${discarded} observations`;
  if (discarded > 0) store.journal.addRejections([{ ...rejection, detail }]);
  return discarded;
}

function findDevice(store: Store, id: string): Device {
  const device = store.devices.find(id);
  if (device) return device;
  throw new GatewayError('device-unknown', `${id} is not registered`);
}

function textOf(at: number): string {
  return new Date(at).toISOString();
}
