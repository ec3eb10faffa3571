import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashPassword } from '../../gateway/pki/password.ts';
import {
  addPerson,
  codeOf,
  goodPassword,
  otherPassword,
  startSiteWithUsers,
  takeFirstSteps,
} from '../support/site-with-users.ts';

const minuteMs = 60_000;

it('the first administrator changes the one-time password, enrols a second factor, and only then may go on', async () => {
  const site = await startSiteWithUsers();
  const browser = site.browser();
  const first = await browser.signIn('admin', site.password);
  expect(first.status).toBe(200);
  expect(first.json).toMatchObject({ user: 'admin', role: 'admin', mustChangePassword: true });
  expect((await browser.get('users')).json).toMatchObject({ status: 403, code: 'forbidden' });
  expect((await browser.post('totp', { password: site.password })).status).toBe(200);
  expect((await browser.get('users')).status).toBe(403);

  const changed = await browser.post('password', {
    current: site.password,
    password: goodPassword,
  });
  expect(changed.json).toMatchObject({ mustChangePassword: false, mustEnrolTotp: true });
  expect((await browser.get('users')).status).toBe(403);

  const offer = await browser.post('totp', { password: goodPassword });
  expect(offer.json.uri).toContain(`secret=${offer.json.secret}`);
  expect((await browser.post('totp/confirm', { code: '000000' })).status).toBe(422);
  expect((await browser.get('users')).status).toBe(403);
  const code = codeOf(offer.json.secret, site.now());
  const enrolled = await browser.post('totp/confirm', { code });
  expect(enrolled.json).toMatchObject({ mustChangePassword: false, mustEnrolTotp: false });
  expect(enrolled.json.recoveryCodes).toHaveLength(10);
  expect((await browser.get('users')).json.users).toMatchObject([
    { name: 'admin', kind: 'person', role: 'admin', mustChange: false, hasSecondFactor: true },
  ]);

  const again = site.browser();
  expect((await again.signIn('admin', site.password)).status).toBe(401);
});

it('a password that is short or known is refused, with what to do', async () => {
  const site = await startSiteWithUsers();
  const browser = site.browser();
  await browser.signIn('admin', site.password);
  for (const password of ['tiny', 'passwordpassword', 'admin-at-ward-3b', site.password]) {
    const answer = await browser.post('password', { current: site.password, password });
    expect(answer.json, password).toMatchObject({ status: 422, code: 'password-refused' });
    expect(answer.text).not.toContain(password);
  }
  expect((await browser.get('session')).json).toMatchObject({ mustChangePassword: true });
});

it('signing in takes name, password and code; a code is good once', async () => {
  const site = await startSiteWithUsers();
  const { secret } = await takeFirstSteps(site);
  site.wait(minuteMs);
  const browser = site.browser();
  const half = await browser.signIn('admin', goodPassword);
  expect(half.json).toMatchObject({ status: 401, code: 'code-needed' });
  expect(half.headers['set-cookie']).toBeUndefined();
  const code = codeOf(secret, site.now());
  expect((await browser.signIn('Admin', goodPassword, code)).status).toBe(200);
  expect((await browser.get('users')).status).toBe(200);

  const thief = site.browser();
  expect((await thief.signIn('admin', goodPassword, code)).json).toMatchObject({
    status: 401,
    code: 'sign-in-refused',
  });
  site.wait(30_000);
  // Still within the window, and still used.
  expect((await thief.signIn('admin', goodPassword, code)).status).toBe(401);
  expect((await thief.signIn('admin', goodPassword, codeOf(secret, site.now()))).status).toBe(200);
});

it('whoever knows the password cannot guess codes behind it: asking anew forgets no failure', async () => {
  const site = await startSiteWithUsers();
  await takeFirstSteps(site);
  const statuses: (number | undefined)[] = [];
  for (let tries = 0; tries < 10; tries += 1) {
    site.wait(minuteMs * 1.5);
    const half = await site.browser().signIn('admin', goodPassword);
    expect(half.json).toMatchObject({ code: 'code-needed' });
    statuses.push((await site.browser().signIn('admin', goodPassword, '000000')).status);
  }
  expect(statuses).toEqual(Array(10).fill(401));
  expect((await site.browser().signIn('admin', goodPassword)).headers['retry-after']).toBe('900');
});

it('a recovery code opens once when the second factor is lost', async () => {
  const site = await startSiteWithUsers();
  const { recoveryCodes } = await takeFirstSteps(site);
  const [code = ''] = recoveryCodes;
  expect((await site.browser().signIn('admin', goodPassword, code)).status).toBe(200);
  expect((await site.browser().signIn('admin', goodPassword, code)).status).toBe(401);
});

