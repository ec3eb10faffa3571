import type { GivenSettings } from '../gateway/config.ts';
import type { ThreatId } from '../gateway/core/threat.ts';
import type { Site, Ward } from './ward.ts';

/** What became of what the attack was after. */
export interface Effect {
  /** In words and figures, such as `sessions opened: 0 of 60 guesses`. */
  readonly measured: string;
  /** Left out where the threat is alerted to and its effect reduced, not prevented. */
  readonly isAbsent?: boolean;
}

/** One executable attack on a running gateway: bounded, and on loopback. */
export interface Attack {
  readonly threat: ThreatId;
  readonly title: string;
  /** Where several detectors look for the threat: the one that this attack is for. */
  readonly detector?: string;
  /** Prepares the site before its gateway starts; returns settings it needs besides the ward's. */
  readonly setUp?: (site: Site) => Promise<Partial<GivenSettings>>;
  /** Set in the environment of the gateway’s process. */
  readonly variables?: (site: Site) => Readonly<Record<string, string>>;
  /** Attacks, then measures what it achieved. */
  run(ward: Ward): Promise<Effect>;
}

export function defineAttack(attack: Attack): Attack {
  return attack;
}
