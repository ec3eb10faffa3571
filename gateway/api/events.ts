import { authorise } from '../access/authorise.ts';
import type { Principal } from '../core/principal.ts';
import { type EventHub, type HubEvent, toldTo } from './event-hub.ts';
import { answerBytes, defineRoute, type Route } from './route.ts';
import { timeOf } from './time.ts';

/** A comment this often, so that a connection that is dead is noticed on both sides. */
const heartbeatMs = 15_000;
/** How long a browser waits before it comes again. */
const retryMs = 3_000;

/** What happens, as it happens: server-sent events (HTML Living Standard, 9.2). */
export function eventRoutes(hub: EventHub): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/events',
      action: 'event.read',
      summary:
        'Server-sent events: findings, links, destinations, as far as the role may read each. A reader that is too slow is let go; ids have a gap where it missed something.',
      isStream: true,
      handle: ({ principal, signal, end }) =>
        answerBytes('text/event-stream', streamOf(hub, principal, signal, end)),
    }),
  ];
}

async function* streamOf(
  hub: EventHub,
  principal: Principal | undefined,
  signal: AbortSignal,
  end: () => void,
): AsyncGenerator<string> {
  const events = hub.follow(signal, heartbeatMs, end);
  yield `retry: ${retryMs}\n\n`;
  for await (const event of events) {
    if (!event) yield ':\n\n';
    else if (mayRead(principal, event)) yield textOf(event);
  }
}

function mayRead(principal: Principal | undefined, { name }: HubEvent): boolean {
  const action = toldTo[name];
  return action !== undefined && authorise(principal, { name: action }).isAllowed;
}

function textOf({ sequence, at, name, fields }: HubEvent): string {
  // JSON has no line ends of its own, so that it is one line of data.
  return `id: ${sequence}\nevent: ${name}\ndata: ${JSON.stringify({ at: timeOf(at), ...fields })}\n\n`;
}
