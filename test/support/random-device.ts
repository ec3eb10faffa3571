import { clinicalFunctions, deviceClasses } from '../../gateway/core/device.ts';
import { outcomes, severities } from '../../gateway/core/finding.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import {
  type MatchedVulnerability,
  type Posture,
  type PostureQuestion,
  postureQuestions,
  type RamaSubject,
  type Statement,
  statementTtlMs,
  type ThreatEpisode,
} from '../../gateway/core/rama.ts';
import { type ThreatId, threats } from '../../gateway/core/threat.ts';
import { questionIds, questions } from '../../gateway/rama/criteria.ts';

/** A device of any kind by one number: all is known of it, and nothing contradicts itself. */

export const someTime = Date.UTC(2026, 10, 22) as Instant;
const dayMs = 86_400_000;

/** Numbers from 0 to 1 by a seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<Each>(next: () => number, list: readonly Each[]): Each {
  return list[Math.floor(next() * list.length)] as Each;
}

export function known<Value>(
  value: Value,
  ttlMs: number = statementTtlMs.document,
): Statement<Value> {
  return { value, source: 'test', at: someTime, ttlMs };
}

export function randomDevice(seed: number): RamaSubject {
  const next = chance(seed);
  return {
    class: pick(next, deviceClasses),
    function: pick(next, clinicalFunctions),
    posture: randomPosture(next),
    updateAgeDays: known(Math.floor(next() * 4000)),
    vulnerabilities: known(
      Array.from({ length: Math.floor(next() ** 3 * 12) }, () => randomVulnerability(next)),
    ),
    episodes: Array.from({ length: Math.floor(next() ** 3 * 6) }, () => randomEpisode(next)),
    isCompromised: next() < 0.02,
  };
}

/** Half of all answers are good ones: devices with everything wrong are all alike. */
function randomPosture(next: () => number): Posture {
  const posture: Partial<Record<PostureQuestion, Statement<unknown>>> = {};
  for (const id of questionIds) {
    const answers: readonly string[] = postureQuestions[id];
    posture[id] = known(next() < 0.5 ? answers.at(-1) : pick(next, answers));
  }
  for (const id of questionIds) {
    const excluded = Object.entries(questions[id].notAskedAt ?? {}).some(([other, answers]) =>
      (answers as readonly unknown[]).includes(posture[other as PostureQuestion]?.value),
    );
    if (excluded) delete posture[id];
  }
  return posture as Posture;
}

export function randomVulnerability(next: () => number): MatchedVulnerability {
  return {
    id: `CVE-2026-${Math.floor(next() * 1e6)}`,
    match: 'affected',
    status: next() < 0.8 ? 'affected' : 'not_affected',
    cvss: Math.round(next() * 100) / 10,
    attackVector: pick(next, ['N', 'A', 'L', 'P'] as const),
    epss: next() ** 4,
    isKnownExploited: next() < 0.1,
    exploitMaturity: pick(next, ['A', 'P', 'U', 'U', 'U'] as const),
    ...(next() < 0.2 && { mitigation: { kind: 'filter' as const, evidence: ['rule 7'] } }),
  };
}

export function randomEpisode(next: () => number): ThreatEpisode {
  return {
    threat: pick(next, Object.keys(threats) as ThreatId[]),
    detector: 'test',
    severity: pick(next, severities),
    confidence: next(),
    outcome: pick(next, outcomes),
    at: (someTime - Math.floor(next() * 30) * dayMs) as Instant,
  };
}
