import type { VersionRange } from '../../core/vulnerability.ts';

const bounds = {
  '>=': 'startIncluding',
  '>': 'startExcluding',
  '<=': 'endIncluding',
  '<': 'endExcluding',
} as const satisfies Record<string, keyof VersionRange>;

const charsMax = 256;

/**
 * A range as advisories write it: `<= L81`, `>=2.0|<2.4`, `vers:generic/>=1.0|<2.0`, `vers:all/*`,
 * `All versions`. Undefined for whatever says it in other words; that is no range of nothing.
 */
export function rangeOfText(text: string): VersionRange | undefined {
  const plain = text
    .trim()
    .slice(0, charsMax)
    .replace(/^vers:[a-z0-9]+\//i, '');
  if (/^(\*|all(\s+versions)?|any)$/i.test(plain)) return {};
  const range: { -readonly [Bound in keyof VersionRange]: VersionRange[Bound] } = {};
  for (const piece of plain.split(/[|,]|(?<=[^\s|,<>=])\s+(?=[<>])/)) {
    const match = /^\s*(>=|<=|>|<|≤|≥)\s*(?:v(?:ersion)?\s*|rev\.?\s*)?([^\s<>=|]+)\s*$/i.exec(
      piece,
    );
    if (!match) return undefined;
    const sign = { '≤': '<=', '≥': '>=' }[match[1] ?? ''] ?? match[1];
    const bound = bounds[sign as keyof typeof bounds];
    // Two bounds of one kind are two ranges, and this is one.
    if (range[bound] !== undefined) return undefined;
    range[bound] = match[2];
  }
  return range;
}