it('the cookie is one that browsers keep to this host and to themselves', async () => {
  const site = await startSiteWithUsers();
  const { headers } = await site.browser().signIn('admin', site.password);
  expect(headers['set-cookie']).toHaveLength(1);
  expect(headers['set-cookie']?.[0]).toMatch(
    /^__Host-wardgate=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
});

it('no session that a browser brought along becomes the one that is opened', async () => {
  const site = await startSiteWithUsers();
  const planted = `__Host-wardgate=${'A'.repeat(43)}`;
  const victim = site.browser();
  victim.cookie = planted;
  expect((await victim.signIn('admin', site.password)).status).toBe(200);
  expect(victim.cookie).not.toBe(planted);
  const thief = site.browser();
  thief.cookie = planted;
  expect((await thief.get('session')).status).toBe(401);
});

it('the session has another id after each step up, and the id before opens nothing', async () => {
  const site = await startSiteWithUsers();
  const browser = site.browser();
  await browser.signIn('admin', site.password);
  const before = site.browser();
  before.cookie = browser.cookie;
  await browser.post('password', { current: site.password, password: goodPassword });
  expect(browser.cookie).not.toBe(before.cookie);
  expect((await before.get('session')).status).toBe(401);
  before.cookie = browser.cookie;
  const { json } = await browser.post('totp', { password: goodPassword });
  await browser.post('totp/confirm', { code: codeOf(json.secret, site.now()) });
  expect((await before.get('session')).status).toBe(401);
  expect((await browser.get('session')).status).toBe(200);
});

it('a change within a session needs its CSRF token, which only its page can know', async () => {
  const site = await startSiteWithUsers();
  const { browser } = await takeFirstSteps(site);
  const user = { kind: 'person', name: 'mallory', role: 'viewer' };
  const refused = { status: 403, code: 'csrf' };
  expect((await browser.post('users', user, { csrf: null })).json).toMatchObject(refused);
  expect((await browser.post('users', user, { csrf: '' })).json).toMatchObject(refused);
  expect((await browser.post('users', user, { csrf: 'A'.repeat(43) })).json).toMatchObject(refused);
  const other = await addPerson(site, browser, 'anna', 'viewer');
  expect((await browser.post('users', user, { csrf: other.csrf ?? '' })).json).toMatchObject(
    refused,
  );
  expect((await browser.send('DELETE', 'session', { csrf: null })).status).toBe(403);
  expect((await browser.get('users')).text).not.toContain('mallory');
  expect((await browser.post('users', user)).status).toBe(201);
});

it('whoever guesses waits longer each time; the lock survives a restart, and ends by itself', async () => {
  const site = await startSiteWithUsers();
  const waits: number[] = [];
  for (let tries = 0; tries < 10; tries += 1) {
    const answer = await site.browser().signIn('admin', `guess number ${tries}`);
    expect(answer.json, `try ${tries}`).toMatchObject({ status: 401, code: 'sign-in-refused' });
    if (tries < 2) continue;
    const early = await site.browser().signIn('admin', site.password);
    expect(early.json).toMatchObject({ status: 429, code: 'too-many' });
    waits.push(Number(early.headers['retry-after']));
    if (tries < 9) site.wait(1_000 * (waits.at(-1) ?? 0));
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 900]);
  await site.restart();
  expect((await site.browser().signIn('admin', site.password)).status).toBe(429);
  expect((await site.browser().signIn('ADMIN', site.password)).status).toBe(429);
  site.wait(900_000);
  expect((await site.browser().signIn('admin', site.password)).status).toBe(200);
  const entries = site.look(({ audit }) => audit.list());
  const refused = entries.filter(
    ({ outcome, action }) => outcome === 'failure' && action === 'session.open',
  );
  expect(refused).toHaveLength(10);
  expect(refused.at(-1)?.detail).toContain('locked');
});

it('a name that nobody has is refused in the same words and locked in the same way', async () => {
  const site = await startSiteWithUsers();
  const answers = async (name: string) => {
    const all: unknown[] = [];
    for (let tries = 0; tries < 5; tries += 1) {
      const { status, text, headers } = await site.browser().signIn(name, 'not the password');
      all.push({ status, text, wait: headers['retry-after'] });
    }
    return all;
  };
  expect(await answers('nobody')).toEqual(await answers('admin'));
  const written = JSON.stringify(site.look(({ audit }) => audit.list()));
  expect(written).not.toContain('nobody');
});

