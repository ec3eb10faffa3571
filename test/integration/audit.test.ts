import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AuditProblem } from '../../gateway/audit/verify.ts';
import type { AuditEntry, AuditRecord } from '../../gateway/core/audit-entry.ts';
import { readSecret } from '../../gateway/pki/secrets.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { checkpointPath } from '../../gateway/store/checkpoints.ts';
import { openDatabase } from '../../gateway/store/database.ts';
import { auditSigner, verifyAudit } from '../../gateway/trail/audit-trail.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

const entry = (detail: string): AuditEntry => ({
  at: Date.now(),
  actor: 'cli:test',
  action: 'outbox.retry',
  object: 'ehr',
  outcome: 'success',
  detail,
});

/** A site with entries 1 (made) and 2 to 13; checkpoints at 1, 5 and 13. */
async function auditedSite(): Promise<string> {
  const folder = temporaryFolder('audit');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, []);
  for (const count of [4, 8]) addEntries(directory, count);
  return directory;
}

function addEntries(directory: string, count: number): void {
  const { store } = openSiteStore(directory);
  for (let index = 0; index < count; index += 1) {
    store.transact(() => store.audit.add(entry(`entry ${index}`)));
  }
  store.close();
}

function verdictOf(directory: string): AuditProblem | undefined {
  const { store } = openSiteStore(directory);
  try {
    return verifyAudit(store, auditSigner(directory).key).problem;
  } finally {
    store.close();
  }
}

/** Opens the database as whoever stole its key would. */
function tamper(directory: string, ...statements: readonly string[]): void {
  const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
  for (const statement of statements) database.exec(statement);
  database.close();
}

