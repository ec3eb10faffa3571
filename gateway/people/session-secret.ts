import { randomBytes } from 'node:crypto';
import { hashOfSecret } from '../core/secret-hash.ts';

/** 256 bit; NIST SP 800-63B-4 5.1 asks for 64 at least. */
const secretBytes = 32;
/** By it a secret scanner knows a token of ours that somebody left in a repository. */
const tokenPrefix = 'wgt_';

export interface SessionSecret {
  /** What the browser or the machine holds. */
  readonly secret: string;
  /** What is kept of it. */
  readonly hash: string;
}

export function createSessionSecret(): SessionSecret {
  const secret = randomBytes(secretBytes).toString('base64url');
  return { secret, hash: hashOfSecret(secret) };
}

export function createToken(): SessionSecret {
  const secret = `${tokenPrefix}${randomBytes(secretBytes).toString('base64url')}`;
  return { secret, hash: hashOfSecret(secret) };
}
