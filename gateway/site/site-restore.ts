import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unpack } from '../backup/archive.ts';
import { unseal } from '../backup/sealing.ts';
import { configFile } from '../config.ts';
import { GatewayError } from '../core/error.ts';
import { syncDirectory } from '../pki/secrets.ts';
import { commandActor, openSiteStore } from './site.ts';

const asidePrefix = '.wardgate-restore-';

export interface RestoreOptions {
  readonly file: string;
  /** Empty, or not there yet. */
  readonly directory: string;
  readonly passphrase: string;
  readonly now: () => number;
}

/**
 * Makes a site of a backup. It is read to its end, opened and examined aside; only then it becomes
 * the site, its settings last. When it fails, nothing is left behind.
 *
 * @throws GatewayError `site-exists`, `backup-unreadable`, `backup-damaged`, `backup-passphrase`,
 * `backup-too-new`, `store-too-new`, `store-damaged`, `store-full`.
 */
export async function restoreSite(
  options: RestoreOptions,
): Promise<{ readonly site: string; readonly files: number }> {
  const { file, directory, passphrase, now } = options;
  const isNew = !existsSync(directory);
  if (!isNew) requireEmpty(directory);
  const aside = join(directory, `${asidePrefix}${process.pid}`);
  try {
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    const paths = await unpack(unseal(read(file), passphrase), aside);
    const site = examine(aside, { at: now(), object: basename(file) });
    move(aside, directory);
    return { site, files: paths.length };
  } catch (cause) {
    rmSync(isNew ? directory : aside, { recursive: true, force: true });
    if (cause instanceof Error && 'syscall' in cause) {
      throw new GatewayError('store-full', `${directory}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** What a restore that was killed left behind is no site, and may be another one’s that still runs. */
function requireEmpty(directory: string): void {
  const names = readdirSync(directory);
  if (names.length === 0) return;
  const isCutOff = names.some((name) => name.startsWith(asidePrefix));
  const holds = isCutOff ? 'holds what a restore that was cut off left behind' : 'is not empty';
  throw new GatewayError('site-exists', `${directory} ${holds}`);
}

async function* read(file: string): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of createReadStream(file)) yield piece as Buffer;
  } catch (cause) {
    throw new GatewayError('backup-unreadable', `${file}: ${String(cause)}`, { cause });
  }
}

/** Opens it as a gateway would, and enters that it was restored. */
function examine(directory: string, what: { readonly at: number; readonly object: string }) {
  const { config, store } = openSiteStore(directory);
  try {
    const problem = store.problem();
    if (problem !== undefined) throw new GatewayError('store-damaged', problem);
    const act = { actor: commandActor(), action: 'site.restore', outcome: 'success' } as const;
    store.audit.add({ ...what, ...act, detail: '' });
    return config.site;
  } finally {
    store.close();
  }
}

/** The settings last: without them it is no site, and a second attempt is refused until it is empty. */
function move(from: string, to: string): void {
  const names = readdirSync(from).filter((name) => name !== configFile);
  for (const name of [...names, configFile]) renameSync(join(from, name), join(to, name));
  rmSync(from, { recursive: true });
  syncDirectory(to);
}
