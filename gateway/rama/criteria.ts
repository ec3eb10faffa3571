import type { ClinicalFunction, DeviceClass } from '../core/device.ts';
import type { Severity } from '../core/finding.ts';
import {
  type AttackVector,
  type ExploitMaturity,
  type FactorId,
  type GateId,
  type Mitigation,
  type PostureAnswer,
  type PostureQuestion,
  postureQuestions,
  type TagList,
} from '../core/rama.ts';

/**
 * The figures of RAMA, gateway profile v1 (docs/rama.md). Whoever changes one changes the hash
 * that every score carries, and scores of before and after are not compared.
 */

type Tags = Readonly<Record<TagList, string>>;

interface Factor {
  readonly title: string;
  /** The largest share of the remaining security that this factor may remove. */
  readonly weight: number;
  /** Its class in ENISA's Top 15 (2020), OWASP Top 10 (2021 and 2025), OWASP IoT Top 10 (2018). */
  readonly tags: Tags;
}

export const factors: Readonly<Record<FactorId, Factor>> = {
  V: {
    title: 'Vulnerabilities',
    weight: 0.6,
    tags: { enisa: '1', owasp2021: 'A06', owasp2025: 'A03', iot: 'I5' },
  },
  A: {
    title: 'Authentication and authorisation',
    weight: 0.5,
    tags: { enisa: '7', owasp2021: 'A07', owasp2025: 'A07', iot: 'I1' },
  },
  C: {
    title: 'Cryptography',
    weight: 0.4,
    tags: { enisa: '12', owasp2021: 'A02', owasp2025: 'A04', iot: 'I7' },
  },
  E: {
    title: 'Exposure',
    weight: 0.35,
    tags: { enisa: '10', owasp2021: 'A05', owasp2025: 'A02', iot: 'I2' },
  },
  P: {
    title: 'Patching and support',
    weight: 0.3,
    tags: { enisa: '1', owasp2021: 'A06', owasp2025: 'A03', iot: 'I4' },
  },
  D: {
    title: 'Data protection',
    weight: 0.2,
    tags: { enisa: '8', owasp2021: 'A04', owasp2025: 'A06', iot: 'I6' },
  },
  // Its items carry the tags of the detection that fired; these stand where there is none.
  T: {
    title: 'Observed threats',
    weight: 0.7,
    tags: { enisa: '1', owasp2021: 'A08', owasp2025: 'A08', iot: 'I8' },
  },
};

interface Question<Id extends PostureQuestion> {
  readonly factor: FactorId;
  readonly title: string;
  /** How bad each answer is, 0 to 1. */
  readonly badness: Readonly<Record<PostureAnswer<Id>, number>>;
  /** Not asked where another question has one of these answers: a cable has no certificate. */
  readonly notAskedAt?: {
    readonly [Other in PostureQuestion]?: readonly PostureAnswer<Other>[];
  };
}

const withoutCertificate = ['none', 'serial'] as const;

export const questions: { readonly [Id in PostureQuestion]: Question<Id> } = {
  authentication: {
    factor: 'A',
    title: 'How the device proves who it is',
    badness: {
      anonymous: 1,
      'default-password': 0.9,
      password: 0.35,
      'bound-line': 0.35,
      'mtls-software': 0.05,
      'mtls-hardware': 0.02,
    },
  },
  passwordAge: {
    factor: 'A',
    title: 'A password older than 365 days',
    badness: { 'over-365-days': 0.2, recent: 0 },
    notAskedAt: {
      authentication: [
        'anonymous',
        'default-password',
        'bound-line',
        'mtls-software',
        'mtls-hardware',
      ],
    },
  },
  topicRights: {
    factor: 'A',
    title: 'Rights to publish or subscribe by wildcard',
    badness: { wildcard: 0.5, 'own-only': 0 },
  },
  transport: {
    factor: 'C',
    title: 'How its line is protected',
    badness: {
      none: 1,
      'tls-1.0-or-1.1': 0.8,
      'tls-1.2-legacy': 0.4,
      serial: 0.3,
      'tls-1.2-aead': 0.1,
      'tls-1.3': 0,
    },
  },
  keyStrength: {
    factor: 'C',
    title: 'An RSA key below 2048 bit, or SHA-1',
    badness: { weak: 0.6, strong: 0 },
    notAskedAt: { transport: withoutCertificate },
  },
  certificateValidity: {
    factor: 'C',
    title: 'A certificate that expired or expires in less than 30 days',
    badness: { expired: 0.7, 'expires-soon': 0.2, valid: 0 },
    notAskedAt: { transport: withoutCertificate },
  },
  certificateTrust: {
    factor: 'C',
    title: 'A self-signed certificate that nobody pinned',
    badness: { 'self-signed-unpinned': 0.5, verified: 0 },
    notAskedAt: { transport: withoutCertificate },
  },
  certificateSharing: {
    factor: 'C',
    title: 'One certificate for several devices',
    badness: { shared: 0.6, own: 0 },
    notAskedAt: { transport: withoutCertificate },
  },
  network: {
    factor: 'E',
    title: 'Who can reach it',
    badness: { internet: 1, flat: 0.5, segmented: 0.25, 'gateway-only': 0.1, serial: 0.05 },
  },
  openService: {
    factor: 'E',
    title: 'An open telnet, FTP or unknown port',
    badness: { open: 0.5, none: 0 },
    notAskedAt: { network: ['serial'] },
  },
  remoteService: {
    factor: 'E',
    title: 'Remote service of the manufacturer',
    badness: { enabled: 0.3, none: 0 },
  },
  radio: {
    factor: 'E',
    title: 'Bluetooth or Wi-Fi in the personal area',
    badness: { 'personal-area': 0.2, none: 0 },
  },
  support: {
    factor: 'P',
    title: 'Operating system or firmware out of support, or without updates',
    badness: { ended: 0.8, supported: 0 },
  },
  updateSigning: {
    factor: 'P',
    title: 'Updates that are not signed',
    badness: { unsigned: 0.3, signed: 0 },
  },
  sbom: {
    factor: 'P',
    title: 'No list of its software parts',
    badness: { missing: 0.2, present: 0 },
  },
  patchDeadline: {
    factor: 'P',
    title: 'A vulnerability past its BOD 26-04 deadline',
    badness: { passed: 0.5, kept: 0 },
  },
  identifiersLeaving: {
    factor: 'D',
    title: 'Direct identifiers that leave unsanitised',
    badness: { unsanitised: 0.5, sanitised: 0 },
  },
  // For gate G4 alone: in clear is what costs, and that is the transport’s answer.
  identifiersOnLine: {
    factor: 'D',
    title: 'Direct identifiers on the device’s own line',
    badness: { direct: 0, none: 0 },
  },
  storage: {
    factor: 'D',
    title: 'A local store that is not encrypted',
    badness: { unencrypted: 0.4, encrypted: 0 },
  },
  retention: {
    factor: 'D',
    title: 'Data kept longer than the policy says',
    badness: { 'beyond-policy': 0.2, 'within-policy': 0 },
  },
  purpose: {
    factor: 'D',
    title: 'A flow of data without a lawful purpose',
    badness: { untagged: 0.2, tagged: 0 },
  },
};

