import type { RamaScore, TagList } from '../core/rama.ts';
import { factors, gates } from '../rama/criteria.ts';
import { gradeOf } from '../rama/score.ts';

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

/** By what the points lost can be shown. */
export const breakdowns = {
  factor: undefined,
  enisa: 'enisa',
  owasp: 'owasp2025',
  owasp2021: 'owasp2021',
  iot: 'iot',
} as const satisfies Record<string, TagList | undefined>;
export type Breakdowns = keyof typeof breakdowns;

/** What lost its points where: a device, or a group of them. */
interface Lossy {
  readonly byTag: RamaScore['byTag'];
  readonly factors?: RamaScore['factors'];
  readonly gates?: RamaScore['gates'];
  readonly byFactor?: Readonly<Record<string, number>>;
}

export function breakdownLines(by: Breakdowns, rama: Lossy): string[] {
  const list = breakdowns[by];
  const points = list ? rama.byTag[list] : (rama.byFactor ?? ownFactors(rama));
  return Object.entries(points)
    .filter(([, lost]) => lost > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, lost]) => row('lost', lost, list ? `${by} ${name}` : titleOf(name)));
}

function ownFactors({ factors: own, gates: held = [] }: Lossy): Record<string, number> {
  const rows = [
    ...Object.entries(own ?? {}).map(([id, { points }]) => [id, points] as const),
    ...held.map(({ id, points }) => [id, points] as const),
  ];
  return Object.fromEntries(rows);
}

function titleOf(id: string): string {
  const known: Readonly<Record<string, { readonly title: string }>> = { ...factors, ...gates };
  return known[id]?.title ?? id;
}

/** What the gateway is worth, where anything would differ without it. */
export function gatewayLine({
  score,
  withoutGateway,
}: Pick<RamaScore, 'score' | 'withoutGateway'>): string | undefined {
  if (withoutGateway === undefined) return undefined;
  const worth = (score - withoutGateway).toFixed(1);
  const line = scoreLine({ score: withoutGateway, grade: gradeOf(withoutGateway) });
  return `Without the gateway ${line}: it is worth ${worth} points.`;
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
