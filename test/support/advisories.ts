import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClinicalFunction, DeviceClass } from '../../gateway/core/device.ts';
import {
  type AttackVector,
  type MatchedVulnerability,
  type Posture,
  type PostureAnswer,
  type PostureQuestion,
  postureQuestions,
  type RamaSubject,
} from '../../gateway/core/rama.ts';
import { known } from './random-device.ts';

/** Public advisories as devices: by fixed rules from what CISA wrote, so that nobody's wish is in it. */

export interface Advisory {
  readonly advisory: string;
  readonly title: string;
  readonly source: string;
  readonly class: DeviceClass;
  readonly function: ClinicalFunction;
  readonly vulnerabilities: readonly {
    readonly id: string;
    readonly cvss: number;
    readonly vector: string;
    readonly cwe: string;
    readonly isKnownExploited: boolean;
  }[];
}

export interface Ranked {
  readonly advisory: string;
  /** 1 is worst. */
  readonly tier: number;
  readonly why: string;
}

const folder = join(import.meta.dirname, '../fixtures/rama');
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;

export const advisories = read('advisories.json') as readonly Advisory[];
export const { ranking } = read('advisory-ranking.json') as { ranking: readonly Ranked[] };

/** What a weakness says of the device; `afar`: only where it is reached by network or radio. */
const weaknesses: readonly {
  readonly cwes: readonly number[];
  readonly question: PostureQuestion;
  readonly answer: PostureAnswer;
  readonly afar?: boolean;
}[] = [
  // Improper access control or authentication, none for a critical function, an alternate path.
  { cwes: [284, 287, 288, 306], question: 'authentication', answer: 'anonymous', afar: true },
  // Hard-coded or default credentials.
  {
    cwes: [259, 260, 798, 1394],
    question: 'authentication',
    answer: 'default-password',
    afar: true,
  },
  // Sensitive data in clear text, missing encryption, unprotected transport of credentials.
  { cwes: [311, 319, 523], question: 'transport', answer: 'none', afar: true },
  { cwes: [326, 327], question: 'transport', answer: 'tls-1.2-legacy', afar: true },
  // The other end, or its certificate, is not verified.
  { cwes: [295, 300, 322], question: 'certificateTrust', answer: 'self-signed-unpinned' },
  // Code or data is taken without a check of where it is from.
  { cwes: [345, 347, 494], question: 'updateSigning', answer: 'unsigned' },
  // Obsolete or unmaintained parts.
  { cwes: [477, 1104], question: 'support', answer: 'ended' },
  { cwes: [256, 257, 312], question: 'storage', answer: 'unencrypted' },
];

/** The device of an advisory, with no gateway; what its text does not say is unknown. */
export function advisorySubject(advisory: Advisory): RamaSubject {
  const vulnerabilities = advisory.vulnerabilities.map(
    (each): MatchedVulnerability => ({
      id: each.id,
      match: 'affected',
      status: 'affected',
      cvss: each.cvss,
      attackVector: vectorOf(each.vector),
      isKnownExploited: each.isKnownExploited,
    }),
  );
  return {
    class: advisory.class,
    function: advisory.function,
    posture: postureOf(advisory),
    vulnerabilities: known(vulnerabilities),
    episodes: [],
    isCompromised: false,
  };
}

function postureOf({ vulnerabilities }: Advisory): Posture {
  const answers: Partial<Record<PostureQuestion, PostureAnswer>> = {
    network: networkOf(vulnerabilities.map(({ vector }) => vectorOf(vector))),
  };
  for (const { cwes, question, answer, afar } of weaknesses) {
    const isSaid = vulnerabilities.some(({ cwe, vector }) => {
      const isAfar = ['N', 'A'].includes(vectorOf(vector));
      return cwes.includes(Number(cwe.slice('CWE-'.length))) && (isAfar || !afar);
    });
    const order: readonly PostureAnswer[] = postureQuestions[question];
    const before = answers[question];
    const isWorse = before === undefined || order.indexOf(answer) < order.indexOf(before);
    if (isSaid && isWorse) answers[question] = answer;
  }
  return Object.fromEntries(
    Object.entries(answers).map(([id, value]) => [id, known(value)]),
  ) as Posture;
}

/** The farthest that somebody can stand. */
function networkOf(vectors: readonly AttackVector[]): PostureAnswer<'network'> {
  if (vectors.includes('N')) return 'flat';
  return vectors.includes('A') ? 'segmented' : 'gateway-only';
}

function vectorOf(vector: string): AttackVector {
  return (/AV:([NALP])/.exec(vector)?.[1] ?? 'N') as AttackVector;
}
