import type { SsvcAction } from '../core/rama.ts';

/**
 * CISA’s tree of Stakeholder-Specific Vulnerability Categorization (CISA SSVC guide, November 2022):
 * what to do, beside any score.
 */
export const ssvcMeanings = {
  track: 'Nothing now; it is fixed with the next regular update.',
  'track*': 'Watch closely; it is fixed with the next regular update.',
  attend: 'Somebody in charge sees to it, sooner than the regular update.',
  act: 'Whoever leads is told, and it is dealt with as soon as possible.',
} as const satisfies Record<SsvcAction, string>;

export type Exploitation = 'none' | 'poc' | 'active';
export type Mission = 'low' | 'medium' | 'high';

export interface SsvcFacts {
  readonly exploitation: Exploitation;
  readonly isAutomatable: boolean;
  readonly isTotal: boolean;
  /** Mission prevalence and public well-being in one, as CISA combines them. */
  readonly mission: Mission;
}

/** Exploitation, automatable, technical impact, then by mission: low, medium, high. */
const rows: readonly (readonly [
  Exploitation,
  boolean,
  boolean,
  readonly [SsvcAction, SsvcAction, SsvcAction],
])[] = [
  ['none', false, false, ['track', 'track', 'track']],
  ['none', false, true, ['track', 'track', 'track*']],
  ['none', true, false, ['track', 'track', 'attend']],
  ['none', true, true, ['track', 'track', 'attend']],
  ['poc', false, false, ['track', 'track', 'track*']],
  ['poc', false, true, ['track', 'track*', 'attend']],
  ['poc', true, false, ['track', 'track', 'attend']],
  ['poc', true, true, ['track', 'track*', 'attend']],
  ['active', false, false, ['track', 'track', 'attend']],
  ['active', false, true, ['track', 'attend', 'act']],
  ['active', true, false, ['attend', 'attend', 'act']],
  ['active', true, true, ['attend', 'act', 'act']],
];

const column: Record<Mission, 0 | 1 | 2> = { low: 0, medium: 1, high: 2 };

export function ssvcAction({
  exploitation,
  isAutomatable,
  isTotal,
  mission,
}: SsvcFacts): SsvcAction {
  const row = rows.find(
    ([each, automatable, total]) =>
      each === exploitation && automatable === isAutomatable && total === isTotal,
  );
  if (!row) throw new Error('the tree has a row for everything');
  return row[3][column[mission]];
}
