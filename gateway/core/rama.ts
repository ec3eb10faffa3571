import type { ClinicalFunction, DeviceClass } from './device.ts';
import type { Outcome, Severity } from './finding.ts';
import type { Instant } from './observation.ts';
import type { ThreatId } from './threat.ts';

/**
 * The words of RAMA, the security score of a device (docs/rama.md): what is known of it, and what
 * comes out. The figures behind the words are in gateway/rama/criteria.ts.
 */

/** Vulnerabilities, authentication, cryptography, exposure, patching, data protection, threats. */
export const factorIds = ['V', 'A', 'C', 'E', 'P', 'D', 'T'] as const;
export type FactorId = (typeof factorIds)[number];

/** What is asked of a device, and the answers there are, from bad to good. */
export const postureQuestions = {
  // A cable bound to one device, which is recognised on it, proves about as much as a password.
  authentication: [
    'anonymous',
    'default-password',
    'password',
    'bound-line',
    'mtls-software',
    'mtls-hardware',
  ],
  passwordAge: ['over-365-days', 'recent'],
  topicRights: ['wildcard', 'own-only'],
  transport: ['none', 'tls-1.0-or-1.1', 'tls-1.2-legacy', 'serial', 'tls-1.2-aead', 'tls-1.3'],
  keyStrength: ['weak', 'strong'],
  certificateValidity: ['expired', 'expires-soon', 'valid'],
  certificateTrust: ['self-signed-unpinned', 'verified'],
  certificateSharing: ['shared', 'own'],
  network: ['internet', 'flat', 'segmented', 'gateway-only', 'serial'],
  openService: ['open', 'none'],
  remoteService: ['enabled', 'none'],
  radio: ['personal-area', 'none'],
  support: ['ended', 'supported'],
  updateSigning: ['unsigned', 'signed'],
  sbom: ['missing', 'present'],
  patchDeadline: ['passed', 'kept'],
  identifiersLeaving: ['unsanitised', 'sanitised'],
  identifiersOnLine: ['direct', 'none'],
  storage: ['unencrypted', 'encrypted'],
  retention: ['beyond-policy', 'within-policy'],
  purpose: ['untagged', 'tagged'],
} as const;
export type PostureQuestion = keyof typeof postureQuestions;
export type PostureAnswer<Question extends PostureQuestion = PostureQuestion> =
  (typeof postureQuestions)[Question][number];

/**
 * Something that was seen or stated, by whom and when. It is stale once its time to live is over,
 * and never before it was said again does it count as known. A statement that is missing is an
 * unknown, which is never safe.
 */
export interface Statement<Value> {
  readonly value: Value;
  /** Where it is from, such as `handshake`, `profile`, `mds2`, `vulnerability feed`. */
  readonly source: string;
  readonly at: Instant;
  readonly ttlMs: number;
  /** What to look up to see it again: a serial number, a file's hash, a rule's id. */
  readonly evidence?: string | undefined;
}
export type StatementState = 'known' | 'stale' | 'unknown';

const dayMs = 86_400_000;
/** How long a statement of each kind is believed. */
export const statementTtlMs = {
  posture: dayMs,
  vulnerabilityFeed: 7 * dayMs,
  document: 365 * dayMs,
} as const;

export type Posture = {
  readonly [Question in PostureQuestion]?: Statement<PostureAnswer<Question>>;
};

/** CVSS attack vector: network, adjacent, local, physical. */
export type AttackVector = 'N' | 'A' | 'L' | 'P';
/** CVSS v4.0 exploit maturity: attacked, proof of concept, unreported. */
export type ExploitMaturity = 'A' | 'P' | 'U';
export type VexStatus = 'affected' | 'under_investigation' | 'not_affected' | 'fixed';
/** CISA's decision tree, from the least to the most urgent. */
export const ssvcActions = ['track', 'track*', 'attend', 'act'] as const;
export type SsvcAction = (typeof ssvcActions)[number];

/** CISA BOD 26-04: until when, or with the next upgrade. */
export interface PatchDeadline {
  /** Undefined: with the next upgrade. */
  readonly days?: number | undefined;
  readonly isForensicsNeeded: boolean;
  readonly dueAt?: Instant | undefined;
}

/** A control of this gateway that cuts off a vulnerability. Without evidence it counts for nothing. */
export interface Mitigation {
  /** A filter on its protocol (virtual patch), no path by IP (isolation), or both. */
  readonly kind: 'filter' | 'isolation' | 'filter-and-isolation';
  readonly evidence: readonly string[];
}

/** One CVE that concerns a device, or perhaps does. What is undefined is unknown, and never safe. */
export interface MatchedVulnerability {
  readonly id: string;
  /** `possible`: a version could not be compared. It counts as affected, and widens the interval. */
  readonly match: 'affected' | 'possible';
  readonly status: VexStatus;
  /** 0 to 10: v4.0 BTE where there is a vector, else v3.1 environmental. */
  readonly cvss?: number | undefined;
  readonly attackVector?: AttackVector | undefined;
  /** Probability of exploitation within 30 days, 0 to 1. */
  readonly epss?: number | undefined;
  readonly isKnownExploited: boolean;
  readonly exploitMaturity?: ExploitMaturity | undefined;
  readonly mitigation?: Mitigation | undefined;
  readonly component?: string | undefined;
  readonly ssvc?: SsvcAction | undefined;
  readonly deadline?: PatchDeadline | undefined;
}

