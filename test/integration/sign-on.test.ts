import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Browser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import {
  type IdentityProviderUnderTest,
  startIdentityProvider,
} from '../support/identity-provider.ts';
import { host } from '../support/site.ts';
import { type SiteWithUsers, startSiteWithUsers } from '../support/site-with-users.ts';

const roles = {
  'ward-nurses': 'clinical',
  'it-security': 'security',
  'it-admins': 'admin',
} as const;

interface SignOnSite {
  readonly site: SiteWithUsers;
  readonly provider: IdentityProviderUnderTest;
}

async function startSignOnSite(given: Partial<{ clientSecret: string }> = {}): Promise<SignOnSite> {
  const port = await freePort();
  const redirectUri = `https://${host}:${port}/api/v1/sign-on/callback`;
  const provider = await startIdentityProvider(redirectUri);
  const { issuer, clientId, clientSecret, ca } = provider;
  const oidc = { issuer, clientId, redirectUri, roles, ca: 'pki/sign-on-ca.pem' };
  const site = await startSiteWithUsers({ https: { port, oidc } }, (directory) => {
    const secret = given.clientSecret ?? clientSecret;
    writeFileSync(join(directory, 'pki/oidc-client.key'), `${secret}\n`, { mode: 0o600 });
    writeFileSync(join(directory, 'pki/sign-on-ca.pem'), ca);
  });
  return { site, provider };
}

/** What the browser does between the two redirects of the gateway: where the provider sends it. */
async function throughProvider(url: string, ca: string): Promise<string> {
  const jar = new Map<string, string>();
  let next = url;
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const asked = request(next, { ca, agent: false, headers: { cookie } });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    for (const each of response.headers['set-cookie'] ?? []) {
      const [name = '', value = ''] = each.split(';')[0]?.split(/=(.*)/) ?? [];
      jar.set(name, value);
    }
    const { location = '' } = response.headers;
    next = new URL(location, next).href;
    if (next.includes('/api/v1/sign-on/callback')) return next;
  }
  throw new Error(`the provider does not send anybody back: ${next}`);
}

/** The way to the provider and back, up to the gateway’s own answer. */
async function signOn(
  { site, provider }: SignOnSite,
  browser: Browser,
  tamper = (url: string) => url,
) {
  const start = await browser.get('sign-on');
  expect(start.status).toBe(303);
  const back = await throughProvider(start.headers.location ?? '', provider.ca);
  return { start, back, answer: await comeBack(browser, tamper(back), site) };
}

async function comeBack(browser: Browser, url: string, site: SiteWithUsers) {
  const path = url.slice(`https://${host}:${site.port()}/api/v1/`.length);
  return browser.get(path);
}

it('a nurse signs on by the hospital and has the role that the hospital says', async () => {
  const set = await startSignOnSite();
  const browser = set.site.browser();
  set.provider.next({ sub: 'n-4711', roles: ['canteen', 'ward-nurses'] });
  const { start, answer } = await signOn(set, browser);
  const asked = new URL(start.headers.location ?? '');
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    scope: 'openid',
  });
  expect(start.headers['set-cookie']?.[0]).toMatch(
    /; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
  );
  expect(answer).toMatchObject({ status: 303, headers: { location: '/' } });
  expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-wardgate=.*; SameSite=Strict$/);
  const session = await browser.get('session');
  expect(session.json).toMatchObject({
    user: 'sso:n-4711',
    role: 'clinical',
    mustChangePassword: false,
    mustEnrolTotp: false,
  });
  expect((await browser.get('devices')).status).toBe(200);
  expect((await browser.get('users')).status).toBe(403);
  expect((await browser.post('password', { current: 'x', password: 'y' })).status).not.toBe(200);
  const entries = set.site.look(({ audit }) => audit.list());
  expect(entries).toContainEqual(
    expect.objectContaining({ action: 'session.open', actor: 'sso:n-4711', outcome: 'success' }),
  );
});

it('a role that was taken away there is gone here with the next sign-on', async () => {
  const set = await startSignOnSite();
  set.provider.next({ sub: 'n-1', roles: ['it-security'] });
  const first = set.site.browser();
  await signOn(set, first);
  expect((await first.get('session')).json).toMatchObject({ role: 'security' });
  set.provider.next({ sub: 'n-1', roles: ['ward-nurses'] });
  const second = set.site.browser();
  await signOn(set, second);
  expect((await second.get('session')).json).toMatchObject({ role: 'clinical' });
  // The session of before, which could do more, is over.
  expect((await first.get('session')).status).toBe(401);
});

