/** How long a session of a person lasts (NIST SP 800-63B-4 2.3.3; IEC 62443-4-2 CR 2.5, CR 2.6). */
export interface SessionTimes {
  readonly startedAt: number;
  /** When a request was last seen. */
  readonly seenAt: number;
}

/** Nobody asked for anything: whoever sat there has gone. */
export const sessionIdleMs = 900_000;
/** One long shift. */
export const sessionLongestMs = 43_200_000;
/** Sessions of one person at once; a further one ends the oldest. */
export const sessionsPerUserMax = 8;
/** How late `seenAt` may be: written at every request it would wear an SD card out. */
export const seenEveryMs = 60_000;

/** Why a session is over, or undefined while it lasts. */
export function sessionEnd(
  { startedAt, seenAt }: SessionTimes,
  now: number,
): 'idle' | 'longest' | 'clock' | undefined {
  // A clock that went backwards by more than it is corrected by would make a session last.
  if (now < startedAt - seenEveryMs) return 'clock';
  if (now - startedAt >= sessionLongestMs) return 'longest';
  return now - seenAt >= sessionIdleMs ? 'idle' : undefined;
}
