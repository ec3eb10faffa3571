import { createHmac, type KeyObject } from 'node:crypto';
import type { Pseudonym } from './observation.ts';

/** 128 bit: no two of a hospital's patients meet. */
const digestBytes = 16;

/** Names per key that are kept at hand; a ward has far fewer. Beyond it the oldest are computed anew. */
const cachedNamesMax = 20_000;

const cache = new WeakMap<KeyObject, Map<string, Pseudonym>>();

/**
 * HMAC-SHA-256 of the name under a destination's own key, cut to 128 bit: the same name gives
 * the same pseudonym there, another one elsewhere, and nobody without the key can go back
 * (GDPR Art. 4(5); ENISA Pseudonymisation techniques 2019, 5.1.4).
 */
export function pseudonymOf(name: string, key: KeyObject): Pseudonym {
  const known = cache.get(key) ?? new Map<string, Pseudonym>();
  if (known.size === 0) cache.set(key, known);
  const found = known.get(name);
  if (found) return found;
  const digest = createHmac('sha256', key).update(name).digest();
  const pseudonym = `_${digest.subarray(0, digestBytes).toString('base64url')}` as Pseudonym;
  if (known.size >= cachedNamesMax) known.delete(known.keys().next().value ?? name);
  known.set(name, pseudonym);
  return pseudonym;
}
