import type { Instant } from '../core/observation.ts';
import type {
  MatchedVulnerability,
  RamaReport,
  RamaScore,
  RamaSubject,
  RamaVulnerability,
} from '../core/rama.ts';
import { criteriaHash } from './criteria-hash.ts';
import { evidenceOf } from './evidence.ts';
import { explain } from './explain.ts';
import { reckoningOf } from './reckoning.ts';
import { gradeOf, reckon } from './score.ts';
import { intervalOf } from './uncertain.ts';
import { vectorText } from './vector.ts';
import { counts, vulnerabilityBadness } from './vulnerabilities.ts';

/** The score of one device, and all there is to say about it. */
export function assess(subject: RamaSubject, now: Instant): RamaScore {
  const reckoning = reckoningOf(subject, now, 'expected');
  const arithmetic = reckon(reckoning);
  const { score, raw } = arithmetic;
  const { withoutGateway } = subject;
  return {
    method: 'rama-gw/1',
    criteria: criteriaHash,
    at: now,
    score,
    grade: gradeOf(score),
    ...intervalOf(subject, now),
    ...partialScores(subject, now),
    environmental: score,
    raw,
    criticality: reckoning.criticality,
    vector: vectorText(arithmetic.badness, reckoning),
    ...explain(reckoning, arithmetic),
    vulnerabilities: vulnerabilitiesOf(subject),
    ...(withoutGateway && {
      withoutGateway: reckon(reckoningOf(unguarded(subject), now, 'expected')).score,
    }),
  };
}

/** The score with every input it was made of: what is kept, exported and computed again. */
export function report(subject: RamaSubject, now: Instant): RamaReport {
  return { ...assess(subject, now), evidence: evidenceOf(subject, now) };
}

/** Base and temporal: no clinical weight, no mitigation, no gates; without and with threats. */
function partialScores(subject: RamaSubject, now: Instant): Pick<RamaScore, 'base' | 'temporal'> {
  const { items } = reckoningOf(unmitigated(subject), now, 'expected');
  const plain = { gates: [], criticality: 1 };
  const temporal = reckon({ ...plain, items }).score;
  const base = reckon({ ...plain, items: items.filter(({ factor }) => factor !== 'T') }).score;
  return { base, temporal };
}

/** The device as it would stand without this gateway: its own posture, and nothing cut off. */
function unguarded(subject: RamaSubject): RamaSubject {
  const posture = { ...subject.posture, ...subject.withoutGateway };
  return { ...unmitigated(subject), posture };
}

function unmitigated(subject: RamaSubject): RamaSubject {
  const { vulnerabilities: statement } = subject;
  if (!statement) return subject;
  const value = statement.value.map((each) => ({ ...each, mitigation: undefined }));
  return { ...subject, vulnerabilities: { ...statement, value } };
}

/** One row a CVE that counts, the worst first. */
function vulnerabilitiesOf({ vulnerabilities }: RamaSubject): RamaVulnerability[] {
  const row = (each: MatchedVulnerability): RamaVulnerability => {
    const { id, status, ssvc, deadline, mitigation } = each;
    const badness = vulnerabilityBadness(each, 'expected');
    return { id, status, badness, ssvc, deadline, mitigation };
  };
  const rows = (vulnerabilities?.value ?? []).filter((each) => counts(each, 'expected')).map(row);
  const byId = Object.groupBy(rows, ({ id }) => id);
  return Object.values(byId)
    .map((same = []) => same.toSorted((a, b) => b.badness - a.badness)[0])
    .filter((each) => each !== undefined)
    .sort((a, b) => b.badness - a.badness || (a.id < b.id ? -1 : 1));
}
