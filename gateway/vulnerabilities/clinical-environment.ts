import type { ClinicalFunction, DeviceClass } from '../core/device.ts';
import { type CvssScore, type CvssVersion, factsOf, scoreOf } from './cvss.ts';

/** What is asked for of a device of this use: CVSS security requirements, and whether people come to harm. */
export interface ClinicalNeed {
  readonly confidentiality: 'L' | 'M' | 'H';
  readonly integrity: 'L' | 'M' | 'H';
  readonly availability: 'L' | 'M' | 'H';
  /** A loss of integrity or availability may harm a patient: CVSS 4.0 MSI:S, MSA:S. */
  readonly isSafety: boolean;
}

/**
 * By clinical function. A wrong value misleads whoever treats, so integrity is high as soon as
 * anything clinical depends on it; availability is high where the patient cannot wait.
 */
const byFunction: Record<ClinicalFunction, ClinicalNeed> = {
  none: { confidentiality: 'M', integrity: 'M', availability: 'M', isSafety: false },
  diagnose: { confidentiality: 'M', integrity: 'H', availability: 'M', isSafety: true },
  monitor: { confidentiality: 'M', integrity: 'H', availability: 'H', isSafety: true },
  therapy: { confidentiality: 'M', integrity: 'H', availability: 'H', isSafety: true },
  'life-support': { confidentiality: 'M', integrity: 'H', availability: 'H', isSafety: true },
};

/** Classes in which a failure may hurt badly (MDR Annex VIII IIb, III; IVDR C, D): never below high. */
const grave: ReadonlySet<DeviceClass> = new Set(['IIb', 'III', 'C', 'D']);

export function clinicalNeed(deviceClass: DeviceClass, clinical: ClinicalFunction): ClinicalNeed {
  const need = byFunction[clinical];
  if (!grave.has(deviceClass)) return need;
  return { ...need, integrity: 'H', availability: 'H', isSafety: true };
}

/** The metrics to put into a vector of a version. */
function environmentOf(need: ClinicalNeed, vector: string, version: CvssVersion): string {
  const { confidentiality, integrity, availability, isSafety } = need;
  const requirements = `CR:${confidentiality}/IR:${integrity}/AR:${availability}`;
  if (version !== '4.0' || !isSafety) return requirements;
  const facts = factsOf(vector);
  // Only what harms integrity or availability at all can harm a person by it.
  return [
    requirements,
    ...(facts?.harmsIntegrity ? ['MSI:S'] : []),
    ...(facts?.harmsAvailability ? ['MSA:S'] : []),
  ].join('/');
}

const byTrust: readonly CvssVersion[] = ['4.0', '3.1', '3.0', '2.0'];

/**
 * The score that counts here: of the newest version anybody published, the worst. Undefined where no
 * vector can be read; that is no score of zero.
 */
export function clinicalScore(
  vectors: readonly string[],
  need: ClinicalNeed,
): CvssScore | undefined {
  const scores = vectors.flatMap((vector) => {
    const version = factsOf(vector)?.version;
    return (version && scoreOf(vector, environmentOf(need, vector, version))) ?? [];
  });
  for (const version of byTrust) {
    const [worst] = scores
      .filter((score) => score.version === version)
      .sort((a, b) => b.environmental - a.environmental || b.base - a.base);
    if (worst) return worst;
  }
  return undefined;
}
