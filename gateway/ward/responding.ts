import { isIP } from 'node:net';
import { type ClinicalFunction, clinicalFunctions, type DeviceId } from '../core/device.ts';
import type { Finding } from '../core/finding.ts';
import type { Instant } from '../core/observation.ts';
import type { QuarantineMode } from '../core/quarantine.ts';
import type { Response, TimedAction } from '../core/response.ts';
import type { KnownDevice, Policy } from '../pipeline.ts';
import { limitOf } from '../policy.ts';
import type { Situation } from '../responses/interlock.ts';
import { type Answer, respond, type Subject } from '../responses/respond.ts';
import type { Store } from '../store/store.ts';

/** A person is asked for a day; then the attack is history. */
const heldMs = 24 * 3_600_000;
/** What a person has undone is not done again by itself for as long. */
const undoneMs = 24 * 3_600_000;
/** Whoever was seen at an address within this time may be behind it now. */
const behindMs = 30 * 24 * 3_600_000;
/** In force at once of one action: an attacker’s addresses must not fill the gate. */
const activeMax = 1_000;

/** How the keeper answers findings: what it knows besides the store. */
export interface Circumstances {
  readonly policy: Policy;
  /** When a device was last heard, as far as this process knows. */
  readonly heardAt: (device: DeviceId) => number | undefined;
}

/**
 * Answers findings that were just written, within the transaction that wrote them: what care allows is
 * done from the next batch on, and for a time; what it does not waits for a person. `numbers` are the
 * episodes of the findings.
 */
export function answerFindings(
  store: Store,
  findings: readonly Finding[],
  numbers: readonly number[],
  circumstances: Circumstances,
): readonly Response[] {
  return findings.flatMap((finding, index) => {
    const { about: object, at, threat, detector } = finding;
    const { subject, situation } = situate(store, finding, circumstances);
    const { responses: settings } = circumstances.policy;
    const answer = respond(finding, subject, situation, settings, (action) =>
      store.responses.wasUndone(action, object, at - undoneMs),
    );
    if (!answer || store.responses.pending(answer.action, object)) return [];
    // Once an episode, also what is only written down.
    const episode = numbers[index] ?? 0;
    if (store.responses.of(episode).some(({ action }) => action === answer.action)) return [];
    const fitting = fitted(store, answer, object, circumstances.policy);
    const until = untilOf(fitting, at);
    const row = { episode, threat, detector, object, at, ...fitting, until };
    const response = { ...row, sequence: store.responses.add(row) };
    if (response.state === 'active') {
      carryOut(store, response, `gateway:${detector}`, at, at + answer.lastsMs);
    }
    note(store, response);
    return [response];
  });
}

function untilOf({ state, lastsMs }: Answer, at: number): number | undefined {
  if (state === 'active') return at + lastsMs;
  return state === 'held' ? at + heldMs : undefined;
}

/** What would do no good, or does not fit, is written down. */
function fitted(store: Store, answer: Answer, object: string, { devices }: Policy): Answer {
  if (answer.state !== 'active') return answer;
  const observed = (reason: string): Answer => ({ ...answer, state: 'observed', reason });
  const mode = quarantineModeOf(answer.action);
  if (mode !== undefined && store.quarantines.find(object)) {
    return observed('it is in quarantine already');
  }
  // Its sender is told that what it says is applied: it cannot be applied some day.
  const isFeed = devices.get(object)?.profile.association === 'feed';
  if (mode === 'hold' && isFeed) return observed('a feed of admissions cannot be held');
  const isFull = store.responses.objectsOf(answer.action).length >= activeMax;
  return isFull ? observed('too many at once') : answer;
}

/** The modes of quarantine by which actions on a device are carried out. */
const modes: Readonly<Partial<Record<TimedAction, QuarantineMode>>> = {
  'mark-questionable': 'observe',
  'quarantine-device': 'hold',
  'deny-device': 'deny',
};

/** Undefined for what is no quarantine. */
export function quarantineModeOf(action: TimedAction): QuarantineMode | undefined {
  return modes[action];
}

/**
 * Limits and blocks are in force by their row alone: the policy and the gate read it. A quarantine is
 * written as a person’s would be.
 */
function carryOut(
  store: Store,
  { action, object, threat, episode }: Response,
  actor: string,
  since: number,
  until: number,
): void {
  const mode = quarantineModeOf(action);
  if (mode === undefined) return;
  const reason = `${threat}, finding ${episode}`;
  store.quarantines.set({ device: object as DeviceId, mode, reason, actor, since, until });
}

function note(store: Store, { state, at, detector, object, ...rest }: Response): void {
  if (state === 'observed') return;
  const { action, episode, reason, until } = rest;
  const end = state === 'active' ? ` until ${new Date(until ?? at).toISOString()}` : '';
  store.audit.add({
    at,
    actor: `gateway:${detector}`,
    action: state === 'active' ? 'response.take' : 'response.hold',
    object,
    outcome: state === 'refused' ? 'failure' : 'success',
    detail: `${action}${end}, finding ${episode}: ${reason}`,
  });
}

/** Within a transaction. */
export function endResponse(
  store: Store,
  { sequence, action, object }: Response,
  state: 'undone' | 'ended' | 'lapsed',
  {
    actor,
    now,
    reason,
  }: { readonly actor: string; readonly now: Instant; readonly reason: string },
): void {
  store.responses.settle(sequence, { state, actor, settledAt: now, until: now });
  const act = { at: now, actor, object, outcome: 'success' } as const;
  store.audit.add({ ...act, action: 'response.end', detail: `${action}, ${state}: ${reason}` });
}

function situate(
  store: Store,
  { about, at }: Finding,
  circumstances: Circumstances,
): { readonly subject: Subject; readonly situation: Situation } {
  const device = circumstances.policy.devices.get(about);
  if (device) {
    const situation = {
      function: device.function,
      hasOtherSource: hasOtherSource(about as DeviceId, device, at, circumstances),
      limit: boundsOf(device),
      isEmergency: false,
    };
    return { subject: 'device', situation };
  }
  if (isIP(about) === 0) return { subject: 'other', situation: harmless };
  const behind = store.sightings.at(about, at - behindMs).flatMap((id) => {
    const known = circumstances.policy.devices.get(id);
    return known ? [{ id, known }] : [];
  });
  // Whoever is behind the address is cut off with it: the one that needs most care decides.
  const strictest = behind.reduce<ClinicalFunction>(
    (worst, { known }) => stricter(worst, known.function),
    'none',
  );
  const hasOther = behind.every(({ id, known }) => hasOtherSource(id, known, at, circumstances));
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

/**
 * Whether another device is bound to the same patient, measures some of the same, is in no quarantine
 * and was heard within what its profile calls silent.
 */
function hasOtherSource(
  id: DeviceId,
  device: KnownDevice,
  at: Instant,
  { policy, heardAt }: Circumstances,
): boolean {
  const subject = subjectOf(device, at);
  if (subject === undefined) return false;
  const own = new Set(device.profile.metrics.map(({ metric }) => metric));
  return [...policy.devices].some(([other, known]) => {
    if (other === id || known.quarantine !== undefined || subjectOf(known, at) !== subject) {
      return false;
    }
    const { metrics, silentAfterMs } = known.profile;
    const isLive = at - (heardAt(other as DeviceId) ?? -Infinity) <= silentAfterMs;
    return isLive && metrics.some(({ metric }) => own.has(metric));
  });
}

function subjectOf({ associations }: KnownDevice, at: number): string | undefined {
  const bound = associations.find(({ since, until }) => since <= at && (until ?? at + 1) > at);
  return bound?.subject.reveal();
}
