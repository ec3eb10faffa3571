import type { ThreatId } from './threat.ts';

/** Everything that could be done about an attack without asking anybody. */
export const responseActions = {
  'refuse-message': 'Refuse a message that fails authentication or its format.',
  'strip-identifier': 'Take what names a person out of what leaves.',
  'mark-questionable': 'Let what a device measures leave, marked as questionable.',
  'limit-telemetry': 'Keep no more measurements than a healthy device sends; alarms pass.',
  'block-command': 'Refuse a command to a device.',
  'quarantine-device': 'Hold what a device measures; its alarms leave.',
  'deny-device': 'End the connections of a device and refuse new ones.',
  'block-address': 'Refuse connections of an address.',
  'withhold-alarm': 'Drop or delay an alarm.',
} as const satisfies Record<string, string>;

export type ResponseAction = keyof typeof responseActions;

/** Those the gateway carries out of a finding, for a time. The links and stages do the others. */
export const timedActions = [
  'mark-questionable',
  'limit-telemetry',
  'quarantine-device',
  'deny-device',
  'block-address',
] as const satisfies readonly ResponseAction[];
export type TimedAction = (typeof timedActions)[number];

/**
 * `active`: carried out, until its time is over. `held`: waits for a person. `refused`: no machine may.
 * `observed`: would have been carried out, had the settings said so. The others are how it ended.
 */
export const responseStates = [
  'active',
  'held',
  'refused',
  'observed',
  'ended',
  'undone',
  'lapsed',
] as const;
export type ResponseState = (typeof responseStates)[number];

/** What was done, or was not, about one episode. Times are milliseconds since the epoch. */
export interface Response {
  readonly sequence: number;
  readonly episode: number;
  readonly threat: ThreatId;
  readonly detector: string;
  readonly action: TimedAction;
  /** A device, or an address. */
  readonly object: string;
  readonly state: ResponseState;
  /** Why it was done, or not. */
  readonly reason: string;
  readonly at: number;
  /** How long it lasts once it is carried out. */
  readonly lastsMs: number;
  /** Active: it ends by itself then. Held: nobody is asked any more then. */
  readonly until?: number | undefined;
  /** Who confirmed or ended it, and when. */
  readonly actor?: string | undefined;
  readonly settledAt?: number | undefined;
}

export const responseModes = ['automatic', 'observe'] as const;
export type ResponseMode = (typeof responseModes)[number];

/** Whether what the interlock allows is done, or only written down. */
export interface ResponseSettings {
  readonly mode: ResponseMode;
  readonly threats: Readonly<Partial<Record<ThreatId, ResponseMode>>>;
}

/**
 * Threats that are judged by figures and not by a rule are written down only: they may be wrong about
 * a patient who is unusual.
 */
export const defaultResponses: ResponseSettings = {
  mode: 'automatic',
  threats: { D08: 'observe', D16: 'observe' },
};
