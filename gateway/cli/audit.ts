import { z } from 'zod';
import { publicKeyPem } from '../audit/checkpoint.ts';
import { recordLine, type SyslogOrigin, syslogMessage } from '../audit/syslog-message.ts';
import { auditProblems } from '../audit/verify.ts';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import type { AuditRecord } from '../core/audit-entry.ts';
import { toAuditEvent } from '../fhir/audit-event.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import { readCheckpoints } from '../store/checkpoints.ts';
import { auditSigner, verifyAudit } from '../trail/audit-trail.ts';
import { version } from '../version.ts';

const verify = defineCommand({
  name: 'verify',
  summary: 'Checks that no entry of the audit trail was edited, dropped, moved or cut off.',
  options: z.strictObject({
    dir: dirOption,
    checkpoints: z
      .string()
      .optional()
      .describe('A file with checkpoints kept elsewhere, such as the log collector’s.'),
    json: jsonOption,
  }),
  example: 'wardgate audit verify --checkpoints /mnt/collector/wardgate.log',

  async run({ options: { dir, checkpoints, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const { key } = auditSigner(dir);
      const kept = checkpoints === undefined ? [] : readCheckpoints(checkpoints);
      const { problem, from, until, anchoredUntil } = verifyAudit(store, key, kept);
      const publicKey = publicKeyPem(key);
      const ok = problem === undefined;
      if (json) {
        print(JSON.stringify({ ok, ...problem, from, until, anchoredUntil, publicKey }));
      } else {
        if (problem) {
          const { sequence, problem: kind } = problem;
          print(`Entry ${sequence}: ${kind}: ${auditProblems[kind]}.`);
        } else print(`Entries ${from} to ${until} are as they were written.`);
        print(`Signed checkpoints vouch for entries up to ${anchoredUntil}.`);
        print(publicKey.trim());
      }
      return ok ? 0 : 1;
    } finally {
      store.close();
    }
  },
});

const list = defineCommand({
  name: 'list',
  summary: 'Shows the newest entries of the audit trail.',
  options: z.strictObject({
    dir: dirOption,
    count: z.int().min(1).max(1_000).default(20).describe('How many.'),
    json: jsonOption,
  }),
  example: 'wardgate audit list --count 50',

  async run({ options: { dir, count, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const last = store.audit.last()?.sequence ?? 0;
      const entries = store.audit.list(Math.max(0, last - count), count);
      if (json) print(JSON.stringify(entries));
      else
        for (const { sequence, at, actor, action, object, outcome, detail } of entries) {
          const time = new Date(at).toISOString();
          print(
            `${sequence}  ${time}  ${actor}  ${action}  ${object || '-'}  ${outcome}  ${detail}`,
          );
        }
      return 0;
    } finally {
      store.close();
    }
  },
});

const exported = defineCommand({
  name: 'export',
  summary: 'Prints the audit trail, one entry a line, for another system to keep.',
  options: z.strictObject({
    dir: dirOption,
    format: z
      .enum(['json', 'fhir', 'syslog'])
      .default('json')
      .describe('json: as chained. fhir: R4 AuditEvent, NDJSON. syslog: RFC 5424.'),
    since: z.iso.datetime({ offset: true }).optional().describe('From when on (ISO 8601).'),
    after: z.int().min(0).default(0).describe('Entries after this number.'),
  }),
  example: 'wardgate audit export --format fhir --since 2026-11-01T00:00:00Z > audit.ndjson',

  async run({ options: { dir, format, since, after }, print }) {
    const { config, store } = openSiteStore(dir);
    try {
      const from = since === undefined ? 0 : Date.parse(since);
      const until = store.audit.last()?.sequence ?? 0;
      // Before anything leaves: who took the trail along is in it.
      store.audit.add({
        at: Date.now(),
        actor: commandActor(),
        action: 'audit.export',
        object: format,
        outcome: 'success',
        detail: `entries ${after + 1} to ${until}`,
      });
      const { site } = config;
      for (const page of store.audit.pages(after)) {
        for (const record of page) {
          if (record.at >= from && record.sequence <= until) {
            print(lineOf(record, format, { site, version }));
          }
        }
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

function lineOf(record: AuditRecord, format: 'json' | 'fhir' | 'syslog', origin: SyslogOrigin) {
  switch (format) {
    case 'json':
      return recordLine(record);
    case 'fhir':
      return JSON.stringify(toAuditEvent(record, origin.site));
    case 'syslog':
      return syslogMessage(record, origin);
  }
}

export default defineCommand({
  name: 'audit',
  summary: 'The audit trail: who did what, when, and how it went.',
  example: 'wardgate audit verify',
  commands: [verify, list, exported],
});
