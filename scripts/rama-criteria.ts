import { factorIds, postureQuestions, type TagList } from '../gateway/core/rama.ts';
import {
  badnessOf,
  criticality,
  factors,
  gates,
  grades,
  priorBadness,
  questionIds,
  questions,
  threatFigures,
  updateAge,
  vulnerabilityFigures,
  vulnerabilityPrior,
} from '../gateway/rama/criteria.ts';
import { criteriaHash } from '../gateway/rama/criteria-hash.ts';
import { code, page, table } from './markdown.ts';

const hourMs = 3_600_000;

/** Every figure of the method, from the data the score is computed by. */
export function ramaCriteria(): string {
  const { epssPeriods, floor, reach, mitigation } = vulnerabilityFigures;
  const { severity, halfLifeMs, outcome, fixedHalfLifeMs } = threatFigures;
  return page('RAMA: the criteria', 'gateway/rama/criteria.ts', [
    `Every figure behind a score; what they mean and how they are put together is in [rama.md](rama.md). SHA-256 of all of them, which every score carries as \`criteria\`: \`${criteriaHash}\`.`,
    '## Factors',
    table(
      ['', 'Factor', 'Weight', 'ENISA', 'OWASP 2021', 'OWASP 2025', 'OWASP IoT'],
      factorIds.map((id) => [id, factors[id].title, `${factors[id].weight}`, ...tags(factors[id])]),
    ),
    'ENISA: place in the Top 15 of 2020. The items of T carry the classes of the detection that fired.',
    '## Questions of the factors A, C, E, P and D',
    table(
      ['', 'Question', 'Answers, 0 is good', 'Unknown counts'],
      questionIds.map((id) => [
        questions[id].factor,
        `${code(id)}: ${questions[id].title}`,
        postureQuestions[id].map((answer) => `${code(answer)} ${badnessOf(id, answer)}`).join(', '),
        `${priorBadness(id)}`,
      ]),
    ),
    `And in P ${code('updateAge')}: ${updateAge.title}, 1 - 2^(-days/${updateAge.halfLifeDays}); unknown counts ${updateAge.priorBadness}.`,
    '## Vulnerabilities (V)',
    table(
      ['Figure', 'Values'],
      [
        ['Floor of the probability, by exploit maturity', figures(floor)],
        ['Periods of 30 days that EPSS is compounded over', `${epssPeriods}`],
        ['Reach, by attack vector', figures(reach)],
        ['Mitigation with evidence', figures(mitigation)],
        ['Nobody looked', `${vulnerabilityPrior.badness}`],
        ['CVSS unknown', `${vulnerabilityPrior.cvss}`],
      ],
    ),
    '## Threats (T)',
    table(
      ['Figure', 'Values'],
      [
        ['Severity', figures(severity)],
        ['Half-life, hours', figures(halfLifeMs, hourMs)],
        ['Half-life once the cause is gone, hours', `${fixedHalfLifeMs / hourMs}`],
        ['Outcome', figures(outcome)],
      ],
    ),
    '## Criticality',
    table(
      ['Figure', 'Values'],
      [
        ['Class (MDR, IVDR)', figures(criticality.class)],
        ['Clinical function, added', figures(criticality.function)],
        ['Bounds', `${criticality.min} to ${criticality.max}`],
      ],
    ),
    '## Gates',
    table(
      ['', 'Gate', 'Score at most', 'ENISA', 'OWASP 2021', 'OWASP 2025', 'OWASP IoT'],
      Object.entries(gates).map(([id, gate]) => [id, gate.title, `${gate.cap}`, ...tags(gate)]),
    ),
    '## Grades',
    table(
      ['Grade', 'Score at least'],
      Object.entries(grades).map(([grade, min]) => [grade, `${min}`]),
    ),
  ]);
}

function tags({ tags: own }: { readonly tags: Readonly<Record<TagList, string>> }): string[] {
  return [own.enisa, own.owasp2021, own.owasp2025, own.iot];
}

function figures(values: Readonly<Record<string, number>>, unit = 1): string {
  return Object.entries(values)
    .map(([name, value]) => `${code(name)} ${value / unit}`)
    .join(', ');
}
