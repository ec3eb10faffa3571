import type { Numeric, Released } from '../core/observation.ts';

type Part = 'SYS' | 'DIA' | 'MEAN';
type ReleasedNumeric = Released & Numeric;

/**
 * The pressures of one measurement. FHIR R4 wants them in one Observation with components
 * (http://hl7.org/fhir/R4/bp.html), for a systolic pressure alone says little.
 */
export interface PressurePanel {
  readonly kind: 'pressure';
  readonly site: PressureSite;
  /** In the order of the record. The first one gives the Observation its identity. */
  readonly members: readonly [ReleasedNumeric, ...ReleasedNumeric[]];
  readonly systolic: ReleasedNumeric | undefined;
  readonly diastolic: ReleasedNumeric | undefined;
}

/**
 * Arterial pressures only, by ISO/IEEE 11073-10101 reference id and code of the pressure itself:
 * the panel's LOINC code would be wrong for a venous or pulmonary pressure.
 */
export const pressureSites = {
  MDC_PRESS_BLD_NONINV: 150020,
  MDC_PRESS_BLD_ART: 150032,
} as const satisfies Record<string, number>;

type PressureSite = keyof typeof pressureSites;

interface Place {
  readonly site: PressureSite;
  readonly part: Part;
}

const places = new Map<string, Place>(
  (Object.keys(pressureSites) as PressureSite[]).flatMap((site) =>
    (['SYS', 'DIA', 'MEAN'] as const).map((part) => [`${site}_${part}`, { site, part }] as const),
  ),
);

interface OpenPanel {
  readonly place: Place;
  readonly parts: Map<Part, ReleasedNumeric>;
  readonly members: [ReleasedNumeric, ...ReleasedNumeric[]];
}

/**
 * Puts the pressures of one record together and leaves everything else as it is, in order. A mean
 * without systolic and diastolic stays an observation of its own.
 */
export function groupPressures(
  observations: readonly Released[],
): readonly (Released | PressurePanel)[] {
  if (!observations.some((one) => one.kind === 'numeric' && places.has(one.metric))) {
    return observations;
  }
  const groups: (Released | OpenPanel)[] = [];
  const open = new Map<string, OpenPanel>();
  for (const observation of observations) {
    const place = observation.kind === 'numeric' ? places.get(observation.metric) : undefined;
    if (!place) {
      groups.push(observation);
      continue;
    }
    const member = observation as ReleasedNumeric;
    const key = `${place.site} ${member.at} ${member.device} ${member.subject}`;
    const panel = open.get(key);
    if (panel && !panel.parts.has(place.part)) {
      panel.parts.set(place.part, member);
      panel.members.push(member);
      continue;
    }
    const started: OpenPanel = { place, parts: new Map([[place.part, member]]), members: [member] };
    open.set(key, started);
    groups.push(started);
  }
  return groups.map((group) => ('parts' in group ? close(group) : group));
}

function close({ place, parts, members }: OpenPanel): Released | PressurePanel {
  const systolic = parts.get('SYS');
  const diastolic = parts.get('DIA');
  if (!systolic && !diastolic) return members[0];
  return { kind: 'pressure', site: place.site, members, systolic, diastolic };
}
