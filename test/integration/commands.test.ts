import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../gateway/command.ts';
import { each, expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

const folder = temporaryFolder('commands');
afterAll(() => folder.remove());
const inFolder = (name: string) => join(folder.path, name);
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('wardgate init', () => {
  const site = inFolder('init/ward');

  it('makes a site only its owner can read, and says the password once', async () => {
    const made = await wardgate(['init', '--dir', site, '--name', 'ward-3b', '--host', 'gw.test']);
    expect(made).toMatchObject({ code: 0, err: '' });
    const password = /one-time password[^:]*: (\S+)/.exec(made.out)?.[1] ?? '';
    expect(password.length).toBeGreaterThanOrEqual(20);
    const paths = globSync('**', { cwd: site }).map((path) => join(site, path));
    const files = paths.filter((path) => statSync(path).isFile());
    for (const path of paths) expect(modeOf(path), path).toBe(files.includes(path) ? 0o600 : 0o700);
    const names = files.map((path) => path.slice(site.length + 1));
    expect(names).toEqual(
      expect.arrayContaining([
        'wardgate.yaml',
        'store/wardgate.db',
        'pki/root-authority.key',
        'pki/issuing-authority.key',
        'pki/gateway-server.key',
        'pki/store.key',
      ]),
    );
    for (const path of files) expect(readFileSync(path).includes(password), path).toBe(false);
    const server = openssl('x509', '-in', join(site, 'pki/gateway-server.pem'), '-noout', '-text');
    expect(server).toContain('DNS:gw.test');

    const before = names.map((name) => readFileSync(join(site, name)));
    expectRefusal(await wardgate(['init', '--dir', site]), 1, 'site-exists');
    expect(names.map((name) => readFileSync(join(site, name)))).toEqual(before);
  });

  it('refuses a bad name before it makes anything', async () => {
    const bad = inFolder('init/bad');
    const words = ['init', '--dir', bad, '--name', 'ward 3b; rm'];
    expectRefusal(await wardgate(words), 2, 'usage');
    expect(globSync('**', { cwd: bad })).toEqual([]);
  });
});

function openssl(...words: readonly string[]): string {
  return execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the command line', () => {
  it('helps with every command, with an example', async () => {
    const commands = [...(await loadCommands()).values()];
    const words = [[], ...commands.flatMap((command) => pathsOf(command, []))];
    expect(words.length).toBeGreaterThan(20);
    await each(words, async (path) => {
      const { code, out, err } = await wardgate([...path, '--help']);
      expect({ code, err }, path.join(' ')).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/\nExample:\n {2}\$ wardgate /);
    });
  }, 120_000);

  const mistakes: readonly (readonly string[])[] = [
    ['nonsense'],
    ['device', 'nonsense'],
    ['device', 'list', '--nonsense'],
    ['run', '--port', '8883'],
    ['device', 'show'],
    ['device', 'list', 'extra'],
    ['device', 'add', 'mon-1'],
    ['decode', 'file'],
    ['decode', 'file', '--profile', 'masimo-rad-8', '--chunk', '0'],
    ['simulate', 'masimo-rad-8', '--rate', 'fast'],
    ['init', '--dir'],
  ];
  it('answers every mistake with what is wrong and what to do', () =>
    each(mistakes, async (words) => expectRefusal(await wardgate(words), 2, 'usage')));

  it('says how to begin where there is no site', () =>
    each(
      [['run'], ['outbox'], ['outbox', 'retry'], ['device', 'list'], ['associate', 'a', 'b']],
      async (words) => {
        const outcome = await wardgate([...words, '--dir', inFolder('nowhere')]);
        expectRefusal(outcome, 2, 'site-missing');
        expect(outcome.err).toContain('wardgate init');
      },
    ));
});

async function loadCommands(): Promise<ReadonlyMap<string, Command>> {
  const cli = join(import.meta.dirname, '../../gateway/cli');
  const files = globSync('*.ts', { cwd: cli });
  const commands = await Promise.all(
    files.map(async (file) => (await import(join(cli, file))).default as Command),
  );
  return new Map(commands.map((command) => [command.name, command]));
}

function pathsOf(command: Command, before: readonly string[]): (readonly string[])[] {
  const path = [...before, command.name];
  return [path, ...(command.commands ?? []).flatMap((each) => pathsOf(each, path))];
}

