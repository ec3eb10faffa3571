import type { Principal } from '../core/principal.ts';

/** More than any ward, or a night’s round through several, has patients. */
const patientsMax = 250;
/** Who sees so few is never kept from seeing more: a ward, and the one beside it. */
const patientsMin = 32;
const windowMs = 3_600_000;
/** People remembered at once. */
const peopleMax = 1_000;

interface Seen {
  readonly since: number;
  readonly patients: Set<string>;
  isTold: boolean;
  isClosed: boolean;
}

/** Who is to know of it. */
interface BudgetTold {
  /** The person wanted to see more than the budget; said once an hour. */
  beyond(principal: Principal): void;
  /** The person was shown so many different patients within the hour: 1, 2, 4 and so on. */
  seen(principal: Principal, count: number): void;
}

/**
 * How many different patients one person is shown in an hour. What goes beyond it is shown without its
 * patient: nobody at a bed needs so many, and who copies a hospital does.
 */
export class PatientBudget {
  readonly #seen = new Map<string, Seen>();
  readonly #now: () => number;
  readonly #tell: BudgetTold;

  constructor(now: () => number, tell: BudgetTold) {
    this.#now = now;
    this.#tell = tell;
  }

  /**
   * No more patients for this person within the hour than were shown: nobody knows them to see so many.
   * Whoever broke the glass had a reason, and somebody will look at it.
   */
  close(principal: Principal): void {
    const seen = this.#of(nameOf(principal));
    if (seen.patients.size >= patientsMin) seen.isClosed = true;
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
    const seen = this.#of(nameOf(principal));
    const isClosed = seen.isClosed && principal.isRaised !== true;
    if (seen.patients.has(device)) return true;
    if (seen.patients.size < patientsMax && !isClosed) {
      seen.patients.add(device);
      const { size } = seen.patients;
      // At each doubling: eight times an hour at most.
      if ((size & (size - 1)) === 0) this.#tell.seen(principal, size);
      return true;
    }
    if (!seen.isTold) this.#tell.beyond(principal);
    seen.isTold = true;
    return false;
  }

  #of(name: string): Seen {
    const known = this.#seen.get(name);
    const now = this.#now();
    if (known && now - known.since < windowMs) return known;
    const seen = { since: now, patients: new Set<string>(), isTold: false, isClosed: false };
    this.#seen.delete(name);
    this.#seen.set(name, seen);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > peopleMax && oldest !== undefined) this.#seen.delete(oldest);
    return seen;
  }
}

function nameOf({ role, id }: Principal): string {
  return `${role} ${id}`;
}
