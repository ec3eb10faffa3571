import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, siteOptions } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { vexJustifications, vexStatuses } from '../../core/vulnerability.ts';
import { stateVex, withdrawVex } from '../../exposure/vex-keeping.ts';
import { loadProfiles } from '../../site/profiles.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import type { KeptVex } from '../../store/vex-memory.ts';
import { openVexDocument } from '../../vulnerabilities/open-vex-document.ts';

const list = defineCommand({
  name: 'list',
  summary: 'Shows the statements that hold: of this site and of makers.',
  arguments: ['[cve]'],
  options: siteOptions,
  example: 'wardgate vuln vex list CVE-2021-44228',

  async run({ arguments: [cve], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const statements = store.vexMemory.list(cve);
      if (options.json) print(JSON.stringify(statements));
      else for (const each of statements) print(lineOf(each));
      return 0;
    } finally {
      store.close();
    }
  },
});

const withdraw = defineCommand({
  name: 'withdraw',
  summary: 'Takes a statement back; what it closed is open again.',
  arguments: ['<number>'],
  options: siteOptions,
  example: 'wardgate vuln vex withdraw 12',

  async run({ arguments: [word = ''], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const gone = withdrawVex(store, Number(word), commandActor(), Date.now());
      print(options.json ? JSON.stringify(gone) : `Taken back: ${lineOf(gone)}`);
      return 0;
    } finally {
      store.close();
    }
  },
});

const exported = defineCommand({
  name: 'export',
  summary: 'Prints the statements of this site as an OpenVEX document.',
  options: siteOptions.pick({ dir: true }),
  example: 'wardgate vuln vex export > ward-3b.openvex.json',

  async run({ options, print }) {
    const { config, store } = openSiteStore(options.dir);
    try {
      const own = store.vexMemory.list().filter(({ source }) => source === 'site');
      const at = Date.now();
      const id = `urn:wardgate:vex:${config.site}:${at}`;
      print(JSON.stringify(openVexDocument(own, { id, author: config.site, at }), undefined, 2));
      return 0;
    } finally {
      store.close();
    }
  },
});

export const vex = defineCommand({
  name: 'vex',
  summary:
    'States whether a vulnerability affects a component of a model, once and for all of them.',
  arguments: ['<cve>'],
  options: z.strictObject({
    dir: dirOption,
    component: z
      .string()
      .optional()
      .describe('Package URL, CPE, or name or name@version. Without a version: every version.'),
    model: z.string().optional().describe('Id of the device profile, or _gateway.'),
    status: z.enum(vexStatuses).optional().describe('What is so.'),
    justification: z
      .enum(vexJustifications)
      .optional()
      .describe('Why it is not affected. Asked for with not_affected.'),
    detail: z.string().max(2_000).default('').describe('In words, for whoever asks later.'),
    json: jsonOption,
  }),
  example:
    'wardgate vuln vex CVE-2021-44228 --model acme-pump --component pkg:npm/x@1.0.0 --status not_affected --justification vulnerable_code_not_present',
  commands: [list, withdraw, exported],

  async run({ arguments: [vulnerability = ''], options, print }) {
    const { dir, json, component, model, status, justification, detail } = options;
    if (component === undefined || model === undefined || status === undefined) {
      throw new GatewayError('usage', '--component, --model and --status say what is stated');
    }
    const { store } = openSiteStore(dir);
    try {
      const order = { vulnerability, component, model, status, justification, detail };
      const profiles = await loadProfiles(dir);
      const kept = stateVex(store, profiles, order, commandActor(), Date.now());
      print(json ? JSON.stringify(kept) : lineOf(kept));
      return 0;
    } finally {
      store.close();
    }
  },
});

function lineOf(statement: KeptVex): string {
  const { sequence, vulnerability, model, product, component, status, justification } = statement;
  const named = component ?? product;
  const name = named.purl ?? named.cpe ?? named.bomLink ?? named.name ?? '';
  const version = named.version === undefined ? '' : `@${named.version}`;
  const at = new Date(statement.at).toISOString();
  return `${sequence}  ${vulnerability}  ${status}  ${justification ?? ''}  ${model ?? 'any model'}  ${name}${version}  ${at}  ${statement.author}`;
}
