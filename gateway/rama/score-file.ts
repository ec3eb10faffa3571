import { z } from 'zod';
import { deviceClasses } from '../core/device.ts';
import { outcomes, severities } from '../core/finding.ts';
import type { Instant } from '../core/observation.ts';
import type { FactorId, GateId, MatchedVulnerability } from '../core/rama.ts';
import { factors } from './criteria.ts';
import { explainReckoning } from './explain.ts';
import { compromiseItem } from './gates.ts';
import type { HeldGate, Item, Reckoning } from './item.ts';
import { criticalityOf } from './reckoning.ts';
import { gradeOf } from './score.ts';
import { threatBadness } from './threats.ts';
import { vectorText } from './vector.ts';
import { vulnerabilityBadness } from './vulnerabilities.ts';

const listMax = 10_000;
const dayMs = 86_400_000;
const badness = z.array(z.number().min(0).max(1)).max(listMax).default([]);

const Vulnerability = z.strictObject({
  cvss: z.number().min(0).max(10),
  epss: z.number().min(0).max(1).default(0),
  kev: z.boolean().default(false),
  exploit: z.enum(['A', 'P', 'U']).default('U'),
  av: z.enum(['N', 'A', 'L', 'P']).default('N'),
  /** The share that controls take away. */
  mitig: z.number().min(0).max(1).default(0),
});

const Event = z.strictObject({
  sev: z.enum(severities),
  conf: z.number().min(0).max(1),
  outcome: z.enum(outcomes).default('detected'),
  /** Day on which it was. */
  t: z.number(),
});

const CaseDevice = z.strictObject({
  cls: z.enum(deviceClasses),
  fun: z.enum(['none', 'monitor', 'diagnose', 'therapy', 'lifeSupport']),
  vulns: z.array(Vulnerability).max(listMax).default([]),
  auth: badness,
  crypto: badness,
  exposure: badness,
  patch: badness,
  data: badness,
  events: z.array(Event).max(listMax).default([]),
  compromised: z.boolean().default(false),
  defaultCred: z.boolean().default(false),
  plaintextPhiIp: z.boolean().default(false),
});
type CaseDevice = z.output<typeof CaseDevice>;

/** A file of cases: figures in place of evidence, so that anybody can check the arithmetic. */
export const ScoreFile = z.object({
  cases: z
    .array(
      z.object({
        name: z.string().max(1000),
        device: CaseDevice,
        day: z.number().default(0),
      }),
    )
    .min(1)
    .max(listMax),
});

export type ScoreFile = z.output<typeof ScoreFile>;

export function scoreCase({ name, device, day }: ScoreFile['cases'][number]) {
  const reckoning = caseReckoning(device, day);
  const result = explainReckoning(reckoning);
  const { score, raw, factors: lost, ...rest } = result;
  return {
    name,
    score,
    grade: gradeOf(score),
    raw,
    criticality: reckoning.criticality,
    vector: vectorText(result.badness, reckoning),
    factors: lost,
    gates: rest.gates,
    items: rest.items,
    byTag: rest.byTag,
    whatIfs: rest.whatIfs,
  };
}

function caseReckoning(device: CaseDevice, day: number): Reckoning {
  const lists: readonly (readonly [FactorId, string, readonly number[]])[] = [
    ['V', 'vulns', device.vulns.map(caseVulnerability)],
    ['A', 'auth', device.auth],
    ['C', 'crypto', device.crypto],
    ['E', 'exposure', device.exposure],
    ['P', 'patch', device.patch],
    ['D', 'data', device.data],
    ['T', 'events', device.events.map((event) => eventBadness(event, day))],
  ];
  return {
    items: lists.flatMap(([factor, list, values]) =>
      values
        .map((value, index): Item => {
          const id = `${list}[${index}]`;
          const { title, tags } = factors[factor];
          return { id, factor, title, badness: value, best: 0, state: 'known', tags };
        })
        .filter((item) => item.badness > 0),
    ),
    gates: caseGates(device),
    criticality: criticalityOf(
      device.cls,
      device.fun === 'lifeSupport' ? 'life-support' : device.fun,
    ),
  };
}

function caseVulnerability({ mitig, ...each }: CaseDevice['vulns'][number]): number {
  const vulnerability: MatchedVulnerability = {
    id: '',
    match: 'affected',
    status: 'affected',
    cvss: each.cvss,
    attackVector: each.av,
    epss: each.epss,
    isKnownExploited: each.kev,
    exploitMaturity: each.exploit,
  };
  return vulnerabilityBadness(vulnerability, 'expected') * (1 - mitig);
}

function eventBadness(event: CaseDevice['events'][number], day: number): number {
  const { sev: severity, conf: confidence, outcome, t } = event;
  const at = (t * dayMs) as Instant;
  const now = (day * dayMs) as Instant;
  return threatBadness({ threat: 'D01', detector: '', severity, confidence, outcome, at }, now);
}

function caseGates(device: CaseDevice): HeldGate[] {
  const exploited = device.vulns.flatMap(({ kev, av, mitig }, index) =>
    kev && (av === 'N' || av === 'A') && mitig < 0.5 ? [`vulns[${index}]`] : [],
  );
  const all: readonly (readonly [GateId, readonly string[]])[] = [
    ['G1', device.compromised ? [compromiseItem] : []],
    ['G2', exploited],
    ['G3', device.defaultCred ? ['auth[0]'] : []],
    ['G4', device.plaintextPhiIp ? ['crypto[0]'] : []],
  ];
  return all.filter(([, causes]) => causes.length > 0).map(([id, causes]) => ({ id, causes }));
}
