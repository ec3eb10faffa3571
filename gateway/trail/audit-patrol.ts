import { createPublicKey, type KeyObject } from 'node:crypto';
import { isSigned } from '../audit/checkpoint.ts';
import { type Patrol, patrolTrail, type Trail } from '../audit/patrol.ts';
import { type AuditProblem, startOf } from '../audit/verify.ts';
import type { Store } from '../store/store.ts';
import { enterProblem } from './auditing.ts';

/** What was told is not told again; beyond so many the oldest is forgotten. */
const toldMax = 64;

/** Looks at the trail while the gateway runs, in the keeper thread; one part a call. */
export function createAuditPatrol(
  store: Store,
  key: KeyObject,
): (at: number) => readonly AuditProblem[] {
  const publicKey = createPublicKey(key);
  const { audit } = store;
  const trail: Trail = {
    list: (after, countMax) => audit.list(after, countMax),
    last: () => audit.last(),
    // A false one can only tell of a gap that is none, never hide one.
    signed: () => audit.recentCheckpoints(),
    startOf(record) {
      if (record.sequence === 1) return startOf(record, []);
      const pruned = audit.checkpoints().filter(({ kind }) => kind === 'pruned');
      return startOf(
        record,
        pruned.filter((statement) => isSigned(statement, publicKey)),
      );
    },
  };
  let patrol: Patrol = {};
  const told = new Set<string>();

  return (at) => {
    const look = patrolTrail(patrol, trail);
    patrol = look.patrol;
    const news = look.problems.filter((problem) => isNew(problem, told));
    for (const problem of news) enterProblem(store, problem, at);
    return news;
  };
}

function isNew({ sequence, problem }: AuditProblem, told: Set<string>): boolean {
  const name = `${sequence} ${problem}`;
  if (told.has(name)) return false;
  told.add(name);
  const [oldest] = told;
  if (told.size > toldMax && oldest !== undefined) told.delete(oldest);
  return true;
}
