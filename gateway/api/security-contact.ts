import { problem } from './problem.ts';
import { answerBytes, defineRoute, type Route } from './route.ts';

/** RFC 9116, 2.5.5 recommends less than a year. */
const validDays = 180;
const dayMs = 86_400_000;

/**
 * Whom to tell of a weakness: `/.well-known/security.txt` (RFC 9116).
 *
 * @param contacts URIs, most preferred first. Without one there is nothing to read.
 */
export function securityContactRoute(contacts: readonly string[], now: () => number): Route {
  return defineRoute({
    method: 'GET',
    path: '/.well-known/security.txt',
    action: 'contact.read',
    summary: 'Whom to tell of a weakness (RFC 9116).',
    handle: () =>
      contacts.length === 0
        ? problem('not-found', 'The setting https.securityContacts names nobody.')
        : answerBytes('text/plain; charset=utf-8', textOf(contacts, now())),
  });
}

function textOf(contacts: readonly string[], now: number): string {
  // Whole days, so that the text does not change with every request.
  const expires = new Date(Math.floor(now / dayMs + validDays) * dayMs).toISOString();
  const lines = contacts.map((contact) => `Contact: ${contact}`);
  return `${[...lines, `Expires: ${expires}`, 'Preferred-Languages: en'].join('\n')}\n`;
}