/** Findings of one detector about one device within ten minutes (core/episode.ts): a flood is one. */
export interface ThreatEpisode {
  readonly threat: ThreatId;
  readonly detector: string;
  readonly severity: Severity;
  /** 0 to 1: the detector's precision. */
  readonly confidence: number;
  readonly outcome: Outcome;
  /** Of its latest finding. */
  readonly at: Instant;
  /** Somebody closed it and its cause is gone. */
  readonly causeFixedAt?: Instant | undefined;
}

/** All that is known of a device. */
export interface RamaSubject {
  readonly class: DeviceClass;
  readonly function: ClinicalFunction;
  readonly posture: Posture;
  /** Days since its software was last updated. */
  readonly updateAgeDays?: Statement<number> | undefined;
  /** Without it nobody looked for any, which is not the same as an empty list. */
  readonly vulnerabilities?: Statement<readonly MatchedVulnerability[]> | undefined;
  readonly episodes: readonly ThreatEpisode[];
  readonly isCompromised: boolean;
  /** How it would stand if this gateway were not there, where that differs. */
  readonly withoutGateway?: Posture | undefined;
}

export type RamaGrade = 'A' | 'B' | 'C' | 'D' | 'F';
/** Confirmed compromise; known exploited and in reach; default or no secret; identifiers in clear. */
export type GateId = 'G1' | 'G2' | 'G3' | 'G4';
/** The lists that points lost are also summed by. */
export const tagLists = ['enisa', 'owasp2021', 'owasp2025', 'iot'] as const;
export type TagList = (typeof tagLists)[number];

/** One thing that costs points. */
export interface RamaItem {
  readonly id: string;
  readonly factor: FactorId;
  readonly title: string;
  /** 0 to 1. */
  readonly badness: number;
  readonly points: number;
  readonly state: StatementState;
  readonly tags: Readonly<Record<TagList, string>>;
}

export interface RamaWhatIf {
  /** The item or the gate that is put right. */
  readonly id: string;
  readonly title: string;
  /** Points the score would rise by. */
  readonly gain: number;
}

/** 0 to 100, higher is safer. */
export interface RamaScore {
  readonly method: 'rama-gw/1';
  /** SHA-256 over all weights and criteria: scores of different ones are not compared. */
  readonly criteria: string;
  readonly at: Instant;
  readonly score: number;
  readonly grade: RamaGrade;
  /** Where the score can be once all that is unknown is known. */
  readonly low: number;
  readonly high: number;
  /** 1 - (high - low)/100. */
  readonly confidence: number;
  /** Posture and vulnerabilities alone; with threats; with clinical weight, mitigation and gates. */
  readonly base: number;
  readonly temporal: number;
  readonly environmental: number;
  /** Before the gates. */
  readonly raw: number;
  readonly criticality: number;
  readonly vector: string;
  readonly factors: Readonly<Record<FactorId, RamaFactor>>;
  readonly gates: readonly RamaGate[];
  readonly items: readonly RamaItem[];
  readonly byTag: Readonly<Record<TagList, Readonly<Record<string, number>>>>;
  /** The five that gain most. */
  readonly whatIfs: readonly RamaWhatIf[];
  readonly vulnerabilities: readonly RamaVulnerability[];
  /** Its score if this gateway were not there; undefined where nothing would differ. */
  readonly withoutGateway?: number | undefined;
}

export interface RamaFactor {
  readonly badness: number;
  /** -ln(1 - weight * badness): what the points are shared out by. */
  readonly lambda: number;
  readonly points: number;
  /** What `raw` would rise by if this factor were spotless. */
  readonly gain: number;
}

export interface RamaGate {
  readonly id: GateId;
  readonly title: string;
  readonly cap: number;
  /** What it takes beyond the factors; 0 for all but the lowest. */
  readonly points: number;
}

export interface RamaVulnerability {
  readonly id: string;
  readonly status: VexStatus;
  /** Its share of factor V's badness, 0 to 1. */
  readonly badness: number;
  readonly ssvc?: SsvcAction | undefined;
  readonly deadline?: PatchDeadline | undefined;
  readonly mitigation?: Mitigation | undefined;
}

/** A score with all that it was made of, so that anybody can compute it again. */
export interface RamaReport extends RamaScore {
  readonly evidence: readonly RamaEvidence[];
}

/** One input, with enough to find it again. */
export interface RamaEvidence {
  readonly id: string;
  readonly state: StatementState;
  readonly value?: unknown;
  readonly source?: string | undefined;
  readonly at?: Instant | undefined;
  readonly ttlMs?: number | undefined;
  readonly evidence?: string | undefined;
  /** SHA-256 of the statement. */
  readonly hash?: string | undefined;
}
