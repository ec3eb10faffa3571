import { isIP } from 'node:net';
import { type ClinicalFunction, clinicalFunctions, type DeviceId } from '../core/device.ts';
import type { Finding } from '../core/finding.ts';
import type { Instant } from '../core/observation.ts';
import type { KnownDevice, Policy } from '../pipeline/policy.ts';
import { limitOf } from '../policy-maker.ts';
import type { Situation } from '../responses/interlock.ts';
import type { Subject } from '../responses/respond.ts';
import type { Store } from '../store/store.ts';

/** Whoever was seen at an address within this time may be behind it now. */
const behindMs = 30 * 24 * 3_600_000;

/** How the keeper answers findings: what it knows besides the store. */
export interface Circumstances {
  readonly policy: Policy;
  /** When a device was last heard, as far as this process knows. */
  readonly heardAt: (device: DeviceId) => number | undefined;
}

/** Whom it is about, and what care depends on there at that moment. */
export function situate(
  store: Store,
  { about, at }: Pick<Finding, 'about' | 'at'>,
  circumstances: Circumstances,
): { readonly subject: Subject; readonly situation: Situation } {
  const device = circumstances.policy.devices.get(about);
  if (device) {
    const situation = {
      function: device.function,
      hasOtherSource: hasOtherSource(store, [about], about, at, circumstances),
      limit: boundsOf(device),
      isEmergency: false,
    };
    return { subject: 'device', situation };
  }
  if (isIP(about) === 0) return { subject: 'other', situation: harmless };
  const behind = devicesBehind(store, about, at, circumstances.policy);
  const ids = behind.map(({ id }) => id);
  // Whoever is behind the address is cut off with it: the one that needs most care decides.
  const strictest = behind.reduce<ClinicalFunction>(
    (worst, { known }) => stricter(worst, known.function),
    'none',
  );
  // All of them are cut off at once: none of them is a source of another.
  const hasOther = ids.every((id) => hasOtherSource(store, ids, id, at, circumstances));
  return {
    subject: 'address',
    situation: { function: strictest, hasOtherSource: hasOther, isEmergency: false },
  };
}

const harmless: Situation = { function: 'none', hasOtherSource: false, isEmergency: false };

function boundsOf({ profile }: KnownDevice): Situation['limit'] {
  const limit = limitOf(profile);
  return limit && { ...limit, perSecondMin: 1_000 / profile.silentAfterMs };
}

function stricter(one: ClinicalFunction, other: ClinicalFunction): ClinicalFunction {
  return clinicalFunctions.indexOf(one) > clinicalFunctions.indexOf(other) ? one : other;
}

/** A registered device that would be cut off with an address. */
interface Behind {
  readonly id: DeviceId;
  readonly known: KnownDevice;
}

function devicesBehind(
  store: Store,
  address: string,
  at: number,
  { devices }: Policy,
): readonly Behind[] {
  return store.sightings.at(address, at - behindMs).flatMap((id) => {
    const known = devices.get(id);
    return known ? [{ id, known }] : [];
  });
}

/**
 * Whether another device is bound to the same patient, measures some of the same, is neither among those
 * that are cut off (`cut`) nor withheld already, and was heard within what its profile calls silent. The
 * register is asked, not the policy: what was decided a moment ago counts.
 */
function hasOtherSource(
  store: Store,
  cut: readonly string[],
  id: string,
  at: Instant,
  { policy, heardAt }: Circumstances,
): boolean {
  const device = policy.devices.get(id);
  const subject = device && subjectOf(device, at);
  if (device === undefined || subject === undefined) return false;
  const own = new Set(device.profile.metrics.map(({ metric }) => metric));
  return [...policy.devices].some(([other, known]) => {
    if (cut.includes(other) || subjectOf(known, at) !== subject) return false;
    const { metrics, silentAfterMs } = known.profile;
    const isLive = at - (heardAt(other as DeviceId) ?? -Infinity) <= silentAfterMs;
    const isAlike = metrics.some(({ metric }) => own.has(metric));
    return isLive && isAlike && !isWithheldNow(store, other as DeviceId, at);
  });
}

function isWithheldNow(store: Store, device: DeviceId, at: number): boolean {
  if (store.quarantines.find(device)) return true;
  const addresses = store.sightings.of(device, at - behindMs);
  return addresses.some(
    (address) => store.responses.pending('block-address', address)?.state === 'active',
  );
}

function subjectOf({ associations }: KnownDevice, at: number): string | undefined {
  const bound = associations.find(({ since, until }) => since <= at && (until ?? at + 1) > at);
  return bound?.subject.reveal();
}
