import { z } from 'zod';
import { feedKinds } from '../core/vulnerability.ts';

/** The body of a bundle is lines of JSON, gzipped. A bundle without its last line is cut off. */
export const BundleLine = z.union([
  z.strictObject({
    feed: z.strictObject({ kind: z.enum(feedKinds), name: z.string().min(1).max(255) }),
  }),
  z.strictObject({ entry: z.unknown() }),
  z.strictObject({
    end: z.strictObject({ entries: z.int().min(0), publishedAt: z.int().optional() }),
  }),
  z.strictObject({ whole: z.strictObject({ feeds: z.int().min(0) }) }),
]);
export type BundleLine = z.output<typeof BundleLine>;
