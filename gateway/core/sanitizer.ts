import type { KeyObject } from 'node:crypto';
import type { Observation } from './observation.ts';

export interface SanitizerKeys {
  /** HMAC-SHA-256 key of one destination. */
  readonly pseudonymKey: KeyObject;
}

/** Returns the observation made safe, or undefined when it must not leave the gateway. */
export interface SanitizerRule {
  readonly id: string;
  /** Rules run in this order, lowest first. */
  readonly order: number;
  /** Why this rule exists, in the words of the regulation it serves. Shown in the data-protection report. */
  readonly basis: string;
  apply(observation: Observation, keys: SanitizerKeys): Observation | undefined;
}

export function defineSanitizerRule(rule: SanitizerRule): SanitizerRule {
  return rule;
}
