/**
 * A person does more than the role allows, for a while and with a reason, because a patient cannot
 * wait; somebody else looks at it afterwards (MDS2 EMRG-1). What becomes possible is the column of
 * `raised` in access/authorise.ts.
 */
export interface GlassBreak {
  readonly sequence: number;
  readonly user: string;
  /** In the person's own words. May name a patient: it is shown to reviewers, and not audited. */
  readonly reason: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly openedAt: number;
  /** Raised until then. */
  readonly until: number;
  readonly review?: GlassReview | undefined;
}

export interface GlassReview {
  readonly by: string;
  readonly at: number;
  readonly verdict: GlassVerdict;
}

export const glassVerdicts = ['justified', 'not-justified'] as const;
export type GlassVerdict = (typeof glassVerdicts)[number];

export const glassOpenMs = 60 * 60_000;
/** Looked at within this time, or it is overdue. */
export const glassReviewMs = 72 * 60 * 60_000;
export const glassReasonCharsMin = 10;
export const glassReasonCharsMax = 500;

/** Whether it was looked at. */
export function reviewStateOf(
  { openedAt, review }: GlassBreak,
  now: number,
): 'done' | 'due' | 'overdue' {
  if (review) return 'done';
  return now - openedAt > glassReviewMs ? 'overdue' : 'due';
}
