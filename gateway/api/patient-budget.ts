import type { Principal } from '../core/principal.ts';

/** More than any ward, or a night’s round through several, has patients. */
const patientsMax = 250;
const windowMs = 3_600_000;
/** People remembered at once. */
const peopleMax = 1_000;

interface Seen {
  readonly since: number;
  readonly patients: Set<string>;
  isTold: boolean;
}

/**
 * How many different patients one person is shown in an hour. What goes beyond it is shown without its
 * patient: nobody at a bed needs so many, and who copies a hospital does.
 */
export class PatientBudget {
  readonly #seen = new Map<string, Seen>();
  readonly #now: () => number;
  readonly #onBeyond: (principal: Principal) => void;

  constructor(now: () => number, onBeyond: (principal: Principal) => void) {
    this.#now = now;
    this.#onBeyond = onBeyond;
  }

  /** Without who the patient is, where the person was shown too many. */
  shownTo<State extends { readonly id: string; readonly subject?: string | undefined }>(
    principal: Principal | undefined,
    state: State,
  ): State {
    if (state.subject === undefined) return state;
    const maySee = principal !== undefined && this.admits(principal, state.id);
    return maySee ? state : { ...state, subject: undefined };
  }

  /** Whether this person may be shown who the patient of that device is. */
  admits(principal: Principal, device: string): boolean {
    const seen = this.#of(`${principal.role} ${principal.id}`);
    if (seen.patients.has(device)) return true;
    if (seen.patients.size < patientsMax) {
      seen.patients.add(device);
      return true;
    }
    if (!seen.isTold) this.#onBeyond(principal);
    seen.isTold = true;
    return false;
  }

  #of(name: string): Seen {
    const known = this.#seen.get(name);
    const now = this.#now();
    if (known && now - known.since < windowMs) return known;
    const seen = { since: now, patients: new Set<string>(), isTold: false };
    this.#seen.delete(name);
    this.#seen.set(name, seen);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > peopleMax && oldest !== undefined) this.#seen.delete(oldest);
    return seen;
  }
}
