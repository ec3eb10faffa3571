import { expect, it } from 'vitest';
import {
  type GlassBreak,
  glassReviewMs,
  reviewStateOf,
} from '../../../gateway/core/break-glass.ts';

const broken: GlassBreak = {
  ...{
    sequence: 1,
    user: 'mara',
    reason: 'a reason of some length',
    openedAt: 1_000,
    until: 2_000,
  },
};

it('is overdue when nobody looked at it for 72 hours', () => {
  expect(reviewStateOf(broken, 1_000)).toBe('due');
  expect(reviewStateOf(broken, 1_000 + glassReviewMs)).toBe('due');
  expect(reviewStateOf(broken, 1_001 + glassReviewMs)).toBe('overdue');
  const review = { by: 'jon', at: 5_000, verdict: 'justified' } as const;
  expect(reviewStateOf({ ...broken, review }, 1e12)).toBe('done');
});
