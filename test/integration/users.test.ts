import { expect, it } from 'vitest';
import { removeUser, revokeUser } from '../../gateway/people/user-keeping.ts';
import type { Store } from '../../gateway/store/store.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import {
  addPerson,
  codeOf,
  goodPassword,
  otherPassword,
  startSiteWithUsers,
  takeFirstSteps,
} from '../support/site-with-users.ts';

const aSecondMs = 1_000;

it('a command adds people and machines, and they sign in at once', async () => {
  const site = await startSiteWithUsers();
  const at = ['--dir', site.directory];
  const anna = await wardgateJson<{ password: string }>(
    ...['user', 'add', 'anna', '--role', 'viewer', ...at],
  );
  const browser = site.browser();
  expect((await browser.signIn('anna', anna.password)).json).toMatchObject({
    role: 'viewer',
    mustChangePassword: true,
    mustEnrolTotp: false,
  });
  const probe = await wardgateJson<{ token: string; expiresAt: number }>(
    ...['user', 'add', 'probe', '--machine', '--role', 'viewer', '--days', '30', ...at],
  );
  const bearer = { headers: { authorization: `Bearer ${probe.token}` } };
  expect((await site.browser().get('devices', bearer)).status).toBe(200);
  expect((await site.browser().get('users', bearer)).status).toBe(403);
  const users = await wardgateJson<{ name: string }[]>('user', 'list', ...at);
  expect(users).toMatchObject([
    { name: 'admin', kind: 'person', role: 'admin', mustChange: true },
    { name: 'anna', kind: 'person', role: 'viewer', mustChange: true },
    { name: 'probe', kind: 'machine', role: 'viewer', tokenExpiresAt: probe.expiresAt },
  ]);
  const actions = site
    .look(({ audit }) => audit.list())
    .map(({ action, object }) => [action, object]);
  expect(actions).toContainEqual(['user.add', 'anna']);
  expect(actions).toContainEqual(['user.token', 'probe']);
});

it('a token ends when it expires, when another takes its place, and when it is revoked', async () => {
  const site = await startSiteWithUsers();
  const at = ['--dir', site.directory];
  type Issued = { token: string };
  const status = async ({ token }: Issued) =>
    (await site.browser().get('devices', { headers: { authorization: `Bearer ${token}` } })).status;
  const machine = ['--machine', '--role', 'viewer', '--days', '30', ...at];
  const first = await wardgateJson<Issued>('user', 'add', 'probe', ...machine);
  expect(await status(first)).toBe(200);
  const second = await wardgateJson<Issued>('user', 'token', 'probe', '--days', '60', ...at);
  expect([await status(first), await status(second)]).toEqual([401, 200]);
  await wardgateJson('user', 'revoke', 'probe', ...at);
  expect(await status(second)).toBe(401);
  const third = await wardgateJson<Issued>('user', 'token', 'probe', '--days', '60', ...at);
  site.wait(59 * 86_400_000);
  expect(await status(third)).toBe(200);
  site.wait(2 * 86_400_000);
  expect(await status(third)).toBe(401);
  expect(await status({ token: 'wgt_guessed' })).toBe(401);
});

it('a machine cannot be an administrator, and names are told apart', async () => {
  const site = await startSiteWithUsers();
  const at = ['--dir', site.directory];
  const add = (...words: string[]) => wardgate(['user', 'add', ...words, ...at]);
  expectRefusal(await add('probe', '--machine', '--role', 'admin'), 2, 'usage');
  expectRefusal(await add('Anna', '--role', 'viewer'), 2, 'usage');
  expectRefusal(await add('gateway', '--role', 'viewer'), 2, 'usage');
  expectRefusal(await add('admin', '--role', 'viewer'), 1, 'user-exists');
  expectRefusal(await wardgate(['user', 'remove', 'nobody', ...at]), 1, 'user-unknown');
  expectRefusal(await wardgate(['user', 'token', 'admin', ...at]), 1, 'user-kind');
});

it('the site keeps its last administrator', async () => {
  const site = await startSiteWithUsers();
  const { browser } = await takeFirstSteps(site);
  const last = { status: 409, code: 'last-administrator' };
  expect((await browser.send('DELETE', 'users/admin')).json).toMatchObject(last);
  const demoted = await browser.send('PUT', 'users/admin/role', { body: { role: 'viewer' } });
  expect(demoted.json).toMatchObject(last);
  const at = ['--dir', site.directory];
  expectRefusal(await wardgate(['user', 'remove', 'admin', ...at]), 1, 'last-administrator');
  await browser.post('users', { kind: 'person', name: 'berta', role: 'admin' });
  expect((await browser.send('DELETE', 'users/admin')).status).toBe(204);
  expect((await browser.get('session')).status).toBe(401);
});

it('a command sets a password from standard input, after the same rules, and ends all sessions', async () => {
  const site = await startSiteWithUsers();
  const browser = site.browser();
  await browser.signIn('admin', site.password);
  const words = ['user', 'passwd', 'admin', '--dir', site.directory];
  const bad = await wardgate(words, Buffer.from('tiny\n'));
  expectRefusal(bad, 1, 'password-refused');
  const good = await wardgate(words, Buffer.from(`${otherPassword}\n`));
  expect(good).toMatchObject({ code: 0, err: '' });
  expect(good.out).not.toContain(otherPassword);
  expect((await browser.get('session')).status).toBe(401);
  expect((await browser.signIn('admin', otherPassword)).json).toMatchObject({
    mustChangePassword: false,
    mustEnrolTotp: true,
  });
});

