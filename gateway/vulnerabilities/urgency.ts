import type { ClinicalFunction, DeviceClass } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { PatchDeadline, SsvcAction } from '../core/rama.ts';
import type { Match } from '../core/vulnerability.ts';
import { bodRow } from './bod-26-04.ts';
import { type CvssFacts, factsOf } from './cvss.ts';
import { type Exploitation, type Mission, ssvcAction } from './ssvc.ts';

export interface Urgency {
  readonly ssvc: SsvcAction;
  /** Counted from when it was known here, or exploited in the wild if that came later. */
  readonly deadline: PatchDeadline;
  readonly exploitation: Exploitation;
  readonly isAutomatable: boolean;
  readonly isTotal: boolean;
  readonly mission: Mission;
  /** What was not known and was taken for the worse. */
  readonly assumed: readonly ('exposure' | 'cvss')[];
}

const dayMs = 86_400_000;

/**
 * What to do about a match on a device, and until when. Whether an attack can be automated and takes
 * everything is read from the CVSS vectors; where there is none it is taken for the worse, and so is
 * an exposure that nobody stated.
 */
export function urgencyOf(
  match: Match,
  device: { readonly class: DeviceClass; readonly function: ClinicalFunction },
  isExposed: boolean | undefined,
): Urgency {
  const facts = match.vectors.map(factsOf).filter((each) => each !== undefined);
  const isUnscored = facts.length === 0;
  const exploitation = exploitationOf(match, facts);
  const isAutomatable = isUnscored || facts.some(({ isEasy }) => isEasy);
  const isTotal = isUnscored || facts.some((each) => each.isTotal);
  const mission = missionOf(device.class, device.function);
  const row = bodRow({
    isKnownExploited: match.exploitedSince !== undefined,
    isExposed: isExposed ?? true,
    isAutomatable,
    isTotal,
  });
  const from = Math.max(match.firstSeenAt, match.exploitedSince ?? 0);
  return {
    ssvc: ssvcAction({ exploitation, isAutomatable, isTotal, mission }),
    deadline: {
      ...row,
      ...(row.days !== undefined && { dueAt: (from + row.days * dayMs) as Instant }),
    },
    exploitation,
    isAutomatable,
    isTotal,
    mission,
    assumed: [
      ...(isExposed === undefined ? (['exposure'] as const) : []),
      ...(isUnscored ? (['cvss'] as const) : []),
    ],
  };
}

function exploitationOf(
  { exploitedSince, isExploitPublic }: Match,
  facts: readonly CvssFacts[],
): Exploitation {
  const isAttacked = facts.some(({ maturity }) => maturity === 'A');
  if (exploitedSince !== undefined || isAttacked) return 'active';
  return isExploitPublic || facts.some(({ maturity }) => maturity === 'P') ? 'poc' : 'none';
}

/** CISA’s “mission and well-being”: high where a patient may die of it or be badly hurt. */
function missionOf(deviceClass: DeviceClass, clinical: ClinicalFunction): Mission {
  if (clinical === 'life-support' || clinical === 'therapy') return 'high';
  if (deviceClass === 'III' || deviceClass === 'D') return 'high';
  return clinical === 'none' ? 'low' : 'medium';
}
