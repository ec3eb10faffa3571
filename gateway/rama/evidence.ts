import type { Instant } from '../core/observation.ts';
import type { RamaEvidence, RamaSubject, Statement } from '../core/rama.ts';
import { canonicalHash } from './canonical.ts';
import { questionIds } from './criteria.ts';
import { stateOf } from './statement-state.ts';

/** Every input of a score, the unknown ones too, in the order of their names. */
export function evidenceOf(subject: RamaSubject, now: Instant): RamaEvidence[] {
  const { posture, updateAgeDays, vulnerabilities, episodes, isCompromised } = subject;
  const facts = { class: subject.class, function: subject.function, isCompromised, episodes };
  return [
    ...questionIds.map((id) => evidence(id, posture[id], now)),
    evidence('updateAgeDays', updateAgeDays, now),
    evidence('vulnerabilities', sorted(vulnerabilities), now),
    ...Object.entries({ ...facts, episodes: byHash(episodes) }).map(([id, value]) => ({
      id,
      state: 'known' as const,
      value,
      hash: canonicalHash(value),
    })),
    ...Object.entries(subject.withoutGateway ?? {}).map(([id, statement]) =>
      evidence(`withoutGateway.${id}`, statement, now),
    ),
  ].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function evidence(
  id: string,
  statement: Statement<unknown> | undefined,
  now: Instant,
): RamaEvidence {
  const state = stateOf(statement, now);
  return statement ? { id, state, ...statement, hash: canonicalHash(statement) } : { id, state };
}

function sorted<Value>(
  statement: Statement<readonly Value[]> | undefined,
): Statement<readonly Value[]> | undefined {
  return statement && { ...statement, value: byHash(statement.value) };
}

/** In which order a list came says nothing, so it must not show. */
function byHash<Value>(values: readonly Value[]): Value[] {
  return values
    .map((value) => ({ value, hash: canonicalHash(value) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ value }) => value);
}
