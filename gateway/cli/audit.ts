import { z } from 'zod';
import { publicKeyPem } from '../audit/checkpoint.ts';
import { auditProblems } from '../audit/verify.ts';
import { auditSigner, verifyAudit } from '../audit-trail.ts';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { openSiteStore } from '../site.ts';
import { readCheckpoints } from '../store/checkpoints.ts';

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

export default defineCommand({
  name: 'audit',
  summary: 'The audit trail: who did what, when, and how it went.',
  example: 'wardgate audit verify',
  commands: [verify],
});
