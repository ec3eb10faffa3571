import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startHospital } from '../../gateway/demo/hospital.ts';
import { readSecret } from '../../gateway/pki/secrets.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { openDatabase } from '../../gateway/store/database.ts';
import { expectRefusal, startWardgate, wardgate, wardgateJson } from '../support/command.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { drained, host, makeSite, temporaryFolder, until } from '../support/site.ts';

const passphrase = 'correct horse battery staple';
const monitor = 'generic-vital-signs-monitor';

/** A folder of this test's own, with the passphrase in a file. */
function newFolder() {
  const folder = temporaryFolder('backup');
  onTestFinished(() => folder.remove());
  const inFolder = (name: string) => join(folder.path, name);
  writeFileSync(inFolder('passphrase'), `${passphrase}\n`, { mode: 0o600 });
  return { inFolder, given: ['--passphrase-file', inFolder('passphrase')] };
}

/** SHA-256 of every file that a backup holds as it is, by its path. */
function digestsOf(site: string): Record<string, string> {
  const paths = globSync(['wardgate.yaml', 'profiles/*', 'pki/*', '*.pem'], { cwd: site }).sort();
  const digest = (path: string) =>
    createHash('sha256')
      .update(readFileSync(join(site, path)))
      .digest('hex');
  return Object.fromEntries(paths.map((path) => [path, digest(path)]));
}

