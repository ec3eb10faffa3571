import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { patrolCountMax } from '../../gateway/audit/patrol.ts';
import { readSecret } from '../../gateway/pki/secrets.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { openDatabase } from '../../gateway/store/database.ts';
import { createAuditPatrol } from '../../gateway/trail/audit-patrol.ts';
import { auditSigner } from '../../gateway/trail/audit-trail.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

const now = Date.now();
const dayMs = 86_400_000;
/** Two whole parts of a patrol, and a bit. */
const count = 2 * patrolCountMax + 40;

/** A trail that was looked at once, as a running gateway has it. */
async function patrolled(ages: (index: number) => number = () => now) {
  const folder = temporaryFolder('audit-patrol');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, []);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const add = (at: number) =>
    store.audit.add({
      ...{ at, actor: 'cli:test', action: 'outbox.retry', object: 'ehr' },
      ...{ outcome: 'success', detail: '' },
    });
  store.transact(() => {
    for (let index = 1; index < count; index += 1) add(ages(index));
  });
  const patrol = createAuditPatrol(store, auditSigner(directory).key);
  const tamper = (statement: string) => {
    const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
    database.exec(statement);
    database.close();
  };
  /** As many looks as go through the whole trail, and once more. */
  const round = () => Array.from({ length: 8 }, () => patrol(now)).flat();
  expect(patrol(now)).toEqual([]);
  return { store, add: () => store.transact(() => add(now)), tamper, round, patrol };
}

it('an untouched trail that goes on is never complained of', async () => {
  const { round, add } = await patrolled();
  expect(round()).toEqual([]);
  add();
  expect(round()).toEqual([]);
});

it.each([
  ['the newest entries', `delete from audit where sequence > ${count - 3}`, 'truncated', count],
  ['all of it', 'delete from audit', 'truncated', count],
  ['one of the oldest', 'delete from audit where sequence = 7', 'missing', 7],
  ['the beginning', 'delete from audit where sequence <= 3', 'missing', 1],
  [
    'one at a border',
    `delete from audit where sequence = ${patrolCountMax + 1}`,
    'missing',
    patrolCountMax + 1,
  ],
  ['an actor', `update audit set actor = 'x' where sequence = 300`, 'edited', 300],
  ['the last hash', `update audit set hash = 'x' where sequence = ${count}`, 'replaced', count],
] as const)(
  'tells once that somebody took or changed %s',
  async (_, statement, problem, sequence) => {
    const { store, tamper, round } = await patrolled();
    tamper(statement);
    const found = round();
    expect(found).toContainEqual({ problem, sequence });
    expect(store.audit.list(0, 10_000).some(({ action }) => action === 'audit.damaged')).toBe(true);
    expect(round()).toEqual([]);
  },
);

it('a gap hides no other one, and one that is filled by a chain of its own is seen', async () => {
  const { tamper, round, add, patrol } = await patrolled();
  tamper('delete from audit where sequence in (7, 400)');
  expect(new Set(round().map(({ sequence }) => sequence))).toEqual(new Set([7, 400]));
  // Cut off, and grown again before anybody looked.
  tamper(`delete from audit where sequence > ${count - 3}`);
  for (let index = 0; index < 6; index += 1) add();
  expect(patrol(now)).toContainEqual(expect.objectContaining({ problem: 'replaced' }));
});

it('an entry that came and went between two looks is missed where it was signed', async () => {
  const { store, tamper, add, patrol } = await patrolled();
  add();
  store.audit.checkpoint();
  tamper(`delete from audit where sequence = ${count + 1}`);
  expect(patrol(now)).toEqual([{ problem: 'truncated', sequence: count + 1 }]);
  add();
  expect(patrol(now)).toContainEqual({ problem: 'replaced', sequence: count + 1 });
});

it('what was deleted for its age, with a signed statement, is no gap', async () => {
  const { store, round, patrol } = await patrolled((index) => now + index * dayMs);
  patrol(now);
  expect(store.pruneAudit(now + 400 * dayMs)).toBeGreaterThan(patrolCountMax);
  expect(round()).toEqual([]);
});
