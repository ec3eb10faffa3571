import { canonicalHash } from './canonical.ts';
import {
  criticality,
  factors,
  gateMitigationMin,
  gates,
  grades,
  questions,
  threatFigures,
  updateAge,
  vulnerabilityFigures,
  vulnerabilityPrior,
} from './criteria.ts';

/** What two sites compare before they compare scores: every figure of the method. */
export const criteriaHash = canonicalHash({
  criticality,
  factors,
  gateMitigationMin,
  gates,
  grades,
  questions,
  threatFigures,
  updateAge,
  vulnerabilityFigures,
  vulnerabilityPrior,
});