it('whoever has no role of the map is refused, and an administrator with one factor too', async () => {
  const set = await startSignOnSite();
  const refusals = [
    { sub: 'x', roles: ['canteen'] },
    { sub: 'x' },
    { sub: 'x', roles: ['it-admins'] },
    { sub: 'x', roles: ['it-admins'], amr: ['pwd'] },
  ];
  for (const person of refusals) {
    set.provider.next(person);
    const browser = set.site.browser();
    const { answer } = await signOn(set, browser);
    expect(answer.json, JSON.stringify(person)).toMatchObject({ code: 'sign-on-refused' });
    expect((await browser.get('session')).status).toBe(401);
  }
  set.provider.next({ sub: 'a-1', roles: ['it-admins'], amr: ['pwd', 'otp', 'mfa'] });
  const browser = set.site.browser();
  await signOn(set, browser);
  expect((await browser.get('users')).status).toBe(200);
  const failures = set.site
    .look(({ audit }) => audit.list())
    .filter(({ outcome }) => outcome === 'failure');
  expect(failures.map(({ detail }) => detail)).toEqual([
    ...['sign-on, role', 'sign-on, role', 'sign-on, second-factor', 'sign-on, second-factor'],
  ]);
});

it('an answer with another state, of another issuer, without a code, or used before opens nothing', async () => {
  const set = await startSignOnSite();
  set.provider.next({ sub: 'n-1', roles: ['ward-nurses'] });
  const change = (name: string, value: string) => (url: string) => {
    const changed = new URL(url);
    changed.searchParams.set(name, value);
    return changed.href;
  };
  const tampers = [
    change('state', 'A'.repeat(43)),
    change('iss', 'https://evil.example'),
    change('code', 'A'.repeat(43)),
    (url: string) => url.split('?')[0] ?? '',
  ];
  for (const tamper of tampers) {
    const browser = set.site.browser();
    const { answer } = await signOn(set, browser, tamper);
    expect(answer.json).toMatchObject({ status: 401, code: 'sign-on-refused' });
    expect((await browser.get('session')).status).toBe(401);
  }
  const browser = set.site.browser();
  const memory = await browser.get('sign-on');
  const cookie = browser.cookie;
  const back = await throughProvider(memory.headers.location ?? '', set.provider.ca);
  expect((await comeBack(browser, back, set.site)).status).toBe(303);
  browser.cookie = cookie;
  expect((await comeBack(browser, back, set.site)).status).toBe(401);
});

it('a browser that did not begin cannot end it: nobody is signed in as somebody else', async () => {
  const set = await startSignOnSite();
  set.provider.next({ sub: 'attacker', roles: ['ward-nurses'] });
  const attacker = set.site.browser();
  const start = await attacker.get('sign-on');
  const back = await throughProvider(start.headers.location ?? '', set.provider.ca);
  const victim = set.site.browser();
  expect((await comeBack(victim, back, set.site)).status).toBe(401);
  await victim.get('sign-on');
  expect((await comeBack(victim, back, set.site)).status).toBe(401);
});

it('whoever presses cancel there is refused here, in problem details', async () => {
  const set = await startSignOnSite();
  set.provider.next({ sub: 'n-1', isUnwilling: true });
  const { answer } = await signOn(set, set.site.browser());
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.json).toMatchObject({ code: 'sign-on-refused', detail: 'access_denied' });
});

it('a wrong client secret lets nobody in, and says why', async () => {
  const set = await startSignOnSite({ clientSecret: 'not the secret' });
  set.provider.next({ sub: 'n-1', roles: ['ward-nurses'] });
  const { answer } = await signOn(set, set.site.browser());
  expect(answer.json).toMatchObject({ code: 'sign-on-refused', detail: 'invalid_client' });
});

it('while the provider is away, who has a password here still signs in', async () => {
  const set = await startSignOnSite();
  await set.provider.close();
  const browser = set.site.browser();
  expect((await browser.get('sign-on')).json).toMatchObject({
    status: 502,
    code: 'sign-on-unreachable',
  });
  expect((await browser.signIn('admin', set.site.password)).status).toBe(200);
});

it('a provider whose certificate somebody else signed is not spoken to', async () => {
  const set = await startSignOnSite();
  const { ca } = await startIdentityProvider('https://elsewhere.example/callback');
  writeFileSync(join(set.site.directory, 'pki/sign-on-ca.pem'), ca);
  await set.site.restart();
  expect((await set.site.browser().get('sign-on')).json).toMatchObject({
    code: 'sign-on-unreachable',
  });
});
