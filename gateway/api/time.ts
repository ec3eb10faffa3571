import { z } from 'zod';

/** An instant in an answer: ISO 8601, UTC. */
export const time = z.iso.datetime();

/** @param at milliseconds since the epoch. */
export function timeOf(at: number): string {
  return new Date(at).toISOString();
}
