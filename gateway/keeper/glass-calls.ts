import { type GlassBreak, type GlassVerdict, glassOpenMs } from '../core/break-glass.ts';
import type { Store } from '../store/store.ts';

/** What became of an order about the glass. */
export type GlassOutcome = GlassBreak | 'unknown' | 'open-already' | 'reviewed-already';

/** What the keeper thread does about broken glass, each with its entry in the audit trail. */
export interface GlassCalls {
  breakGlass(user: string, reason: string, now: number): GlassOutcome;
  isRaised(user: string, now: number): boolean;
  glassBreaks(before: number, countMax: number, user?: string): readonly GlassBreak[];
  reviewGlass(review: GlassReviewOrder): GlassOutcome;
}

export interface GlassReviewOrder {
  readonly sequence: number;
  /** Whose it is: what is reviewed must be this person's. */
  readonly user: string;
  readonly by: string;
  readonly verdict: GlassVerdict;
  readonly now: number;
}

export function glassCalls({ glassBreaks, audit, transact }: Store): GlassCalls {
  return {
    breakGlass: (user, reason, now) =>
      transact(() => {
        if (glassBreaks.open(user, now)) return 'open-already';
        const until = now + glassOpenMs;
        const sequence = glassBreaks.add({ user, reason, openedAt: now, until });
        const detail = `number ${sequence}, until ${new Date(until).toISOString()}`;
        const act = { at: now, actor: user, object: user, outcome: 'success' } as const;
        audit.add({ ...act, action: 'break-glass.open', detail });
        return glassBreaks.find(sequence) ?? 'unknown';
      }),
    isRaised: (user, now) => glassBreaks.open(user, now) !== undefined,
    glassBreaks: (before, countMax, user) => glassBreaks.page(before, countMax, user),
    reviewGlass: ({ sequence, user, by, verdict, now }) =>
      transact(() => {
        const found = glassBreaks.find(sequence);
        if (found?.user !== user || user === by) return 'unknown';
        if (found.review) return 'reviewed-already';
        glassBreaks.review(sequence, by, verdict, now);
        const act = { at: now, actor: by, object: user, outcome: 'success' } as const;
        audit.add({
          ...act,
          action: 'break-glass.review',
          detail: `number ${sequence}, ${verdict}`,
        });
        return glassBreaks.find(sequence) ?? 'unknown';
      }),
  };
}
