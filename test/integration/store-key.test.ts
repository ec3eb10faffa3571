import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createSecret, readSecret } from '../../gateway/pki/secrets.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { openDatabase, opensWith, rekeyDatabase } from '../../gateway/store/database.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { makeSite, temporaryFolder, until } from '../support/site.ts';

const main = join(import.meta.dirname, '../../gateway/main.ts');
const kills = 8;

async function newSite(): Promise<string> {
  const folder = temporaryFolder('store-key');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, [{ id: 'mon-1', profile: 'generic-vital-signs-monitor' }], {
    https: { port: 0 },
  });
  return directory;
}

it('a new key opens the database, the old one no more, and all is as it was', async () => {
  const directory = await newSite();
  const before = readSecret(directory, 'store.key');
  const others = globSync('pki/{record,pseudonym-*,audit}.key', { cwd: directory });
  const secrets = others.map((path) => readFileSync(join(directory, path)));
  await wardgateJson('store', 'rotate-key', '--dir', directory);
  expect(readSecret(directory, 'store.key').equals(before)).toBe(false);
  expect(opensWith(directory, before)).toBe(false);
  expect(existsSync(join(directory, 'pki/store-next.key'))).toBe(false);
  // Pseudonyms and ids of records must stay what they are.
  expect(others.map((path) => readFileSync(join(directory, path)))).toEqual(secrets);
  expect(await wardgateJson('device', 'list', '--dir', directory)).toHaveLength(1);
  expect(await wardgateJson('audit', 'verify', '--dir', directory)).toMatchObject({ ok: true });
  const { store } = openSiteStore(directory);
  const entries = store.audit.list().filter(({ action }) => action === 'store.rotate-key');
  expect(entries.map(({ detail }) => detail)).toEqual(['begun', 'done']);
  store.close();
}, 60_000);

it('is refused while a gateway runs, which is not disturbed', async () => {
  const directory = await newSite();
  const before = readSecret(directory, 'store.key');
  const gateway = await startGatewayProcess(directory);
  const refused = await wardgate(['store', 'rotate-key', '--dir', directory]);
  expectRefusal(refused, 1, 'store-locked');
  expect(readSecret(directory, 'store.key').equals(before)).toBe(true);
  await gateway.stop();
}, 60_000);

it('is refused while another command has the database open, and changes nothing', async () => {
  const directory = await newSite();
  const before = readSecret(directory, 'store.key');
  const { store } = openSiteStore(directory);
  store.counters.add('kept', 1);
  const refused = await wardgate(['store', 'rotate-key', '--dir', directory]);
  expectRefusal(refused, 1, 'store-locked');
  store.counters.add('kept', 1);
  store.close();
  expect(readSecret(directory, 'store.key').equals(before)).toBe(true);
  expect(existsSync(join(directory, 'pki/store-next.key'))).toBe(false);
  const again = openSiteStore(directory).store;
  expect(again.counters.all()).toEqual({ kept: 2 });
  again.close();
}, 60_000);

it('a change that was cut off at its very end is brought to its end', async () => {
  const directory = await newSite();
  const before = readSecret(directory, 'store.key');
  const next = createSecret(directory, 'store-next.key');
  rekeyDatabase(directory, before, next);
  expect(await wardgateJson('device', 'list', '--dir', directory)).toHaveLength(1);
  expect(readSecret(directory, 'store.key').equals(next)).toBe(true);
  expect(existsSync(join(directory, 'pki/store-next.key'))).toBe(false);
}, 60_000);

it(`one of both keys opens it, through ${kills} power cuts in the middle`, async () => {
  const directory = await newSite();
  const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
  const add = database.prepare('insert into counter (name, value) values (?, ?)');
  const names = Array.from({ length: 4_000 }, () => randomBytes(1_500).toString('hex'));
  database.transaction(() => names.forEach((name, index) => void add.run(name, index)))();
  database.close();
  const next = join(directory, 'pki/store-next.key');
  let cutInside = 0;
  for (let cut = 0; cut < kills; cut += 1) {
    const words = ['store', 'rotate-key', '--dir', directory];
    const child = spawn(process.execPath, [main, ...words], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await until('the change begins', () => existsSync(next) || child.exitCode !== null);
    await delay(cut * 40);
    child.kill('SIGKILL');
    await ended;
    const isJournalLeft = existsSync(join(directory, 'store/wardgate.db-journal'));
    if (isJournalLeft) cutInside += 1;

    const { store } = openSiteStore(directory);
    expect(store.problem(), `cut ${cut}`).toBeUndefined();
    expect(Object.keys(store.counters.all())).toHaveLength(names.length);
    store.close();
    // Of no use any more: the next change must be seen to begin.
    rmSync(next, { force: true });
  }
  expect(cutInside).toBeGreaterThan(0);
  await wardgateJson('store', 'rotate-key', '--dir', directory);
  expect(await wardgateJson('audit', 'verify', '--dir', directory)).toMatchObject({ ok: true });
}, 180_000);
