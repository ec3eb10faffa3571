/**
 * How long somebody who failed to sign in has to wait (IEC 62443-4-2 CR 1.11, NIST SP 800-63B-4
 * 3.2.2): nothing at first, then a delay that doubles, then a lock. No lock is for good: whoever
 * could lock the last administrator out for ever could take the site from its owner.
 */
export interface LockOutRule {
  /** Failures that cost no delay: people mistype. */
  readonly freeFailures: number;
  /** The failure that locks, and each one after it. */
  readonly lockAtFailures: number;
  /** A pause after which the failures are forgotten. */
  readonly forgottenAfterMs: number;
}

export interface Failures {
  readonly count: number;
  readonly lastAt: number;
  readonly blockedUntil: number;
}

/** One person, whoever tries. */
export const userLockOut: LockOutRule = {
  freeFailures: 2,
  lockAtFailures: 10,
  forgottenAfterMs: 86_400_000,
};

/** One address, whomever it tries: a whole ward may sit behind it. */
export const addressLockOut: LockOutRule = {
  freeFailures: 20,
  lockAtFailures: 60,
  forgottenAfterMs: 3_600_000,
};

const firstDelayMs = 1_000;
/** The longest wait there is, and the lock. */
export const lockMs = 900_000;

const none: Failures = { count: 0, lastAt: 0, blockedUntil: 0 };

export interface Attempt {
  /** Zero when the attempt may be made. */
  readonly waitMs: number;
  /** What to keep of it. */
  readonly failures: Failures;
}

/**
 * An attempt counts as a failure from its start and is taken back when it succeeds, so that many at
 * once are no way around the delay. One that came too early is not looked at and counts for nothing.
 */
export function attempt(before: Failures = none, now: number, rule: LockOutRule): Attempt {
  const isForgotten = now - before.lastAt >= rule.forgottenAfterMs && now >= before.blockedUntil;
  const known = isForgotten ? none : before;
  const waitMs = known.blockedUntil - now;
  if (waitMs > 0) {
    // A clock that went backwards must not make a lock longer than any lock is.
    const isAhead = waitMs > lockMs;
    return isAhead
      ? { waitMs: lockMs, failures: { ...known, lastAt: now, blockedUntil: now + lockMs } }
      : { waitMs, failures: known };
  }
  const count = known.count + 1;
  return {
    waitMs: 0,
    failures: { count, lastAt: now, blockedUntil: now + delayMs(count, rule) },
  };
}

/** An attempt that was no failure after all: as if it had not been made. */
export function takenBack({ count, lastAt }: Failures): Failures {
  return { count: Math.max(0, count - 1), lastAt, blockedUntil: 0 };
}

/** What counts as one address: of IPv6 the /64, of which one host may have every address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

function delayMs(failures: number, rule: LockOutRule): number {
  if (failures >= rule.lockAtFailures) return lockMs;
  const beyond = failures - rule.freeFailures;
  return beyond <= 0 ? 0 : Math.min(lockMs, firstDelayMs * 2 ** (beyond - 1));
}