/** A software update loses half of its worth in a year. */
export const updateAge = {
  title: 'Age of the last software update',
  halfLifeDays: 365,
  priorBadness: 0.5,
} as const;

/** How bad it is that nobody knows: as bad as one critical CVE in reach with a proof of concept. */
export const vulnerabilityPrior = { badness: 0.3, cvss: 7 } as const;

export const vulnerabilityFigures = {
  /** EPSS says 30 days; a patch in a hospital takes 90. */
  epssPeriods: 3,
  /** High on purpose: EPSS hardly covers medical devices. */
  floor: { A: 1, P: 0.3, U: 0.1 } satisfies Record<ExploitMaturity, number>,
  reach: { N: 1, A: 0.8, L: 0.4, P: 0.2 } satisfies Record<AttackVector, number>,
  mitigation: { filter: 0.7, isolation: 0.7, 'filter-and-isolation': 0.85 } satisfies Record<
    Mitigation['kind'],
    number
  >,
} as const;

const dayMs = 86_400_000;
export const threatFigures = {
  severity: { low: 0.1, medium: 0.3, high: 0.6, critical: 0.9 } satisfies Record<Severity, number>,
  halfLifeMs: {
    low: dayMs,
    medium: 3 * dayMs,
    high: 7 * dayMs,
    critical: 14 * dayMs,
  } satisfies Record<Severity, number>,
  outcome: { detected: 1, blocked: 0.25 },
  /** Once its cause is gone. */
  fixedHalfLifeMs: dayMs,
} as const;

/** What hangs on the device: an exponent, so that a spotless one scores 100 whatever it does. */
export const criticality = {
  class: { I: 0.85, IIa: 0.95, IIb: 1.05, III: 1.15, A: 0.85, B: 0.95, C: 1.05, D: 1.15 },
  function: { none: 0, monitor: 0.05, diagnose: 0.05, therapy: 0.1, 'life-support': 0.2 },
  min: 0.85,
  max: 1.35,
} as const satisfies {
  readonly class: Record<DeviceClass, number>;
  readonly function: Record<ClinicalFunction, number>;
  readonly min: number;
  readonly max: number;
};

interface Gate {
  readonly title: string;
  /** The score is at most this while the gate holds. */
  readonly cap: number;
  readonly tags: Tags;
}

export const gates: Readonly<Record<GateId, Gate>> = {
  G1: { title: 'Confirmed compromise', cap: 20, tags: factors.T.tags },
  G2: { title: 'Known exploited, in reach, not mitigated', cap: 59, tags: factors.V.tags },
  G3: { title: 'Default or anonymous access', cap: 59, tags: factors.A.tags },
  G4: { title: 'Identifiable data in clear over IP', cap: 69, tags: factors.C.tags },
};

/** Below this share of mitigation a known exploited vulnerability in reach shuts gate G2. */
export const gateMitigationMin = 0.5;

export const grades = { A: 90, B: 80, C: 70, D: 60, F: 0 } as const;

/**
 * What an unknown answer counts: the third-worst of its question; half of the worst where no third
 * costs anything. Unknown is not safe, and not the end of the world either.
 */
export function priorBadness(question: PostureQuestion): number {
  const values = Object.values<number>(questions[question].badness).sort((a, b) => b - a);
  return values[2] || (values[0] ?? 0) / 2;
}

/** How bad an answer is, 0 to 1; one that nobody knows is as bad as can be. */
export function badnessOf(question: PostureQuestion, answer: PostureAnswer | undefined): number {
  const badness: Readonly<Record<string, number>> = questions[question].badness;
  return badness[`${answer}`] ?? 1;
}

export const questionIds = Object.keys(postureQuestions) as PostureQuestion[];
