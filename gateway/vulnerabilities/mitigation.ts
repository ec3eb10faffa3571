import type { AttackVector, Mitigation } from '../core/rama.ts';
import type { CvssFacts } from './cvss.ts';

/** What this gateway does about a vulnerability, or about all that come over a network. */
export interface Measure {
  /**
   * `isolation`: no IP path leads to the device. `filter`: its protocol goes through the gateway,
   * which passes on what it has decoded and nothing else, or a virtual patch refuses the attack.
   */
  readonly kind: 'isolation' | 'filter';
  /** The one vulnerability it is for; undefined for every one that is reached as `cuts` says. */
  readonly vulnerability?: string | undefined;
  /** CVSS attack vectors whose way it cuts. */
  readonly cuts: readonly AttackVector[];
  /** That it works. Without it, it counts as nothing. */
  readonly evidence?: Evidence | undefined;
}

export interface Evidence {
  /** Where to look it up: a finding, a test, an audit entry, a link. */
  readonly id: string;
  readonly statement: string;
  readonly at: number;
  /** Evidence older than this is none. */
  readonly goodForMs: number;
}

/**
 * What of the gateway cuts a vulnerability’s way to the device; undefined where nothing does. A
 * measure without evidence, with evidence that is too old or from the future, or on another way,
 * counts as none; so does every one where it is not known how the vulnerability is reached.
 */
export function mitigationOf(
  vulnerability: string,
  facts: Pick<CvssFacts, 'attackVector'> | undefined,
  measures: readonly Measure[],
  now: number,
): Mitigation | undefined {
  const working = measures.flatMap(({ kind, vulnerability: of, cuts, evidence }) => {
    const isFor = of === undefined || of === vulnerability;
    const isOnItsWay = facts !== undefined && cuts.includes(facts.attackVector);
    return isFor && isOnItsWay && evidence && isFresh(evidence, now) ? [{ kind, evidence }] : [];
  });
  const [first, ...others] = [...new Set(working.map(({ kind }) => kind))];
  if (first === undefined) return undefined;
  return {
    kind: others.length > 0 ? 'filter-and-isolation' : first,
    evidence: working.map(({ evidence: { id, statement } }) => `${id}: ${statement}`),
  };
}

function isFresh({ at, goodForMs, statement }: Evidence, now: number): boolean {
  return statement !== '' && at <= now && now - at <= goodForMs;
}
