import type { Admission, Stay } from '../core/admission.ts';
import type { Association } from '../core/association.ts';
import type { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import { Phi } from '../core/phi.ts';
import { bedOf } from '../core/place.ts';
import type { Bedside, BindingChange, Ward } from '../core/ward.ts';
import { clockBehindMsMax } from './clock-estimate.ts';
import { instantOf } from './clock-face.ts';

/** What a feed said, and when it came. */
export interface SaidAdmission {
  readonly feed: DeviceId;
  readonly admission: Admission;
  /** The feed's own time of it, as ISO 8601. */
  readonly time: string | undefined;
  readonly receivedAt: Instant;
  /** The gateway did not know the time: `receivedAt` is none. */
  readonly isProvisional?: boolean | undefined;
}

/**
 * Why nothing was bound. `outdated`: something later was applied to this patient before, or it is
 * older than any record may be. `unknown-bed`: no device stands there. `clock-unknown`: neither the
 * feed nor the gateway knows when it was. `unchanged`: it was so.
 */
export type NotApplied =
  | 'unsupported'
  | 'historic'
  | 'outdated'
  | 'other-visit'
  | 'unknown-bed'
  | 'clock-unknown'
  | 'unchanged';

/** A local time may be of any zone of the earth. */
const zoneMsMax = 14 * 60 * 60_000;

/** One admission under way. */
interface Move {
  readonly ward: Ward;
  readonly said: SaidAdmission;
  readonly subject: Phi;
  /** Where the patient lies now; undefined where it is no bed. */
  readonly bed: string | undefined;
  readonly at: number;
  /** Nobody knows when: what lasts ends, and nothing begins. */
  readonly isUndated: boolean;
  readonly before: Stay | undefined;
}

/**
 * Applies what a hospital says of one patient's place. A device is bound to whoever lies in the bed
 * it stands at, from the moment of the event on; another patient who was there ends then. What comes
 * late binds nobody: it only ends what it proves wrong. Devices that stand nowhere go with their
 * patient until the discharge. Returns why nothing was bound, if so.
 */
export function move(said: SaidAdmission, ward: Ward): NotApplied | undefined {
  const { admission } = said;
  const { event, visit } = admission;
  if (event === 'other') return 'unsupported';
  if (admission.isHistoric) return 'historic';
  const moment = momentOf(said);
  if (!moment) return 'outdated';
  const id = admission.subject.trim();
  const before = ward.stayOf(id);
  const bed = bedOf(admission.place);
  const begins = event === 'admit' || event === 'register' || event === 'transfer';
  const isOtherVisit = before && before.visit !== '' && visit !== '' && before.visit !== visit;
  if (isOtherVisit && !begins) return 'other-visit';
  const isUndated = said.isProvisional === true && moment.at === said.receivedAt;
  const subject = new Phi(id);
  const known: Move = { ward, said, subject, bed, at: moment.at, isUndated, before };
  if (before && isBefore(known, moment.wallTime, before)) {
    const isCertain = moment.wallTime === undefined && (begins || event === 'discharge');
    if (isCertain) correct(known, before);
    return 'outdated';
  }
  // An update repeats where the patient lies, or lay last.
  if (event === 'update' && (!before?.isPresent || bed === undefined || bed === before.bed)) {
    return undefined;
  }
  const isPresent = event !== 'discharge' && event !== 'cancel-admit';
  if (before && isRepeated(moment, before, isPresent, bed)) return 'unchanged';
  const isBed = [...ward.bedsides].some(([, bedside]) => bed !== undefined && bedside.bed === bed);
  // A visit may begin beside another one.
  if (event === 'register' && !isBed) return 'unknown-bed';
  const changesBefore = ward.changes.length;
  if (isPresent) lie(known);
  else leave(known);
  const stay: Stay = {
    subject,
    bed: isPresent ? bed : undefined,
    isPresent,
    visit: visit || (begins ? '' : (before?.visit ?? '')),
    ...moment,
  };
  ward.remember(stay);
  if (isPresent && !isBed) return 'unknown-bed';
  if (isPresent && isUndated) return 'clock-unknown';
  const isAsBefore = before?.bed === stay.bed && before?.isPresent === isPresent;
  return isAsBefore && ward.changes.length === changesBefore ? 'unchanged' : undefined;
}

/** Undefined when it is too long ago: an archive that is played again must move nobody. */
function momentOf({
  time,
  receivedAt,
  isProvisional,
}: SaidAdmission): Pick<Stay, 'at' | 'wallTime'> | undefined {
  if (time === undefined) return { at: receivedAt };
  const hasZone = /(?:Z|[+-]\d\d:\d\d)$/.test(time.slice(10));
  const stated = Date.parse(hasZone || time.length <= 10 ? time : `${time}Z`);
  // Only the feed knows the time.
  if (isProvisional && hasZone) return { at: stated };
  const behindMsMax = clockBehindMsMax + (hasZone ? 0 : zoneMsMax);
  if (receivedAt - stated > behindMsMax) return undefined;
  const instant = hasZone ? instantOf(time, receivedAt) : undefined;
  return instant === undefined ? { at: receivedAt, wallTime: stated } : { at: instant };
}

/** Times of the feed’s clock alone are compared with each other, not with instants. */
function isBefore({ at, isUndated }: Move, wallTime: number | undefined, stay: Stay): boolean {
  if (wallTime !== undefined && stay.wallTime !== undefined) return wallTime < stay.wallTime;
  return !isUndated && at < stay.at;
}

/** The same was said of the same moment: whoever came to the bed since is not sent away by it. */
function isRepeated(
  { at, wallTime }: Pick<Stay, 'at' | 'wallTime'>,
  before: Stay,
  isPresent: boolean,
  bed: string | undefined,
): boolean {
  const isSameTime = wallTime === undefined ? before.at === at : before.wallTime === wallTime;
  return isSameTime && before.isPresent === isPresent && (!isPresent || before.bed === bed);
}

/** The patient lies in this bed now, and in no other. */
function lie(known: Move): void {
  const { ward, said, bed, at } = known;
  for (const [device, bedside] of ward.bedsides) {
    if (bedside.bed === undefined) continue;
    if (bedside.bed === bed) take(device, bedside, known);
    else if (said.admission.event === 'cancel-transfer') withdraw(device, known);
    else endAt(device, at, known);
  }
}

function leave(known: Move): void {
  const { ward, said, at } = known;
  for (const [device] of ward.bedsides) {
    if (said.admission.event === 'cancel-admit') withdraw(device, known);
    else endAt(device, at, known);
  }
}

/** Binds a device at the patient's bed, unless something later is known of it. */
function take(device: DeviceId, { placedAt = 0 }: Bedside, known: Move): void {
  const { ward, subject, at, said } = known;
  for (const association of ward.associationsOf(device)) {
    if (lasts(association, known) && !isOf(association, known)) {
      change(known, device, 'displaced', { ...association, until: endOf(association, at) });
    }
  }
  if (known.isUndated) return;
  const associations = ward.associationsOf(device);
  const [newest] = associations;
  if (associations.some((one) => one.since > at || (isOf(one, known) && covers(one, at)))) return;
  const { event } = said.admission;
  const isUndone = event === 'cancel-transfer' || event === 'cancel-discharge';
  // What is undone never ended, where the device stayed and nobody came between.
  if (isUndone && newest && isOf(newest, known) && placedAt <= (newest.until ?? at)) {
    change(known, device, 'resumed', { subject, since: newest.since });
  } else {
    change(known, device, 'begun', { subject, since: Math.max(at, placedAt) });
  }
}

function endAt(device: DeviceId, at: number, known: Move): void {
  for (const association of known.ward.associationsOf(device)) {
    if (isOf(association, known) && lasts(association, known)) {
      change(known, device, 'ended', { ...association, until: endOf(association, at) });
    }
  }
}

/** What was begun by the event that is cancelled never was: nothing more is given to the patient. */
function withdraw(device: DeviceId, known: Move): void {
  const { ward, at, before } = known;
  for (const association of ward.associationsOf(device)) {
    const { since } = association;
    if (!isOf(association, known) || !lasts(association, known)) continue;
    if (since >= (before?.at ?? at)) {
      change(known, device, 'withdrawn', { ...association, until: since });
    } else change(known, device, 'ended', { ...association, until: endOf(association, at) });
  }
}

/**
 * Something later was applied already. The patient was somewhere else meanwhile, so what covers
 * this moment ends at it, and begins again only where the patient is known to lie since.
 */
function correct(known: Move, before: Stay): void {
  const { ward, bed, at, said } = known;
  const isGone = said.admission.event === 'discharge';
  for (const [device, bedside] of ward.bedsides) {
    if (!isGone && (bedside.bed === undefined || bedside.bed === bed)) continue;
    for (const association of ward.associationsOf(device)) {
      if (!isOf(association, known) || !covers(association, at)) continue;
      const { until = Number.POSITIVE_INFINITY } = association;
      change(known, device, 'ended', { ...association, until: at });
      const isThere = before.isPresent && bedside.bed !== undefined && bedside.bed === before.bed;
      if (isThere && before.at < until) {
        change(known, device, 'begun', { ...association, since: before.at });
      }
    }
  }
}

function isOf({ subject }: Association, known: Move): boolean {
  return subject.reveal() === known.subject.reveal();
}

/** True for what has to end by it; without a time, for what lasts still. */
function lasts(association: Association, { isUndated, at }: Move): boolean {
  return isUndated ? association.until === undefined : covers(association, at);
}

/** Never before it began: a clock that nobody set may be behind it. */
function endOf({ since }: Association, at: number): number {
  return Math.max(since, at);
}

function covers({ since, until }: Association, at: number): boolean {
  return at >= since && (until === undefined || at < until);
}

function change(
  { ward, said }: Move,
  device: DeviceId,
  kind: BindingChange['kind'],
  association: Association,
): void {
  const { feed: by, admission, receivedAt: at } = said;
  ward.change({ device, kind, association, by, trigger: admission.trigger, at });
}
