import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Config, configFile, loadConfig, parseConfig } from './config.ts';
import { GatewayError } from './core/error.ts';
import { createOneTimePassword, hashPassword } from './pki/password.ts';
import { createSecret, readSecret } from './pki/secrets.ts';
import { createSitePki } from './pki/site-pki.ts';
import { openStore, type Store } from './store/store.ts';

export const administrator = 'admin';

export interface NewSite {
  readonly directory: string;
  readonly name: string;
  /** DNS names and addresses by which devices reach the gateway. */
  readonly hosts: readonly string[];
  readonly now: number;
  /** Settings beside the defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** How this machine is reached when nobody says otherwise. */
export function defaultHosts(): readonly string[] {
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname()])];
}

/**
 * Makes a site directory: certificates, secrets, database, one administrator and, last of all,
 * the settings that make it a site. Returns the administrator’s one-time password.
 *
 * @throws GatewayError `site-exists`, `config-invalid`, `certificate-refused`.
 */
export async function createSite(site: NewSite): Promise<{ readonly password: string }> {
  const { directory, name, hosts, now, settings = {} } = site;
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new GatewayError('site-exists', `${directory} is not empty`);
  }
  const text = settingsText(name, settings);
  parseConfig(text, configFile);
  mkdirSync(join(directory, 'profiles'), { recursive: true, mode: 0o700 });
  await createSitePki({ directory, site: name, hosts, now });
  const storeKey = createSecret(directory, 'store.key');
  createSecret(directory, 'record.key');

  const password = createOneTimePassword();
  const hash = await hashPassword(password);
  const store = openStore(directory, storeKey);
  store.transact(() => {
    store.users.add({ name: administrator, role: 'admin', password: hash, mustChange: true });
    store.audit.add({
      at: now,
      actor: 'cli',
      action: 'site.create',
      object: name,
      outcome: 'success',
      detail: '',
    });
  });
  store.close();
  writeFileSync(join(directory, configFile), text, { mode: 0o600, flag: 'wx' });
  return { password };
}

function settingsText(site: string, settings: Readonly<Record<string, unknown>>): string {
  return `# The settings of this gateway. All keys: docs/configuration.md\n${stringify({
    site,
    ...settings,
  })}`;
}

/** Opens the site's database for a command. The caller closes it. */
export function openSiteStore(directory: string): {
  readonly config: Config;
  readonly store: Store;
} {
  const config = loadConfig(directory);
  return { config, store: openStore(directory, readSecret(directory, 'store.key')) };
}