describe('a backup of a running gateway', () => {
  it('restores into a site that delivers what was owed, once, and whose trail verifies', async () => {
    const { inFolder, given } = newFolder();
    const [site, copy, file] = [inFolder('site'), inFolder('copy'), inFolder('ward.backup')];
    const hospital = await startHospital(inFolder('hospital.pem'), Date.now());
    onTestFinished(() => hospital.close());
    hospital.setFault('down');
    await makeSite(site, [{ id: 'mon-1', profile: monitor, subject: 'MRN-1' }], {
      https: { port: 0 },
      relays: [{ id: 'ehr', use: 'fhir', url: hospital.url, ca: 'hospital.pem' }],
    });
    writeFileSync(join(site, 'hospital.pem'), readFileSync(inFolder('hospital.pem')));
    const words = ['device', 'enrol', 'mon-1', '--dir', site, '--out', inFolder('keys')];
    await wardgateJson(...words);
    const gateway = await startGatewayProcess(site);
    const target = ['--gateway', `${host}:${gateway.mqttPort}`];
    const cert = ['--cert', inFolder('keys/mon-1.pem')];
    await wardgateJson('simulate', monitor, ...target, ...cert, '--count', '5', '--rate', '20');

    const made = await wardgateJson('backup', file, '--dir', site, ...given);
    expect(made).toMatchObject({ leftOut: [], bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(globSync('**/.wardgate-*', { cwd: inFolder('.') })).toEqual([]);
    const bytes = readFileSync(file);
    for (const secret of ['PRIVATE KEY', 'MRN-1', 'SQLite', 'mon-1', 'wardgate.yaml']) {
      expect(bytes.includes(secret), secret).toBe(false);
    }
    await gateway.stop();

    const restored = await wardgateJson('restore', file, '--dir', copy, ...given);
    expect(restored).toMatchObject({ site: 'test', files: made['files'] });
    expect(digestsOf(copy)).toEqual(digestsOf(site));
    for (const path of globSync('**', { cwd: copy }).map((each) => join(copy, each))) {
      const isFile = statSync(path).isFile();
      expect(statSync(path).mode & 0o777, relative(copy, path)).toBe(isFile ? 0o600 : 0o700);
    }
    expect((await wardgate(['doctor', '--dir', copy])).code).toBe(0);
    expect(await wardgateJson('audit', 'verify', '--dir', copy)).toMatchObject({ ok: true });

    const { store } = openSiteStore(copy);
    const owed = store.outbox.depths().reduce((sum, { entries }) => sum + entries, 0);
    const actions = store.audit.list().map(({ action }) => action);
    store.close();
    expect(owed).toBeGreaterThan(0);
    expect(actions.slice(-2)).toEqual(['site.backup', 'site.restore']);
    hospital.setFault('none');
    const second = await startGatewayProcess(copy);
    await drained(copy);
    await second.stop();
    const { stored } = hospital.counts;
    expect(stored).toBeGreaterThanOrEqual(owed);

    // Its twin sends the same entries: they carry the same ids.
    const twin = await startGatewayProcess(site);
    await drained(site);
    await twin.stop();
    await until('everything once', () => hospital.counts.stored === stored, 1_000);
    expect(hospital.counts.duplicates).toBe(0);
  }, 180_000);

  it('is one moment, while others write', async () => {
    const { inFolder, given } = newFolder();
    const [site, copy, file] = [inFolder('site'), inFolder('copy'), inFolder('ward.backup')];
    await makeSite(site, []);
    const { store } = openSiteStore(site);
    const stop = new AbortController();
    const at = Date.now();
    const common = { at, actor: 'cli:test', action: 'outbox.retry', object: '' } as const;
    const writing = (async () => {
      while (!stop.signal.aborted) {
        store.transact(() => {
          store.counters.add('pairs', 1);
          store.audit.add({ ...common, outcome: 'success', detail: '' });
        });
        await new Promise(setImmediate);
      }
    })();
    await wardgateJson('backup', file, '--dir', site, ...given);
    stop.abort();
    await writing;
    store.close();
    await wardgateJson('restore', file, '--dir', copy, ...given);
    expect(await wardgateJson('audit', 'verify', '--dir', copy)).toMatchObject({ ok: true });
    const restored = openSiteStore(copy).store;
    const pairs = restored.audit.list(0, 1e6).filter(({ action }) => action === 'outbox.retry');
    expect(pairs.length).toBeGreaterThan(0);
    expect(restored.counters.all()).toEqual({ pairs: pairs.length });
    restored.close();
  }, 120_000);
});

describe('wardgate backup', () => {
  it('refuses what would be no good backup, and leaves nothing behind', async () => {
    const { inFolder, given } = newFolder();
    const site = inFolder('site');
    await makeSite(site, []);
    const at = ['--dir', site];
    writeFileSync(inFolder('there'), '');
    const before = readdirSync(inFolder('.'));
    const refusals = [
      { words: [inFolder('there'), ...given], exit: 1, code: 'backup-unwritable' },
      { words: [join(site, 'inside'), ...given], exit: 1, code: 'backup-unwritable' },
      { words: [inFolder('no/folder'), ...given], exit: 1, code: 'backup-unwritable' },
      {
        words: [inFolder('new'), '--passphrase-file', '/nowhere'],
        exit: 1,
        code: 'secret-missing',
      },
      { words: [inFolder('new')], exit: 2, code: 'usage', input: 'too short\n' },
    ] as const;
    for (const { words, exit, code, ...rest } of refusals) {
      const input = 'input' in rest ? Buffer.from(rest.input) : undefined;
      expectRefusal(await wardgate(['backup', ...words, ...at], input), exit, code);
    }
    expect(readdirSync(inFolder('.'))).toEqual(before);
    expect(globSync('**/.wardgate-*', { cwd: site })).toEqual([]);
  }, 120_000);

  it('takes the passphrase from stdin, and says what it left out', async () => {
    const { inFolder } = newFolder();
    const site = inFolder('site');
    await makeSite(site, []);
    symlinkSync('/etc/hostname', join(site, 'linked.pem'));
    const input = Buffer.from(`${passphrase}\n`);
    const words = ['backup', inFolder('new'), '--dir', site, '--json'];
    const { out, err } = await wardgate(words, input);
    expect(JSON.parse(out)).toMatchObject({ leftOut: ['linked.pem'] });
    expect(err).toContain('linked.pem');
    expect(existsSync(inFolder('new'))).toBe(true);
  }, 60_000);
});

describe('wardgate restore', () => {
  it('refuses what it cannot restore whole, and leaves nothing behind', async () => {
    const { inFolder, given } = newFolder();
    const [site, file] = [inFolder('site'), inFolder('ward.backup')];
    await makeSite(site, []);
    await wardgateJson('backup', file, '--dir', site, ...given);
    const bytes = readFileSync(file);
    const changed = Buffer.from(bytes);
    changed[bytes.length >> 1] = (changed[bytes.length >> 1] ?? 0) ^ 0x80;
    writeFileSync(inFolder('changed'), changed);
    writeFileSync(inFolder('cut'), bytes);
    truncateSync(inFolder('cut'), bytes.length - 1);
    writeFileSync(inFolder('wrong'), `${passphrase}!`, { mode: 0o600 });
    mkdirSync(inFolder('empty'));
    const before = readdirSync(inFolder('.'));
    const wrong = ['--passphrase-file', inFolder('wrong')];
    const refusals = [
      [inFolder('changed'), inFolder('new'), given, 'backup-damaged'],
      [inFolder('cut'), inFolder('empty'), given, 'backup-damaged'],
      [file, inFolder('new'), wrong, 'backup-passphrase'],
      [inFolder('absent'), inFolder('new'), given, 'backup-unreadable'],
      [file, site, given, 'site-exists'],
    ] as const;
    for (const [from, to, words, code] of refusals) {
      expectRefusal(await wardgate(['restore', from, '--dir', to, ...words]), 1, code);
    }
    expect(readdirSync(inFolder('.'))).toEqual(before);
    expect(readdirSync(inFolder('empty'))).toEqual([]);
    await wardgateJson('restore', file, '--dir', inFolder('empty'), ...given);
  }, 120_000);

  it('that is killed half-way leaves nothing that passes for a site', async () => {
    const { inFolder, given } = newFolder();
    const [site, file, half] = [inFolder('site'), inFolder('ward.backup'), inFolder('half')];
    await makeSite(site, []);
    await wardgateJson('backup', file, '--dir', site, ...given);
    mkdirSync(half);
    // It is in the middle of it as soon as it has made a place for what it reads.
    const changes = watch(half);
    const child = startWardgate('restore', file, '--dir', half, ...given);
    await once(changes, 'change');
    child.child.kill('SIGKILL');
    changes.close();
    expect(await child.ended).toBeNull();
    expect(readdirSync(half)).toEqual([expect.stringMatching(/^\.wardgate-restore-\d+$/)]);

    for (const words of [['run'], ['doctor'], ['device', 'list'], ['audit', 'verify']]) {
      expect((await wardgate([...words, '--dir', half])).code, words.join()).not.toBe(0);
    }
    const again = await wardgate(['restore', file, '--dir', half, ...given]);
    expectRefusal(again, 1, 'site-exists');
    expect(again.err).toContain('a restore that was cut off');
    await wardgateJson('restore', file, '--dir', inFolder('whole'), ...given);
    expect((await wardgate(['doctor', '--dir', inFolder('whole')])).code).toBe(0);
  }, 120_000);

  it('refuses a database that a newer program wrote', async () => {
    const site = newFolder().inFolder('site');
    await makeSite(site, []);
    const database = openDatabase(site, readSecret(site, 'store.key'), true);
    database.pragma('user_version = 99');
    database.close();
    const words = ['audit', 'verify', '--dir', site];
    expectRefusal(await wardgate(words), 1, 'store-too-new');
  }, 60_000);

  it('refuses a database of a shape of before, in words, whatever asks', async () => {
    const site = newFolder().inFolder('site');
    await makeSite(site, []);
    const database = openDatabase(site, readSecret(site, 'store.key'), true);
    database.pragma('application_id = 7');
    database.close();
    for (const words of [['vuln', 'list'], ['audit', 'verify'], ['run']]) {
      expectRefusal(await wardgate([...words, '--dir', site]), 1, 'store-too-old');
    }
  }, 60_000);

  it('takes --dir with every command that says what the program is', async () => {
    for (const words of [['sbom'], ['threats']]) {
      expect((await wardgate([...words, '--dir', 'nowhere'])).code).toBe(0);
    }
  }, 60_000);
});