describe('wardgate device', () => {
  const site = inFolder('devices');
  const at = ['--dir', site];
  const monitor = 'generic-vital-signs-monitor';
  beforeAll(() => makeSite(site, []));

  it('registers, and refuses what it cannot tell apart or does not know', async () => {
    const added = await wardgateJson('device', 'add', 'mon-1', '--profile', monitor, ...at);
    expect(added).toMatchObject({ id: 'mon-1', class: 'IIb', function: 'monitor' });
    expect(added['token']).toMatch(/^[\w-]{32}$/);
    const inADay = Number(added['addedAt']) + 86_400_000;
    expect(added['tokenExpiresAt']).toBe(inADay);
    const add = (id: string, profile: string, ...more: string[]) =>
      wardgate(['device', 'add', id, '--profile', profile, ...more, ...at]);
    expectRefusal(await add('mon-1', monitor), 1, 'device-exists');
    expectRefusal(await add('mon-2', 'no-such'), 2, 'profile-unknown');
    expectRefusal(await add('mon/#', monitor), 2, 'usage');
    expectRefusal(await add('mon-2', monitor, '--class', 'IV'), 2, 'usage');
    const other = await add('oxi-1', 'masimo-rad-8', '--ward', '3b', '--function', 'life-support');
    expect(other.code).toBe(0);
    const list = await wardgateJson<{ id: string }[]>('device', 'list', ...at);
    expect(list.map(({ id }) => id)).toEqual(['mon-1', 'oxi-1']);
    const shown = await wardgateJson('device', 'show', 'oxi-1', ...at);
    expect(shown).toMatchObject({ ward: '3b', function: 'life-support', isBound: false });
    expectRefusal(await wardgate(['device', 'show', 'mon-9', ...at]), 1, 'device-unknown');
  });

  it('issues PEM files that openssl follows to the root', async () => {
    const out = inFolder('pem');
    const enrol = ['device', 'enrol', 'mon-1', '--out', out, ...at];
    const issued = await wardgateJson<Record<string, string>>(...enrol);
    const { key = '', certificate = '', authority = '' } = issued;
    expect(modeOf(key)).toBe(0o600);
    const verify = ['-x509_strict', '-purpose', 'sslclient', '-auth_level', '2'];
    openssl('verify', ...verify, '-CAfile', authority, '-untrusted', certificate, certificate);
    const text = openssl('x509', '-in', certificate, '-noout', '-text');
    expect(text).toContain('Subject: CN = mon-1');
    expect(text).toContain('URI:urn:wardgate:device:mon-1');
    const publicKey = openssl('pkey', '-in', key, '-pubout');
    expect(openssl('x509', '-in', certificate, '-noout', '-pubkey')).toBe(publicKey);
    const shown = await wardgateJson('device', 'show', 'mon-1', ...at);
    expect(shown['certificates']).toMatchObject([{ serialNumber: issued['serialNumber'] }]);

    const before = readFileSync(key);
    expectRefusal(await wardgate(enrol), 2, 'usage');
    expect(readFileSync(key)).toEqual(before);
    expectRefusal(await wardgate(['device', 'enrol', 'mon-9', ...at]), 1, 'device-unknown');
  });

  it('issues an RSA bundle that openssl opens with its password', async () => {
    const words = ['device', 'enrol', 'oxi-1', '--format', 'p12', '--key', 'rsa-2048'];
    const issued = await wardgateJson(...words, '--out', inFolder('p12'), ...at);
    const { bundle, password } = issued as { bundle: string; password: string };
    expect(modeOf(bundle)).toBe(0o600);
    const open = (secret: string) =>
      openssl('pkcs12', '-in', bundle, '-nodes', '-passin', `pass:${secret}`);
    expect(open(password)).toContain('BEGIN PRIVATE KEY');
    expect(open(password).match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThanOrEqual(2);
    expect(() => open('another')).toThrow();
    const key = execFileSync('openssl', ['rsa', '-noout', '-text'], { input: open(password) });
    expect(key.toString()).toContain('2048 bit');
  });

  it('binds no device to a placeholder, and does not repeat whom it was asked to bind', async () => {
    const subjects = ['99999', 'demo', '0000', '---', 'unknown', 'x'.repeat(65)];
    await each(subjects, async (subject) => {
      const outcome = await wardgate(['associate', 'mon-1', ...at, '--', subject]);
      expectRefusal(outcome, 1, 'subject-invalid');
    });
    const bound = await wardgate(['associate', 'mon-1', 'MRN-4711', ...at]);
    expect(bound.code).toBe(0);
    const shown = await wardgate(['device', 'show', 'mon-1', ...at]);
    expect(shown.out).toContain('isBound: true');
    expect(bound.out + bound.err + shown.out).not.toContain('4711');
    expectRefusal(await wardgate(['associate', 'mon-9', 'MRN-1', ...at]), 1, 'device-unknown');
    expect(await wardgateJson('dissociate', 'mon-1', ...at)).toMatchObject({ wasBound: true });
    expect((await wardgate(['dissociate', 'mon-1', ...at])).code).toBe(1);
  });
});
