import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { Quarantine } from '../core/quarantine.ts';
import type { Response, TimedAction } from '../core/response.ts';
import type { PolicyMaker } from '../policy-maker.ts';
import { judge } from '../responses/interlock.ts';
import type { Store } from '../store/store.ts';
import { endQuarantine, putInQuarantine } from './quarantine.ts';
import { askedMs, endResponse, quarantineModeOf } from './responding.ts';
import { type Circumstances, situate } from './situation.ts';

/** What a person orders of a response: by a command, or as a user of the API. */
export interface ResponseOrder {
  readonly sequence: number;
  readonly reason: string;
  readonly actor: string;
  readonly now: Instant;
}

/**
 * Has done what waited for a person, for as long as it would have lasted.
 *
 * @throws GatewayError `response-unknown`, `response-state`.
 */
export function confirmResponse(store: Store, maker: PolicyMaker, order: ResponseOrder): Response {
  const { reason, actor, now } = order;
  return store.transact(() => {
    const response = find(store, order, ['held']);
    const { action, object, lastsMs, sequence } = response;
    const until = now + lastsMs;
    const mode = quarantineModeOf(action);
    if (mode !== undefined) {
      const isConfirmed = true;
      putInQuarantine(store, maker, {
        device: object,
        mode,
        reason,
        until,
        isConfirmed,
        actor,
        now,
      });
    }
    const settlement = { state: 'active', actor, settledAt: now, until } as const;
    store.responses.settle(sequence, settlement);
    const detail = `${action} until ${new Date(until).toISOString()}: ${reason}`;
    const act = { at: now, actor, object, outcome: 'success' } as const;
    store.audit.add({ ...act, action: 'response.confirm', detail });
    return { ...response, ...settlement };
  });
}

/**
 * Takes back what is done, or says no to what waits. The same is not done again by itself for a day.
 *
 * @throws GatewayError `response-unknown`, `response-state`.
 */
export function undoResponse(store: Store, maker: PolicyMaker, order: ResponseOrder): Response {
  const { reason, actor, now } = order;
  return store.transact(() => {
    const response = find(store, order, ['active', 'held']);
    const { action, object, sequence, state } = response;
    const isQuarantine = state === 'active' && quarantineModeOf(action) !== undefined;
    // What a person has ordered in its place meanwhile is not undone with it.
    const since = response.settledAt ?? response.at;
    if (isQuarantine && isOf(action, since, store.quarantines.find(object))) {
      endQuarantine(store, maker, { device: object, reason, held: 'release', actor, now });
    } else endResponse(store, response, 'undone', { actor, now, reason });
    return store.responses.find(sequence) ?? response;
  });
}

/** Ends what is over and what nobody confirmed. Returns whether there was any. */
export function endResponses(store: Store, now: Instant): boolean {
  const due = store.responses.due(now);
  if (due.length === 0) return false;
  store.transact(() => {
    for (const response of due) {
      const state = response.state === 'held' ? 'lapsed' : 'ended';
      endResponse(store, response, state, { actor: 'gateway', now, reason: 'its time was over' });
    }
  });
  return true;
}

/**
 * Ends what would not be begun any more: the other source of the patient fell silent, or a device that needs
 * more care was seen behind the address. From then on a person is asked. What a person confirmed stands.
 * Returns whether there was any.
 */
export function endHarmful(
  store: Store,
  maker: PolicyMaker,
  circumstances: Circumstances,
  now: Instant,
): boolean {
  let hasEnded = false;
  for (const response of store.responses.pendings()) {
    const { action, object, state, actor, episode, threat, detector, lastsMs } = response;
    if (state !== 'active' || actor !== undefined) continue;
    const { situation } = situate(store, { about: object, at: now }, circumstances);
    const { is, reason } = judge(action, situation);
    if (is === 'allowed' || action === 'limit-telemetry') continue;
    hasEnded = true;
    store.transact(() => {
      const given = { actor: 'gateway', now, reason };
      const isOwn = isOf(action, response.at, store.quarantines.find(object));
      if (isOwn) endQuarantine(store, maker, { device: object, held: 'release', ...given });
      else endResponse(store, response, 'ended', given);
      const asked = { episode, threat, detector, action, object, reason, lastsMs } as const;
      const until = now + askedMs;
      if (is === 'person') store.responses.add({ ...asked, state: 'held', at: now, until });
    });
  }
  return hasEnded;
}

/** Whether the quarantine is the one that the response began, and not what a person ordered since. */
function isOf(action: TimedAction, since: number, quarantine: Quarantine | undefined): boolean {
  return quarantine?.since === since && quarantine.mode === quarantineModeOf(action);
}

function find(
  { responses }: Store,
  { sequence }: ResponseOrder,
  states: readonly Response['state'][],
): Response {
  const response = responses.find(sequence);
  if (!response) throw new GatewayError('response-unknown', `there is no response ${sequence}`);
  if (states.includes(response.state)) return response;
  throw new GatewayError('response-state', `response ${sequence} is ${response.state}`);
}
