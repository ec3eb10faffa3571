import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { Response } from '../core/response.ts';
import type { PolicyMaker } from '../policy.ts';
import type { Store } from '../store/store.ts';
import { endQuarantine, putInQuarantine } from './quarantine.ts';
import { endResponse, quarantineModeOf } from './responding.ts';

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
    if (isQuarantine && store.quarantines.find(object)) {
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
