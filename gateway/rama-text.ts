import type { RamaScore } from './core/rama.ts';
import { factors } from './rama/criteria.ts';

/** How a score is printed for people. */
const itemsMax = 8;

export function scoreLine({ score, grade }: Pick<RamaScore, 'score' | 'grade'>): string {
  return `${score.toFixed(1).padStart(5)} ${grade}`;
}

/** Points lost by factor, by gate and by item, then what would gain most. */
export function explanationLines(
  rama: Pick<RamaScore, 'factors' | 'gates' | 'items' | 'whatIfs' | 'vector'>,
): string[] {
  const byFactor = Object.entries(rama.factors)
    .filter(([, { points }]) => points > 0)
    .sort(([, a], [, b]) => b.points - a.points)
    .map(([id, { points }]) => row('lost', points, factors[id as keyof typeof factors].title));
  const byGate = rama.gates.map(({ id, title, cap, points }) =>
    row('gate', points, `${id} ${title}: at most ${cap}`),
  );
  const byItem = rama.items
    .slice(0, itemsMax)
    .map(({ points, title, state }) => row('  by', points, `${title}${remark(state)}`));
  const gains = rama.whatIfs.map(({ gain, title }) => row('gain', gain, title));
  return [`  ${rama.vector}`, ...byFactor, ...byGate, ...byItem, ...gains];
}

export function intervalText({
  low,
  high,
  confidence,
}: Pick<RamaScore, 'low' | 'high' | 'confidence'>): string {
  return `between ${low.toFixed(1)} and ${high.toFixed(1)}, confidence ${confidence.toFixed(2)}`;
}

function row(what: string, points: number, title: string): string {
  return `  ${what} ${points.toFixed(1).padStart(5)}  ${title}`;
}

function remark(state: RamaScore['items'][number]['state']): string {
  return state === 'known' ? '' : ` (${state})`;
}