it('a command on the gateway itself ends a lock, and takes a lost second factor away', async () => {
  const site = await startSiteWithUsers();
  await takeFirstSteps(site);
  for (let tries = 0; tries < 3; tries += 1) await site.browser().signIn('admin', 'guess');
  const browser = site.browser();
  expect((await browser.signIn('admin', goodPassword)).status).toBe(429);
  const at = ['--dir', site.directory];
  await wardgateJson('user', 'unlock', 'admin', ...at);
  expect((await browser.signIn('admin', goodPassword)).json).toMatchObject({ code: 'code-needed' });
  await wardgateJson('user', 'reset-totp', 'admin', ...at);
  expect((await browser.signIn('admin', goodPassword)).json).toMatchObject({ mustEnrolTotp: true });
});

it('a session is ended from afar at once: by its owner, an administrator, a command', async () => {
  const site = await startSiteWithUsers();
  const { browser: administrator } = await takeFirstSteps(site);
  const anna = await addPerson(site, administrator, 'anna', 'viewer');
  const elsewhere = site.browser();
  const idOf = async () => {
    await elsewhere.signIn('anna', goodPassword);
    const { json } = await elsewhere.get('sessions');
    expect(json.sessions).toHaveLength(2);
    return json.sessions.find(({ isOwn }: { isOwn: boolean }) => isOwn).id as string;
  };
  expect((await anna.send('DELETE', `sessions/${await idOf()}`)).status).toBe(204);
  expect((await elsewhere.get('session')).status).toBe(401);

  const id = await idOf();
  const all = await administrator.get('sessions');
  expect(all.json.sessions.map(({ user }: { user: string }) => user).sort()).toEqual([
    ...['admin', 'anna', 'anna'],
  ]);
  expect((await administrator.send('DELETE', `sessions/${id}`)).status).toBe(204);
  expect((await elsewhere.get('session')).status).toBe(401);

  // Somebody else’s session is not there for who may not end it.
  const foreign = all.json.sessions.find(({ user }: { user: string }) => user === 'admin').id;
  expect((await anna.send('DELETE', `sessions/${foreign}`)).status).toBe(404);
  expect((await administrator.get('session')).status).toBe(200);

  await wardgateJson('user', 'revoke', 'anna', '--dir', site.directory);
  expect((await anna.get('session')).status).toBe(401);
});

it('another role, and removal, are effective with the next request', async () => {
  const site = await startSiteWithUsers();
  const { browser: administrator } = await takeFirstSteps(site);
  const anna = await addPerson(site, administrator, 'anna', 'viewer');
  expect((await anna.get('devices')).status).toBe(200);
  await administrator.send('PUT', 'users/anna/role', { body: { role: 'security' } });
  expect((await anna.get('devices')).status).toBe(401);
  expect((await anna.signIn('anna', goodPassword)).json).toMatchObject({ role: 'security' });
  expect((await anna.get('audit')).status).toBe(200);
  await administrator.send('DELETE', 'users/anna');
  expect((await anna.get('audit')).status).toBe(401);
  expect((await anna.signIn('anna', goodPassword)).status).toBe(401);
});

it('an administrator without a second factor may do nothing, whoever made him one', async () => {
  const site = await startSiteWithUsers();
  const { browser: administrator } = await takeFirstSteps(site);
  const berta = await addPerson(site, administrator, 'berta', 'admin');
  expect((await berta.get('session')).json).toMatchObject({ mustEnrolTotp: true });
  expect((await berta.get('users')).status).toBe(403);
  const { json } = await berta.post('totp', { password: goodPassword });
  await berta.post('totp/confirm', { code: codeOf(json.secret, site.now()) });
  expect((await berta.get('users')).status).toBe(200);
});

it('one user has so many sessions and no more: the oldest ends', async () => {
  const site = await startSiteWithUsers();
  const first = site.browser();
  await first.signIn('admin', site.password);
  for (let more = 0; more < 8; more += 1) {
    site.wait(aSecondMs);
    expect((await first.get('session')).status).toBe(200);
    await site.browser().signIn('admin', site.password);
  }
  expect((await first.get('session')).status).toBe(401);
});

it('a stream ends within a second of its session or token, also when a command ended it', async () => {
  const site = await startSiteWithUsers();
  const { browser: administrator } = await takeFirstSteps(site);
  const anna = await addPerson(site, administrator, 'anna', 'viewer');
  const { json: machine } = await administrator.post('users', {
    ...{ kind: 'machine', name: 'probe', role: 'viewer', days: 30 },
  });
  const bearer = { headers: { authorization: `Bearer ${machine.token}` } };
  const by = { actor: 'cli:test', now: site.now() };
  // By another connection to the store, as a command has one.
  const streams = [
    { of: await anna.open('GET', 'events'), end: (store: Store) => revokeUser(store, 'anna', by) },
    {
      of: await site.browser().open('GET', 'events', bearer),
      end: (store: Store) => removeUser(store, 'probe', by),
    },
  ];
  for (const { of: stream, end } of streams) {
    expect(stream.statusCode).toBe(200);
    const ended = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined).resume();
    site.look(end);
    const from = performance.now();
    await ended;
    expect(performance.now() - from).toBeLessThan(1_000);
  }
});
