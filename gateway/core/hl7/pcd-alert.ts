import type { AlertEventId, AlertPhase, AlertPriority } from '../alert.ts';
import type { AlertRecord } from '../protocol.ts';
import type { Hl7Segment } from './message.ts';
import { fieldOf } from './pcd-observation.ts';

/**
 * One alert of IHE PCD-04: the OBX rows below one OBR, each a facet of it (IHE ACM, PCD TF-2 B.8).
 * Two generations of codes are in use for the same facets.
 */
const facets: Readonly<Partial<Record<string, Facet>>> = {
  '68164': 'source',
  '68480': 'source',
  '68165': 'phase',
  '68481': 'phase',
  '68166': 'state',
  '68482': 'state',
  '68167': 'inactivation',
  '68483': 'inactivation',
  '68168': 'priority',
  '68484': 'priority',
  '68485': 'kind',
  '68546': 'text',
};
type Facet = 'source' | 'phase' | 'state' | 'inactivation' | 'priority' | 'kind' | 'text';

/** A watchdog that says "I am alive" and alarms nobody. */
const heartbeat = '258047';

/** Events are the terms of partition 3. */
const eventPartition = 3;
const partitionTerms = 0x1_0000;

const priorities: Readonly<Partial<Record<string, AlertPriority>>> = {
  PH: 'high',
  PM: 'medium',
  PL: 'low',
  PI: 'none',
  PN: 'none',
};

export interface PcdAlert {
  readonly alert: AlertRecord | undefined;
  /** The rows that are no facet: the value that raised the alert. */
  readonly values: readonly Hl7Segment[];
}

/** `alert` is undefined when the rows name no event, or only a heartbeat. */
export function readAlert(rows: readonly Hl7Segment[]): PcdAlert {
  const said = new Map<Facet, string>();
  const values: Hl7Segment[] = [];
  let event: Hl7Segment | undefined;
  for (const row of rows) {
    const code = row.part(3, 1);
    const facet = Object.hasOwn(facets, code) ? facets[code] : undefined;
    if (facet) said.set(facet, row.part(5, 1));
    else if (isEvent(code)) event ??= row;
    else values.push(row);
  }
  if (!event || [event.part(3, 1), event.part(5, 1)].includes(heartbeat)) {
    return { alert: undefined, values };
  }
  const flags = event.codes(8).map((flag) => flag.toUpperCase());
  const source = values.find((row) => row.part(2, 1) === 'NM' && row.field(5) !== '');
  const alert: AlertRecord = {
    event: eventOf(event, flags),
    field: source ? fieldOf(source) : (said.get('source') ?? '') || undefined,
    phase: phaseOf(said),
    priority: priorityOf(said.get('priority'), flags),
  };
  return { alert, values };
}

function isEvent(code: string): boolean {
  return /^\d{1,9}$/.test(code) && Math.floor(Number(code) / partitionTerms) === eventPartition;
}

/** The event stands in OBX-5 below a general OBX-3, or in OBX-3 itself; OBX-8 says which side. */
function eventOf(event: Hl7Segment, flags: readonly string[]): AlertEventId {
  const names = `${event.part(3, 2)} ${event.part(5, 2)}`;
  if (/\bMDC_EVT_HI(?:_VAL_GT_LIM|_GT_LIM)?\b/.test(names)) return 'MDC_EVT_HI_VAL_GT_LIM';
  if (/\bMDC_EVT_LO(?:_VAL_LT_LIM|_LT_LIM)?\b/.test(names)) return 'MDC_EVT_LO_VAL_LT_LIM';
  if (flags.some((flag) => flag === 'H' || flag === 'HH')) return 'MDC_EVT_HI_VAL_GT_LIM';
  if (flags.some((flag) => flag === 'L' || flag === 'LL')) return 'MDC_EVT_LO_VAL_LT_LIM';
  return 'MDC_EVT_ALARM';
}

function phaseOf(said: ReadonlyMap<Facet, string>): AlertPhase {
  const phase = said.get('phase')?.toLowerCase();
  const state = said.get('state')?.toLowerCase();
  if (phase === 'start' || phase === 'end') return phase;
  if (phase === undefined || phase === '') {
    if (state === 'inactive' || state === 'off') return 'end';
    return state === undefined ? 'start' : 'continue';
  }
  // Update, escalation, a silenced tone: it goes on.
  return 'continue';
}

/** An alarm whose priority is not said is never made less urgent than it may be. */
function priorityOf(said: string | undefined, flags: readonly string[]): AlertPriority {
  const names = [said?.toUpperCase() ?? '', ...flags];
  const found = names.find((name) => Object.hasOwn(priorities, name));
  return (found === undefined ? undefined : priorities[found]) ?? 'high';
}
