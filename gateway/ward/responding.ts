import type { DeviceId } from '../core/device.ts';
import type { Finding } from '../core/finding.ts';
import type { Instant } from '../core/observation.ts';
import type { Quarantine, QuarantineMode } from '../core/quarantine.ts';
import type { Response, TimedAction } from '../core/response.ts';
import type { Policy } from '../pipeline/policy.ts';
import { type Answer, respond } from '../responses/respond.ts';
import type { Store } from '../store/store.ts';
import { type Circumstances, situate } from './situation.ts';

/** A person is asked for a day; then the attack is history. */
export const askedMs = 24 * 3_600_000;
/** What a person has undone is not done again by itself for as long. */
const undoneMs = 24 * 3_600_000;
/** In force at once of one action: an attacker’s addresses must not fill the gate. */
const activeMax = 1_000;

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
      carryOut(store, response, `${machine}${detector}`, at, at + answer.lastsMs);
    }
    note(store, response);
    return [response];
  });
}

function untilOf({ state, lastsMs }: Answer, at: number): number | undefined {
  if (state === 'active') return at + lastsMs;
  return state === 'held' ? at + askedMs : undefined;
}

/** What would do no good, or does not fit, is written down. */
function fitted(store: Store, answer: Answer, object: string, { devices }: Policy): Answer {
  if (answer.state !== 'active') return answer;
  const observed = (reason: string): Answer => ({ ...answer, state: 'observed', reason });
  const mode = quarantineModeOf(answer.action);
  const before = store.quarantines.find(object);
  // A machine’s mark gives way to a machine’s hold; what a person ordered stands.
  const givesWay = before?.mode === 'observe' && mode === 'hold' && isByMachine(before);
  if (mode !== undefined && before && !givesWay) return observed('it is in quarantine already');
  // Its sender is told that what it says is applied: it cannot be applied some day.
  const isFeed = devices.get(object)?.profile.association === 'feed';
  if (mode === 'hold' && isFeed) return observed('a feed of admissions cannot be held');
  const isFull = store.responses.objectsOf(answer.action).length >= activeMax;
  return isFull ? observed('too many at once') : answer;
}

const machine = 'gateway:';
const isByMachine = ({ actor }: Quarantine) => actor.startsWith(machine);

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
    actor: `${machine}${detector}`,
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