describe('an audit trail', () => {
  it('that nobody touched verifies', async () => {
    const directory = await auditedSite();
    expect(verdictOf(directory)).toBeUndefined();
    const verdict = await wardgateJson('audit', 'verify', '--dir', directory);
    expect(verdict).toMatchObject({ ok: true, from: 1, until: 13, anchoredUntil: 13 });
  });

  it.each([
    ['an edited entry', 'edited', 6, [`update audit set detail = 'x' where sequence = 6`]],
    ['an edited time', 'edited', 2, [`update audit set at = at - 1 where sequence = 2`]],
    ['an edited first entry', 'edited', 1, [`update audit set actor = 'x' where sequence = 1`]],
    ['a dropped entry', 'missing', 6, [`delete from audit where sequence = 6`]],
    ['a dropped beginning', 'missing', 1, [`delete from audit where sequence <= 3`]],
    ['a cut end', 'truncated', 12, [`delete from audit where sequence >= 12`]],
    ['an emptied table', 'truncated', 1, [`delete from audit`]],
    [
      'two entries that changed places',
      'reordered',
      6,
      [
        `update audit set sequence = -7 where sequence = 6`,
        `update audit set sequence = 6 where sequence = 7`,
        `update audit set sequence = 7 where sequence = -7`,
      ],
    ],
    [
      'two texts that changed places',
      'reordered',
      7,
      [
        'create temp table other as select * from audit',
        `update audit set (at, detail) =
           (select at, detail from other where other.sequence = 16 - audit.sequence)
         where sequence in (7, 9)`,
      ],
    ],
    [
      'a dropped entry whose followers moved up',
      'edited',
      6,
      [
        `delete from audit where sequence = 6`,
        `update audit set sequence = -sequence where sequence > 6`,
        `update audit set sequence = -sequence - 1 where sequence < 0`,
      ],
    ],
  ] as const)('tells of %s', async (_, problem, sequence, statements) => {
    const directory = await auditedSite();
    tamper(directory, ...statements);
    expect(verdictOf(directory)).toEqual({ sequence, problem });
  });

  it('tells of an older copy of the table, also when it grew again', async () => {
    const directory = await auditedSite();
    const checkpoints = readFileSync(checkpointPath(directory));
    tamper(directory, 'delete from audit where sequence > 5');
    expect(verdictOf(directory)).toEqual({ sequence: 6, problem: 'truncated' });
    addEntries(directory, 20);
    expect(verdictOf(directory)).toEqual({ sequence: 13, problem: 'replaced' });
    writeFileSync(checkpointPath(directory), checkpoints);
    expect(verdictOf(directory)).toEqual({ sequence: 13, problem: 'replaced' });
  });

  it('tells of a chain that was computed anew after an edit', async () => {
    const directory = await auditedSite();
    const copy = await auditedSite();
    const { store } = openSiteStore(copy);
    const others = store.audit.list();
    store.close();
    tamper(directory, 'delete from audit', ...others.map(insertOf));
    expect(verdictOf(directory)).toEqual({ sequence: 1, problem: 'replaced' });
  });

  it('tells of checkpoints that another key signed, and of no checkpoints', async () => {
    const directory = await auditedSite();
    const other = await auditedSite();
    writeFileSync(checkpointPath(directory), readFileSync(checkpointPath(other)));
    expect(verdictOf(directory)).toEqual({ sequence: 1, problem: 'signature' });
    rmSync(checkpointPath(directory));
    expect(verdictOf(directory)).toEqual({ sequence: 1, problem: 'unanchored' });
  });

  it('tells by checkpoints kept elsewhere that table and file were both cut', async () => {
    const directory = await auditedSite();
    const lines = readFileSync(checkpointPath(directory), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(3);
    tamper(directory, 'delete from audit where sequence > 5');
    writeFileSync(checkpointPath(directory), `${lines.slice(0, 2).join('\n')}\n`);
    // Table and file agree: from here alone nobody can tell.
    expect(verdictOf(directory)).toBeUndefined();
    const kept = join(directory, '../collector.log');
    writeFileSync(
      kept,
      lines.map((line) => `Nov 22 12:00:00 gw wardgate[9]: ${line}\r\n`).join(''),
    );
    const { code, out } = await wardgate([
      ...['audit', 'verify', '--dir', directory, '--checkpoints', kept, '--json'],
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, sequence: 6, problem: 'truncated' });
    const missing = await wardgate(['audit', 'verify', '--dir', directory, '--checkpoints', '/x']);
    expectRefusal(missing, 1, 'checkpoints-unreadable');
  });

  it('goes on after a line of the checkpoints was torn by a power cut', async () => {
    const directory = await auditedSite();
    const text = readFileSync(checkpointPath(directory), 'utf8');
    writeFileSync(checkpointPath(directory), text.slice(0, -40));
    addEntries(directory, 1);
    expect(verdictOf(directory)).toBeUndefined();
    expect(await wardgateJson('audit', 'verify', '--dir', directory)).toMatchObject({
      anchoredUntil: 14,
    });
  });

  it('stays one chain while several processes write', async () => {
    const directory = await auditedSite();
    const program = join(import.meta.dirname, '../support/audit-writer.ts');
    const writers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [program, directory, '100'], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect(await wardgateJson('audit', 'verify', '--dir', directory)).toMatchObject({
      ok: true,
      until: 313,
      anchoredUntil: 313,
    });
  }, 60_000);

  it('is verified by others with SHA-256 and OpenSSL alone', async () => {
    const directory = await auditedSite();
    const { store } = openSiteStore(directory);
    const records = store.audit.list();
    store.close();
    let previous = '0'.repeat(64);
    for (const record of records) {
      previous = createHash('sha256').update(canonical(record, previous)).digest('hex');
      expect(previous).toBe(record.hash);
    }
    const { publicKey } = await wardgateJson<{ publicKey: string }>(
      ...['audit', 'verify', '--dir', directory],
    );
    const [line = ''] = readFileSync(checkpointPath(directory), 'utf8').split('\n');
    const { signature, ...said } = JSON.parse(line);
    const file = (name: string, content: string | Buffer) => {
      writeFileSync(join(directory, '..', name), content);
      return join(directory, '..', name);
    };
    const verified = execFileSync('openssl', [
      ...['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', file('key.pem', publicKey)],
      ...['-in', file('said', JSON.stringify(said))],
      ...['-sigfile', file('signature', Buffer.from(signature, 'base64url'))],
    ]);
    expect(verified.toString()).toContain('Verified Successfully');
  });
});

describe('pruning', () => {
  const dayMs = 86_400_000;

  /** A site whose first entries are older than its retention. */
  async function agedSite(): Promise<string> {
    const directory = await auditedSite();
    const { store } = openSiteStore(directory);
    // All so far is old to a clock 100 days ahead; what comes now is young.
    store.audit.add({ ...entry('young'), at: Date.now() + 100 * dayMs });
    store.audit.add({ ...entry('young'), at: Date.now() + 100 * dayMs });
    expect(store.pruneAudit(Date.now() + 50 * dayMs)).toBe(13);
    expect(store.audit.list()[0]?.sequence).toBe(14);
    store.close();
    return directory;
  }

  it('leaves a trail that verifies from the signed statement on', async () => {
    const directory = await agedSite();
    expect(await wardgateJson('audit', 'verify', '--dir', directory)).toMatchObject({
      ok: true,
      from: 14,
      until: 16,
      anchoredUntil: 16,
    });
    const { store } = openSiteStore(directory);
    // Nothing is old any more.
    expect(store.pruneAudit(Date.now() + 50 * dayMs)).toBe(0);
    expect(store.audit.list().at(-1)).toMatchObject({ action: 'audit.prune', object: '13' });
    store.close();
  });

  it('cannot be done by anybody else', async () => {
    const directory = await agedSite();
    tamper(directory, 'delete from audit where sequence = 14');
    expect(verdictOf(directory)).toEqual({ sequence: 14, problem: 'missing' });
  });

  it('waits for a day’s worth, and keeps the last entry', async () => {
    const directory = await auditedSite();
    const { store } = openSiteStore(directory);
    expect(store.pruneAudit(Date.now() + dayMs / 2)).toBe(0);
    expect(store.pruneAudit(Date.now() + 9 * dayMs)).toBe(12);
    store.close();
    expect(verdictOf(directory)).toBeUndefined();
  });
});

describe('wardgate audit export', () => {
  it('prints every entry in each format, and enters who took them along', async () => {
    const directory = await auditedSite();
    const lines = async (...words: string[]) => {
      const { out } = await wardgate(['audit', 'export', '--dir', directory, ...words]);
      return out.trim().split('\n');
    };
    const asJson = await lines('--after', '5');
    const { store } = openSiteStore(directory);
    const records = store.audit.list(5);
    store.close();
    expect(asJson.map((line) => JSON.parse(line))).toEqual(records.slice(0, -1));
    expect(records.at(-1)).toMatchObject({ action: 'audit.export', detail: 'entries 6 to 13' });
    const asFhir = (await lines('--format', 'fhir')).map((line) => JSON.parse(line));
    expect(asFhir.every(({ resourceType }) => resourceType === 'AuditEvent')).toBe(true);
    expect(asFhir).toHaveLength(14);
    const asSyslog = await lines('--format', 'syslog', '--since', '2999-01-01T00:00:00Z');
    expect(asSyslog).toEqual(['']);
    const newest = await wardgateJson<AuditRecord[]>(
      ...['audit', 'list', '--count', '2', '--dir', directory],
    );
    expect(newest.map(({ sequence }) => sequence)).toEqual([15, 16]);
  }, 60_000);
});

it('no act happens whose entry cannot be written', async () => {
  const directory = await auditedSite();
  tamper(
    directory,
    `create trigger full before insert on audit begin select raise(fail, 'x'); end`,
  );
  const { store } = openSiteStore(directory);
  expect(() =>
    store.transact(() => {
      store.counters.add('acted', 1);
      store.audit.add(entry('refused'));
    }),
  ).toThrow();
  expect(store.counters.all()).toEqual({});
  store.close();
});

it('the key that signs is made with the site, for its owner alone', async () => {
  const directory = await auditedSite();
  expect(existsSync(join(directory, 'pki/audit.key'))).toBe(true);
  rmSync(join(directory, 'pki/audit.key'));
  expectRefusal(await wardgate(['audit', 'verify', '--dir', directory]), 1, 'secret-missing');
});

/** RFC 8785, as somebody else would write it: members sorted by their names. */
function canonical({ hash: _, ...record }: AuditRecord, previous: string): string {
  const members = Object.entries({ ...record, previous }).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(members));
}

function insertOf({ sequence, at, actor, action, object, outcome, detail, hash }: AuditRecord) {
  const words = [actor, action, object, outcome, detail, hash].map((word) => `'${word}'`);
  return `insert into audit (sequence, at, actor, action, object, outcome, detail, hash)
    values (${[sequence, at, ...words].join(', ')})`;
}
