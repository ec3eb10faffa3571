import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { GatewayError } from '../core/error.ts';

/** What stands before the body of a bundle, as one line of JSON. */
export const BundleHead = z.strictObject({
  format: z.literal('wardgate-vulnerabilities/1'),
  madeAt: z.int().min(0),
  bodyBytes: z.int().min(0),
  /** SHA-512 of the body, hexadecimal. */
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  /** Whose signature it is: SHA-256 of the public key, hexadecimal. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.base64url(),
});
export type BundleHead = z.output<typeof BundleHead>;

export function signHead(head: Omit<BundleHead, 'key' | 'signature'>, key: KeyObject): BundleHead {
  const named = { ...head, key: fingerprintOf(createPublicKey(key)) };
  return { ...named, signature: sign(null, signedText(named), key).toString('base64url') };
}

export function isSignedBy(head: BundleHead, key: KeyObject): boolean {
  return verify(null, signedText(head), key, Buffer.from(head.signature, 'base64url'));
}

/** What is signed: canonical JSON (RFC 8785) of all but the signature. */
function signedText({ bodyBytes, format, key, madeAt, sha512 }: Omit<BundleHead, 'signature'>) {
  return Buffer.from(JSON.stringify({ bodyBytes, format, key, madeAt, sha512 }));
}

/** SHA-256 of the key as DER (SubjectPublicKeyInfo), hexadecimal. */
export function fingerprintOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/**
 * A public key from PEM; of a private one its public half.
 *
 * @throws GatewayError `bundle-key` where it is no Ed25519 key.
 */
export function publicKeyOf(pem: string, what: string): KeyObject {
  return ed25519(() => createPublicKey(pem), what);
}

/**
 * The key that bundles are signed with. A file that is not there is made, with its public half
 * beside it.
 *
 * @throws GatewayError `bundle-key`.
 */
export function signingKey(path: string): { readonly key: KeyObject; readonly isNew: boolean } {
  try {
    const pem = readFileSync(path, 'utf8');
    return { key: ed25519(() => createPrivateKey(pem), path), isNew: false };
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const flag = 'wx';
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { flag, mode: 0o600 });
  writeFileSync(`${path}.pub`, publicKey.export({ type: 'spki', format: 'pem' }), { flag });
  return { key: privateKey, isNew: true };
}

function ed25519(read: () => KeyObject, what: string): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // No key at all: said below, as for another kind of key.
  }
  throw new GatewayError('bundle-key', `${what} holds no Ed25519 key`);
}
