import { createHash } from 'node:crypto';

/** More than anybody reads, less than processors differ in the last digit of a logarithm. */
const decimals = 6;
const scale = 10 ** decimals;

/**
 * JSON with sorted keys and six decimals: the same input gives the same bytes, wherever it is
 * computed. Keys whose value is undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'number') return rounded(each);
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** SHA-256, in hexadecimal, of the canonical JSON. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function rounded(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  // There is no minus nought in a score.
  return Math.round(value * scale) / scale || 0;
}
