import { expect, it } from 'vitest';
import { rights } from '../../gateway/access/authorise.ts';
import type { Route } from '../../gateway/api/route.ts';
import { type ActionName, actions, type Role, roles } from '../../gateway/core/principal.ts';
import { startInterface } from '../support/interface-under-test.ts';

/**
 * IEC 62443-4-2 CR 2.1. Every role, and nobody, asks every route that exists. What each may is read
 * here from the table’s plain cells, not from the function that reads it for the gateway.
 */
const everybody: readonly (Role | undefined)[] = [undefined, ...(Object.keys(roles) as Role[])];

/** A parameter in the form that the route’s own checks let pass. */
const addressOf = ({ path }: Route) => path.replace(/:\w+/g, 'thing-1');

function mayAsk(role: Role | undefined, route: Route): boolean {
  const { isOpen, may = {} } = rights[route.action];
  if (isOpen) return true;
  const right = role && may[role];
  // The owner in the address is somebody else; where there is none, it is one’s own.
  if (right === 'own') return route.owner === undefined;
  if (right === 'others') return route.owner !== undefined;
  return right === 'always';
}

it('lets every role do on every route what the table says, and nothing else', async () => {
  const { open, routes, refused } = await startInterface();
  const wrong: string[] = [];
  for (const [index, role] of everybody.entries()) {
    for (const [place, route] of routes.entries()) {
      // Another name for each request, another address for each role: how many requests one may
      // send is another test’s affair.
      const principal = { id: `p-${place}`, role, by: 'session', session: 'none' };
      const before = refused.length;
      const response = await open(addressOf(route), {
        method: route.method,
        ...(role && { headers: { 'x-principal': JSON.stringify(principal) } }),
        tls: { localAddress: `127.0.1.${index + 1}` },
      });
      response.destroy();
      const { statusCode: status } = response;
      const wasRefused = refused.length > before && status === (role ? 403 : 401);
      const wasAsked = refused.length === before;
      if (mayAsk(role, route) ? !wasAsked : !wasRefused) {
        wrong.push(`${role ?? 'nobody'} ${route.method} ${route.path}: ${status}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(refused.length).toBeGreaterThan(100);
});

it('has a route or a topic for every action, and an action for every route', async () => {
  const { routes } = await startInterface();
  const overMqtt: ActionName[] = ['topic.publish', 'command.receive', 'released.receive'];
  const used = new Set([...routes.map(({ action }) => action), ...overMqtt, ...withoutRoute]);
  expect([...used].sort()).toEqual(Object.keys(actions).sort());
});

/** Asked within a route, about a part of its answer. */
const withoutRoute: ActionName[] = ['patient.read', 'session.manage'];