it('one address that tries many names is slowed down too, and found', async () => {
  const site = await startSiteWithUsers();
  let answer = await site.browser().signIn('name-0', 'spring spray');
  for (let tries = 1; tries <= 21; tries += 1) {
    answer = await site.browser().signIn(`name-${tries}`, 'spring spray');
  }
  expect(answer.status).toBe(429);
  await expect
    .poll(() => site.look(({ journal }) => journal.findings()))
    .toMatchObject([{ threat: 'D01', detector: 'credential-attack', about: '127.0.0.1' }]);
});

it('a session ends after a quarter of an hour without a request, and after twelve hours in any case', async () => {
  const site = await startSiteWithUsers();
  const { browser, secret } = await takeFirstSteps(site);
  for (let minutes = 0; minutes < 60; minutes += 10) {
    site.wait(10 * minuteMs);
    expect((await browser.get('session')).status).toBe(200);
  }
  site.wait(15 * minuteMs);
  expect((await browser.get('session')).status).toBe(401);

  const busy = site.browser();
  await busy.signIn('admin', goodPassword, codeOf(secret, site.now()));
  const { json } = await busy.get('session');
  let status: number | undefined = 200;
  while (status === 200) {
    // A fiftieth of twelve hours, and less than a quarter of one.
    site.wait(14.4 * minuteMs);
    ({ status } = await busy.get('session'));
  }
  expect(site.now()).toBe(json.endsAt);
});

it('changing the password ends all other sessions and needs the old one', async () => {
  const site = await startSiteWithUsers();
  const { browser: administrator } = await takeFirstSteps(site);
  const here = await addPerson(site, administrator, 'anna', 'clinical');
  const there = site.browser();
  await there.signIn('anna', goodPassword);
  const wrong = await here.post('password', { current: 'not it', password: otherPassword });
  expect(wrong.status).toBe(401);
  const change = { current: goodPassword, password: otherPassword };
  expect((await here.post('password', change)).status).toBe(200);
  expect((await here.get('session')).status).toBe(200);
  expect((await there.get('session')).status).toBe(401);
  expect((await site.browser().signIn('anna', goodPassword)).status).toBe(401);
  expect((await site.browser().signIn('anna', otherPassword)).status).toBe(200);
});

it('no secret is in a log line, in the audit trail, or readable in the files of the store', async () => {
  const site = await startSiteWithUsers();
  const { browser, secret, recoveryCodes } = await takeFirstSteps(site);
  await site.browser().signIn(goodPassword, 'a password in the wrong field');
  const { json } = await browser.post('users', { kind: 'machine', name: 'probe', role: 'machine' });
  const cookie = browser.cookie?.split('=')[1] ?? '';
  const secrets = [site.password, goodPassword, secret, cookie, json.token, ...recoveryCodes];
  const words = JSON.stringify([
    site.lines,
    site.look(({ audit, users, sessions }) => [audit.list(), users.list(), sessions.list()]),
  ]);
  const files = ['wardgate.db', 'wardgate.db-wal'].map((name) =>
    readFileSync(join(site.directory, 'store', name)),
  );
  for (const each of secrets) {
    expect(each.length).toBeGreaterThan(15);
    expect(words).not.toContain(each);
    for (const file of files) expect(file.includes(each)).toBe(false);
  }
  // Nor what is kept of them.
  const hash = site.look(({ users }) => users.credentials('admin')?.password ?? '');
  for (const file of files) expect(file.includes(hash)).toBe(false);
});

it('whoever has a password that devices are shipped with must change it, and whoever tries one is told of', async () => {
  const site = await startSiteWithUsers();
  const { browser } = await takeFirstSteps(site);
  await addPerson(site, browser, 'anna', 'viewer');
  // As it was before the list had it.
  const shipped = await hashPassword('raspberry');
  site.look((store) => store.users.setPassword('anna', shipped, false));
  const anna = site.browser();
  const inside = await anna.signIn('anna', 'raspberry');
  expect(inside.json).toMatchObject({ user: 'anna', mustChangePassword: true });
  expect((await anna.get('devices')).status).toBe(403);
  const next = { current: 'raspberry', password: otherPassword };
  expect((await anna.post('password', next)).json).toMatchObject({ mustChangePassword: false });
  expect((await anna.get('devices')).status).toBe(200);

  expect((await site.browser().signIn('anna', 'raspberry')).status).toBe(401);
  await expect
    .poll(() => site.lines.filter(({ event }) => event === 'finding.new'))
    .toMatchObject([{ fields: { threat: 'D01', detector: 'default-secret' } }]);
});
