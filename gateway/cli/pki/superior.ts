import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, siteOptions } from '../../command.ts';
import type { AuditAction } from '../../core/audit-action.ts';
import { GatewayError } from '../../core/error.ts';
import { installSuperior, removeSuperior, requestSuperior } from '../../pki/superior.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';

export const request = defineCommand({
  name: 'request',
  summary: 'Writes a request by which the hospital’s authority can certify this site’s root.',
  options: z.strictObject({
    dir: dirOption,
    out: z.string().describe('The file to write: PKCS#10 as PEM.'),
    rootKey: z
      .string()
      .optional()
      .describe('The site’s root key, if it was taken offline. It is only read.'),
    json: jsonOption,
  }),
  example: 'wardgate pki request --out ward-3b.csr.pem --root-key /media/safe/root-authority.key',

  async run({ options: { dir, out, rootKey, json }, print }) {
    const csr = requestSuperior(dir, rootKey);
    audit(dir, 'authority.request', out);
    try {
      writeFileSync(out, csr, { flag: 'wx' });
    } catch (cause) {
      throw new GatewayError('usage', `cannot write ${out}: ${String(cause)}`, { cause });
    }
    if (json) print(JSON.stringify({ request: out }));
    else {
      print(`${out}: have it certified as CA:TRUE, path length 1, the subject unchanged.`);
      print('Then: wardgate pki install CHAIN');
    }
    return 0;
  },
});

export const install = defineCommand({
  name: 'install',
  summary: 'Takes the chain that the hospital’s authority answered with.',
  arguments: ['<chain>'],
  options: siteOptions,
  example: 'wardgate pki install chain.pem',

  async run({ arguments: [path = ''], options: { dir, json }, print }) {
    const chainPem = readChain(path);
    audit(dir, 'authority.install', path);
    installSuperior(dir, chainPem, Date.now());
    if (json) print(JSON.stringify({ installed: path }));
    else print('Installed. A running gateway follows within a second. Back: wardgate pki undo');
    return 0;
  },
});

export const undo = defineCommand({
  name: 'undo',
  summary: 'Shows the site’s own root alone again, as before pki install.',
  options: siteOptions,
  example: 'wardgate pki undo',

  async run({ options: { dir, json }, print }) {
    audit(dir, 'authority.undo', '');
    removeSuperior(dir);
    print(json ? JSON.stringify({ undone: true }) : 'The site stands on its own root again.');
    return 0;
  },
});

/** Files are changed outside the store: the entry comes first. */
function audit(dir: string, action: AuditAction, object: string): void {
  const { store } = openSiteStore(dir);
  try {
    const what = { action, object, outcome: 'success', detail: '' } as const;
    store.transact(() => store.audit.add({ at: Date.now(), actor: commandActor(), ...what }));
  } finally {
    store.close();
  }
}

function readChain(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('usage', `cannot read ${path}`, { cause });
  }
}
