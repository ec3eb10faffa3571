import { createHmac, type KeyObject } from 'node:crypto';
import type { Pseudonym } from './observation.ts';

/** 128 bit: no two of a hospital's patients meet. */
const digestBytes = 16;

/** A patient and a device of one name are still two. */
export type NameKind = 'subject' | 'device';

/** Names per key and kind that are kept at hand; a ward has far fewer. Beyond it the oldest are computed anew. */
const cachedNamesMax = 20_000;

const cache = new WeakMap<KeyObject, Record<NameKind, Map<string, Pseudonym>>>();

/**
 * HMAC-SHA-256 of the name under a destination's own key, cut to 128 bit: the same name gives
 * the same pseudonym there, another one elsewhere, and nobody without the key can go back
 * (GDPR Art. 4(5); ENISA Pseudonymisation techniques 2019, 5.1.4).
 */
export function pseudonymOf(kind: NameKind, name: string, key: KeyObject): Pseudonym {
  const all = cache.get(key) ?? { subject: new Map(), device: new Map() };
  const known = all[kind];
  if (known.size === 0) cache.set(key, all);
  const found = known.get(name);
  if (found) return found;
  const digest = createHmac('sha256', key).update(`${kind}:${name}`).digest();
  const pseudonym = `_${digest.subarray(0, digestBytes).toString('base64url')}` as Pseudonym;
  if (known.size >= cachedNamesMax) known.delete(known.keys().next().value ?? name);
  known.set(name, pseudonym);
  return pseudonym;
}
