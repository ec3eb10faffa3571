import calculator from 'ae-cvss-calculator';
import type { AttackVector, ExploitMaturity } from '../core/rama.ts';

export type CvssVersion = '2.0' | '3.0' | '3.1' | '4.0';

/** A vector with the environment of a site put into it. */
export interface CvssScore {
  readonly version: CvssVersion;
  /** With the environment’s metrics. */
  readonly vector: string;
  /** As published. 0 to 10. */
  readonly base: number;
  /** What counts here. 0 to 10. */
  readonly environmental: number;
}

/** What a published vector says, as far as decisions need it; undefined where it says nothing of it. */
export interface CvssFacts {
  readonly version: CvssVersion;
  readonly attackVector: AttackVector;
  /** Nobody has to help, no right is needed, no chance is involved. */
  readonly isEasy: boolean;
  /** Confidentiality, integrity and availability are all lost. */
  readonly isTotal: boolean;
  readonly harmsIntegrity: boolean;
  readonly harmsAvailability: boolean;
  /** Exploit maturity, as stated in the vector (E). */
  readonly maturity?: ExploitMaturity | undefined;
}

const vectorCharsMax = 512;

/**
 * The order in which scoring believes versions: 4.0, 3.1, 3.0, 2.0. Undefined where the text is no
 * whole vector of any of them.
 */
export function versionOf(vector: string): CvssVersion | undefined {
  if (vector.length > vectorCharsMax) return undefined;
  const plain = plainVector(vector);
  if (!/^[A-Za-z:0-9./]+$/.test(plain)) return undefined;
  const [, named] = /^CVSS:(4\.0|3\.1|3\.0)\//.exec(plain) ?? [];
  const version = (named ?? '2.0') as CvssVersion;
  const metrics = plain.split('/').slice(named ? 1 : 0);
  const pairs = metrics.map((metric) => metric.split(':'));
  if (!pairs.every((pair) => pair.length === 2)) return undefined;
  const given = new Map(pairs.map(([name = '', value = '']) => [name, value]));
  if (given.size !== pairs.length) return undefined;
  const isWhole = Object.entries(mandatory[version]).every(([name, values]) =>
    values.includes(given.get(name) ?? ' '),
  );
  return isWhole ? version : undefined;
}

/** Base metrics and their values, each a letter. */
const mandatory: Record<CvssVersion, Readonly<Record<string, string>>> = {
  '2.0': { AV: 'LAN', AC: 'HML', Au: 'MSN', C: 'NPC', I: 'NPC', A: 'NPC' },
  '3.0': { AV: 'NALP', AC: 'LH', PR: 'NLH', UI: 'NR', S: 'UC', C: 'NLH', I: 'NLH', A: 'NLH' },
  '3.1': { AV: 'NALP', AC: 'LH', PR: 'NLH', UI: 'NR', S: 'UC', C: 'NLH', I: 'NLH', A: 'NLH' },
  '4.0': {
    ...{ AV: 'NALP', AC: 'LH', AT: 'NP', PR: 'NLH', UI: 'NPA' },
    ...{ VC: 'HLN', VI: 'HLN', VA: 'HLN', SC: 'HLN', SI: 'HLN', SA: 'HLN' },
  },
};

/** The score with further metrics put in, such as `CR:H/IR:H`. Undefined for what is no vector. */
export function scoreOf(vector: string, environment: string): CvssScore | undefined {
  const version = versionOf(vector);
  if (!version) return undefined;
  const published = read(vector, version).calculateScores();
  const here = read(vector, version);
  if (environment !== '') here.applyVector(environment);
  const { overall, vector: text } = here.calculateScores();
  // Some metric that is none of this version’s makes no score; that is no vector either.
  if (!Number.isFinite(overall) || !Number.isFinite(published.overall)) return undefined;
  return { version, vector: text, base: published.overall, environmental: overall };
}

function read(vector: string, version: CvssVersion) {
  const { Cvss2, Cvss3P0, Cvss3P1, Cvss4P0 } = calculator;
  const text = plainVector(vector);
  switch (version) {
    case '2.0':
      return new Cvss2(text);
    case '3.0':
      return new Cvss3P0(text);
    case '3.1':
      return new Cvss3P1(text);
    case '4.0':
      return new Cvss4P0(text);
  }
}

export function factsOf(vector: string): CvssFacts | undefined {
  const version = versionOf(vector);
  if (!version) return undefined;
  const metric = new Map(
    plainVector(vector)
      .split('/')
      .map((pair) => pair.split(':') as [string, string]),
  );
  const is = (name: string, ...values: string[]) => values.includes(metric.get(name) ?? '');
  const impacts = version === '4.0' ? ['VC', 'VI', 'VA'] : ['C', 'I', 'A'];
  const noRights = version === '2.0' ? is('Au', 'N') : is('PR', 'N') && is('UI', 'N');
  return {
    version,
    attackVector: metric.get('AV') as AttackVector,
    isEasy: is('AV', 'N') && is('AC', 'L') && noRights && (version !== '4.0' || is('AT', 'N')),
    isTotal: impacts.every((name) => is(name, 'H', 'C')),
    harmsIntegrity: !is(version === '4.0' ? 'VI' : 'I', 'N') || is('SI', 'L', 'H', 'S'),
    harmsAvailability: !is(version === '4.0' ? 'VA' : 'A', 'N') || is('SA', 'L', 'H', 'S'),
    maturity: maturityOf(metric.get('E')),
  };
}

/** CVSS 4.0 A, P, U; 3.x and 2.0 H and F as attacked, for what works everywhere will be used. */
function maturityOf(value: string | undefined): CvssFacts['maturity'] {
  if (value === undefined) return undefined;
  if (['A', 'H', 'F'].includes(value)) return 'A';
  if (['P', 'POC'].includes(value)) return 'P';
  return value === 'U' ? 'U' : undefined;
}

/** NVD and others write vectors of 2.0 in brackets; CycloneDX leaves out the prefix of 3.1. */
function plainVector(vector: string): string {
  return vector.trim().replace(/^\((.*)\)$/, '$1');
}
