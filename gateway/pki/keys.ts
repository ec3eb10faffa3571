import { createHash, createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyAlgorithm } from '../core/certificate-profile.ts';
import { GatewayError } from '../core/error.ts';
import { derTags, expectDer, membersOf, readDer, wholeBits } from './der.ts';

export interface KeyPair {
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  readonly publicKey: KeyObject;
}

/** RSA public exponent of the keys made here (F4). */
const publicExponent = 0x10001;

export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { privateKey, publicKey } = await makePair(algorithm);
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey,
  };
}

/**
 * A key of the site, from PKCS#8.
 *
 * @param owner whose key it is, for the error.
 * @throws GatewayError `secret-missing` when it is damaged.
 */
export function readPrivateKey(pem: string, owner: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new GatewayError('secret-missing', `the key of ${owner} is damaged`, { cause });
  }
}

/** Subject public key info (RFC 5280 4.1.2.7) as DER. */
export function publicKeyBytes(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** RFC 7093 2, method 1: the leftmost 160 bits of the SHA-256 of the key's bits, as hexadecimal. */
export function keyIdentifier(publicKey: Uint8Array): string {
  const [, bits] = membersOf(expectDer(readDer(publicKey), derTags.sequence));
  return createHash('sha256').update(wholeBits(bits)).digest('hex').slice(0, 40);
}

/** SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point itself (RFC 5480 2.1.1). */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/** Undefined for an algorithm, a curve or a size that no profile knows. */
export function keyAlgorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  switch (key.asymmetricKeyType) {
    case 'ec':
      // By bytes, not by name: a curve spelt out as parameters may call itself P-256 as well.
      return publicKeyBytes(key).subarray(0, p256Prefix.length).equals(p256Prefix)
        ? 'ecdsa-p256'
        : undefined;
    case 'rsa':
      return bits === 2048 ? 'rsa-2048' : bits === 3072 ? 'rsa-3072' : undefined;
    default:
      return undefined;
  }
}

const makeKeyPair = promisify(generateKeyPair);

function makePair(
  algorithm: KeyAlgorithm,
): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  switch (algorithm) {
    case 'ecdsa-p256':
      return makeKeyPair('ec', { namedCurve: 'P-256' });
    case 'rsa-2048':
      return makeKeyPair('rsa', { modulusLength: 2048, publicExponent });
    case 'rsa-3072':
      return makeKeyPair('rsa', { modulusLength: 3072, publicExponent });
  }
}
