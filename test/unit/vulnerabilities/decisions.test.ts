import { expect, it } from 'vitest';
import { bodRow } from '../../../gateway/vulnerabilities/bod-26-04.ts';
import { factsOf } from '../../../gateway/vulnerabilities/cvss.ts';
import { mitigationOf } from '../../../gateway/vulnerabilities/mitigation.ts';
import { ssvcAction } from '../../../gateway/vulnerabilities/ssvc.ts';

/** Every row of the published tree that is not “track”, as it reads there. */
const beyondTrack: Record<string, string> = {
  'none no total high': 'track*',
  'none yes partial high': 'attend',
  'none yes total high': 'attend',
  'poc no partial high': 'track*',
  'poc no total medium': 'track*',
  'poc no total high': 'attend',
  'poc yes partial high': 'attend',
  'poc yes total medium': 'track*',
  'poc yes total high': 'attend',
  'active no partial high': 'attend',
  'active no total medium': 'attend',
  'active no total high': 'act',
  'active yes partial low': 'attend',
  'active yes partial medium': 'attend',
  'active yes partial high': 'act',
  'active yes total low': 'attend',
  'active yes total medium': 'act',
  'active yes total high': 'act',
};

const rows = (['none', 'poc', 'active'] as const).flatMap((exploitation) =>
  (['no', 'yes'] as const).flatMap((automatable) =>
    (['partial', 'total'] as const).flatMap((impact) =>
      (['low', 'medium', 'high'] as const).map(
        (mission) => [exploitation, automatable, impact, mission] as const,
      ),
    ),
  ),
);

it('SSVC has 36 rows', () => expect(rows).toHaveLength(36));

it.each(rows)('SSVC: %s, automatable %s, %s, %s', (exploitation, automatable, impact, mission) => {
  const action = ssvcAction({
    exploitation,
    isAutomatable: automatable === 'yes',
    isTotal: impact === 'total',
    mission,
  });
  const row = [exploitation, automatable, impact, mission].join(' ');
  expect(action).toBe(beyondTrack[row] ?? 'track');
});

const directive: [string, ReturnType<typeof bodRow>][] = [
  ['0000', { isForensicsNeeded: false }],
  ['1000', { days: 14, isForensicsNeeded: false }],
  ['0100', { days: 60, isForensicsNeeded: false }],
  ['0010', { days: 60, isForensicsNeeded: false }],
  ['0001', { isForensicsNeeded: false }],
  ['1100', { days: 14, isForensicsNeeded: false }],
  ['1010', { days: 14, isForensicsNeeded: false }],
  ['0110', { days: 14, isForensicsNeeded: false }],
  ['1001', { days: 14, isForensicsNeeded: false }],
  ['0101', { days: 14, isForensicsNeeded: false }],
  ['0011', { days: 60, isForensicsNeeded: false }],
  ['1110', { days: 3, isForensicsNeeded: false }],
  ['1101', { days: 3, isForensicsNeeded: true }],
  ['1011', { days: 3, isForensicsNeeded: true }],
  ['0111', { days: 3, isForensicsNeeded: false }],
  ['1111', { days: 3, isForensicsNeeded: true }],
];

it.each(directive)('BOD 26-04: known exploited, exposed, automatable, total %s', (digits, row) => {
  const [isKnownExploited, isExposed, isAutomatable, isTotal] = [...digits].map((d) => d === '1');
  expect(
    bodRow({
      isKnownExploited: isKnownExploited ?? false,
      isExposed: isExposed ?? false,
      isAutomatable: isAutomatable ?? false,
      isTotal: isTotal ?? false,
    }),
  ).toEqual(row);
});

it('BOD 26-04 has 16 rows', () => expect(new Set(directive.map(([d]) => d)).size).toBe(16));

const remote = factsOf('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H');
const physical = factsOf('CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H');
const evidence = { id: 'link:pump-1', statement: 'serial line', at: 1_000, goodForMs: 100 };
const isolation = { kind: 'isolation', cuts: ['N', 'A'], evidence } as const;
const filter = { kind: 'filter', cuts: ['N'], evidence } as const;

it('a measure with evidence counts, two kinds count as both', () => {
  expect(mitigationOf('CVE-2026-1', remote, [isolation], 1_050)).toEqual({
    kind: 'isolation',
    evidence: ['link:pump-1: serial line'],
  });
  expect(mitigationOf('CVE-2026-1', remote, [isolation, isolation], 1_050)?.kind).toBe('isolation');
  expect(mitigationOf('CVE-2026-1', remote, [isolation, filter], 1_050)?.kind).toBe(
    'filter-and-isolation',
  );
});

it('a measure counts as none without evidence, with old evidence, or on another way', () => {
  const kind = (measure: Parameters<typeof mitigationOf>[2][number], now = 1_050) =>
    mitigationOf('CVE-2026-1', remote, [measure], now)?.kind;
  expect(kind({ ...isolation, evidence: undefined })).toBeUndefined();
  expect(kind({ ...isolation, evidence: { ...evidence, statement: '' } })).toBeUndefined();
  expect(kind(isolation, 1_101)).toBeUndefined();
  expect(kind(isolation, 999)).toBeUndefined();
  expect(kind({ ...filter, vulnerability: 'CVE-2026-2' })).toBeUndefined();
  expect(mitigationOf('CVE-2026-1', physical, [isolation], 1_050)).toBeUndefined();
  expect(mitigationOf('CVE-2026-1', undefined, [isolation], 1_050)).toBeUndefined();
});
