import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { Config, loadConfig, saveConfig } from '../config.ts';
import { GatewayError } from '../core/error.ts';
import { createOneTimePassword, hashPassword } from '../pki/password.ts';
import { createSecret } from '../pki/secrets.ts';
import { createSitePki } from '../pki/site-pki.ts';
import { openStore, type Store } from '../store/store.ts';
import { auditKeyName, auditSigner } from '../trail/audit-trail.ts';
import { readStoreKey, storeKeyName } from './store-key.ts';

export const administrator = 'admin';

export interface NewSite {
  readonly directory: string;
  readonly name: string;
  /** DNS names and addresses by which devices reach the gateway. */
  readonly hosts: readonly string[];
  readonly now: number;
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
  const { directory, name, hosts, now } = site;
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new GatewayError('site-exists', `${directory} is not empty`);
  }
  requireName(name);
  mkdirSync(join(directory, 'profiles'), { recursive: true, mode: 0o700 });
  await createSitePki({ directory, site: name, hosts, now });
  const storeKey = createSecret(directory, storeKeyName);
  createSecret(directory, 'record.key');
  createSecret(directory, auditKeyName);

  const password = createOneTimePassword();
  const hash = await hashPassword(password);
  const store = openStore(directory, storeKey, { signer: auditSigner(directory) });
  store.transact(() => {
    store.users.add({
      name: administrator,
      kind: 'person',
      role: 'admin',
      password: hash,
      mustChange: true,
      addedAt: now,
    });
    store.audit.add({
      at: now,
      actor: commandActor(),
      action: 'site.create',
      object: name,
      outcome: 'success',
      detail: '',
    });
  });
  store.close();
  saveConfig(directory, { site: name });
  return { password };
}

/** Before anything is made: a name that the settings would refuse. */
function requireName(name: string): void {
  const result = Config.shape.site.safeParse(name);
  if (!result.success) throw new GatewayError('usage', `--name ${name}: letters, digits, hyphen`);
}

/** Opens the site's database for a command. The caller closes it. */
export function openSiteStore(directory: string): {
  readonly config: Config;
  readonly store: Store;
} {
  const config = loadConfig(directory);
  const key = readStoreKey(directory);
  const signer = auditSigner(directory);
  return { config, store: openStore(directory, key, { mustExist: true, signer }) };
}

/** Who gives a command, for the audit: the account of the operating system. */
export function commandActor(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    // An account without a name, as in a container.
    return `cli:uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
