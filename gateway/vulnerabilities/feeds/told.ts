import { z } from 'zod';
import type {
  Exploited,
  Likelihood,
  VexStatement,
  Vulnerability,
} from '../../core/vulnerability.ts';

/** What one entry of a feed says. What of it could not be read is among the problems, not left out in silence. */
export interface Told {
  readonly vulnerabilities: readonly Vulnerability[];
  readonly statements: readonly VexStatement[];
  readonly exploited: readonly Exploited[];
  readonly likelihoods: readonly Likelihood[];
  readonly problems: readonly string[];
}

export function tell(told: Partial<Told>): Told {
  return {
    vulnerabilities: [],
    statements: [],
    exploited: [],
    likelihoods: [],
    problems: [],
    ...told,
  };
}

export const nothing = (problem: string): Told => tell({ problems: [problem] });

/** Why a value is not of its shape, in one line of bounded length. */
export function problemOf(what: string, { issues }: z.ZodError): string {
  const [issue] = issues;
  return `${what}: ${issue?.path.join('.') || 'entry'}: ${issue?.message ?? 'unreadable'}`.slice(
    0,
    300,
  );
}

/** Bounds of everything that comes from outside. */
export const limits = {
  nameChars: 512,
  titleChars: 200,
  vectors: 32,
  /** Lines of all configurations of one vulnerability; the largest of NVD has some 20,000. */
  criteria: 50_000,
  products: 20_000,
  depth: 32,
};

export const Name = z.string().min(1).max(limits.nameChars);
export const VulnerabilityId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{2,127}$/, 'no id of a vulnerability');

/** ISO 8601; NVD leaves out the zone and means UTC. */
export const Moment = z
  .string()
  .max(40)
  .transform((text, context) => {
    const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T');
    const at = Date.parse(hasZone ? text : `${text}Z`);
    if (Number.isFinite(at)) return at;
    context.addIssue({ code: 'custom', message: 'no time' });
    return z.NEVER;
  });

/** The first line of a text, cut to what a list can show. */
export function titleOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > limits.titleChars ? `${line.slice(0, limits.titleChars - 1)}…` : line;
}
