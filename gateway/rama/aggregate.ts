import { type RamaGrade, type RamaScore, type TagList, tagLists } from '../core/rama.ts';
import { gradeOf } from './score.ts';

/** The worst part by weight that counts twice: once in the mean, once alone. */
const worstShare = 0.1;
/** Shares below this are what floating point leaves. */
const shareMin = 1e-12;

/** One device in a ward, a site, a group of any kind. */
export interface Member {
  readonly id: string;
  readonly rama: Pick<RamaScore, 'score' | 'criticality' | 'factors' | 'gates' | 'byTag'>;
}

export interface LocalScore {
  readonly score: number;
  readonly grade: RamaGrade;
  readonly devices: number;
  /** What the mean alone would say. */
  readonly mean: number;
  /** Points each member takes; their sum is 100 - score. */
  readonly contributions: readonly { readonly id: string; readonly points: number }[];
  /** The same points by factor and gate, and by the classes of each list. */
  readonly byFactor: Readonly<Record<string, number>>;
  readonly byTag: Readonly<Record<TagList, Readonly<Record<string, number>>>>;
}

/**
 * Local = 100 - (half the mean of the risks + half their expected shortfall at 0.9), by criticality:
 * one bad device shows, and many good ones do not hide it. Undefined for a group of nobody.
 */
export function aggregate(members: readonly Member[]): LocalScore | undefined {
  if (members.length === 0) return;
  // Sums of floating point depend on their order; the score must not.
  const ordered = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const total = sumOf(ordered, ({ rama }) => rama.criticality);
  const ranked = ordered
    .map((member) => ({
      member,
      risk: 100 - member.rama.score,
      share: member.rama.criticality / total,
    }))
    .sort((a, b) => b.risk - a.risk || (a.member.id < b.member.id ? -1 : 1));
  let left = worstShare;
  const parts = ranked.map(({ member, risk, share }) => {
    const tail = left > shareMin ? Math.min(left, share) : 0;
    left -= tail;
    const points = 0.5 * share * risk + (0.5 * tail * risk) / worstShare;
    return { member, points, mean: share * risk };
  });
  const score = 100 - sumOf(parts, ({ points }) => points);
  return {
    score,
    grade: gradeOf(score),
    devices: members.length,
    mean: 100 - sumOf(parts, ({ mean }) => mean),
    contributions: parts.map(({ member, points }) => ({ id: member.id, points })),
    ...sharedOut(parts),
  };
}

/** The local score of each group, in the order of their names. */
export function aggregateBy<Each extends Member>(
  members: readonly Each[],
  keyOf: (member: Each) => string,
): ReadonlyMap<string, LocalScore> {
  const groups = Map.groupBy(members, keyOf);
  return new Map(
    [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, group]) => {
        const local = aggregate(group);
        return local ? [[key, local]] : [];
      }),
  );
}

/** A member's points go where its own were lost. */
function sharedOut(
  parts: readonly { readonly member: Member; readonly points: number }[],
): Pick<LocalScore, 'byFactor' | 'byTag'> {
  const byFactor: Record<string, number> = {};
  const byTag: Record<TagList, Record<string, number>> = {
    enisa: {},
    owasp2021: {},
    owasp2025: {},
    iot: {},
  };
  const add = (sums: Record<string, number>, key: string, points: number) => {
    if (points > 0) sums[key] = (sums[key] ?? 0) + points;
  };
  for (const { member, points } of parts) {
    const { score, factors, gates, byTag: own } = member.rama;
    const scale = score < 100 ? points / (100 - score) : 0;
    for (const [id, factor] of Object.entries(factors)) add(byFactor, id, factor.points * scale);
    for (const gate of gates) add(byFactor, gate.id, gate.points * scale);
    for (const list of tagLists) {
      for (const [key, lost] of Object.entries(own[list])) add(byTag[list], key, lost * scale);
    }
  }
  return { byFactor, byTag };
}

function sumOf<Each>(list: readonly Each[], figure: (each: Each) => number): number {
  return list.reduce((sum, each) => sum + figure(each), 0);
}
