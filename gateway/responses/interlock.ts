import type { ClinicalFunction } from '../core/device.ts';
import type { ResponseAction } from '../core/response.ts';

/** What is known of the device at the moment something could be done about it. */
export interface Situation {
  readonly function: ClinicalFunction;
  /** Another device of the same patient measures some of the same, and was heard a moment ago. */
  readonly hasOtherSource: boolean;
  /** Messages a second it may send under the limit, and the fewest its profile lives on. */
  readonly limit?: { readonly perSecondMax: number; readonly perSecondMin: number } | undefined;
  /** A command that the site lists for emergencies, by a person who broke the glass. */
  readonly isEmergency: boolean;
}

/** Whether a machine may, a person must be asked, or no machine ever may; and why. */
export interface Verdict {
  readonly is: 'allowed' | 'person' | 'never';
  readonly reason: string;
}

/** A field of the table: yes, no, or a condition that the situation meets or not. */
type Field = 'yes' | 'above-minimum' | 'unless-emergency' | 'if-other-source' | 'person' | 'never';

type Row = Readonly<Record<ClinicalFunction, Field>>;

const always: Row = every('yes');
const cut: Row = {
  none: 'yes',
  monitor: 'if-other-source',
  diagnose: 'if-other-source',
  therapy: 'person',
  'life-support': 'never',
};

/**
 * The interlock of security and care: what may be done without a person, by what stops when the device
 * stops. A security measure must not harm essential function (IEC 62443-4-2 CCSC 1, IEC TR 60601-4-5
 * 4.2), nor safety, effectiveness and performance (MDCG 2019-16 3.3). It is the one table of this; a
 * person’s order is asked to confirm by the same one.
 */
const interlock: Readonly<Record<ResponseAction, Row>> = {
  'refuse-message': always,
  'strip-identifier': always,
  'mark-questionable': always,
  'limit-telemetry': every('above-minimum'),
  'block-command': { ...always, 'life-support': 'unless-emergency' },
  'quarantine-device': cut,
  'deny-device': cut,
  'block-address': cut,
  'withhold-alarm': every('never'),
};

export function judge(action: ResponseAction, situation: Situation): Verdict {
  const field = interlock[action][situation.function];
  switch (field) {
    case 'yes':
      return { is: 'allowed', reason: 'no effect on care' };
    case 'above-minimum':
      return isAboveMinimum(situation)
        ? { is: 'allowed', reason: 'a healthy device is not limited' }
        : { is: 'never', reason: 'below what the device lives on' };
    case 'unless-emergency':
      return situation.isEmergency
        ? { is: 'never', reason: 'an emergency command' }
        : { is: 'allowed', reason: 'no emergency' };
    case 'if-other-source':
      return situation.hasOtherSource
        ? { is: 'allowed', reason: 'another source of the patient is live' }
        : { is: 'person', reason: 'no other source of the patient is live' };
    case 'person':
      return { is: 'person', reason: `${situation.function}: a person confirms` };
    case 'never':
      return { is: 'never', reason: `${situation.function}: never by a machine` };
    default:
      return field satisfies never;
  }
}

/** Whether a person who orders it must confirm that care may suffer. */
export function needsConfirmation(action: ResponseAction, clinical: ClinicalFunction): boolean {
  const field = interlock[action][clinical];
  return field === 'person' || field === 'never';
}

function isAboveMinimum({ limit }: Situation): boolean {
  return limit !== undefined && limit.perSecondMax >= limit.perSecondMin;
}

function every(field: Field): Row {
  return {
    none: field,
    monitor: field,
    diagnose: field,
    therapy: field,
    'life-support': field,
  };
}
