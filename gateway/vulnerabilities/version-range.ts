import type { Doubt, Verdict, VersionRange } from '../core/vulnerability.ts';
import { compareVersions, type VersionScheme } from './version-order.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** There when the verdict is unknown. */
  readonly doubt?: Doubt;
}

export const affected: Judgement = { verdict: 'affected' };
export const notAffected: Judgement = { verdict: 'not-affected' };
export const unknownFor = (doubt: Doubt): Judgement => ({ verdict: 'unknown', doubt });

/** Whether a version lies in a range; `affected` means inside. */
export function judgeRange(
  version: string | undefined,
  range: VersionRange,
  scheme: VersionScheme,
): Judgement {
  const bounds = [
    bound(range.startIncluding, (order) => order >= 0),
    bound(range.startExcluding, (order) => order > 0),
    bound(range.endIncluding, (order) => order <= 0),
    bound(range.endExcluding, (order) => order < 0),
  ].filter((each) => each !== undefined);
  if (bounds.length === 0) return affected;
  if (version === undefined) return unknownFor('version-missing');
  return allOf(
    bounds.map(({ text, holds }) => {
      const order = compareVersions(version, text, scheme);
      if (order === undefined) return unknownFor('version-unparsed');
      return holds(order) ? affected : notAffected;
    }),
  );
}

function bound(text: string | undefined, holds: (order: number) => boolean) {
  return text === undefined ? undefined : { text, holds };
}

const rank: Record<Verdict, number> = { 'not-affected': 0, unknown: 1, affected: 2 };

/** The safest of them: all must hold. Of none: affected. */
export function allOf(judgements: readonly Judgement[]): Judgement {
  return judgements.reduce((a, b) => (rank[b.verdict] < rank[a.verdict] ? b : a), affected);
}

/** The worst of them: one is enough. Of none: not affected. */
export function anyOf(judgements: readonly Judgement[]): Judgement {
  return judgements.reduce((a, b) => (rank[b.verdict] > rank[a.verdict] ? b : a), notAffected);
}
