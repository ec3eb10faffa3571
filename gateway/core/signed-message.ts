import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';

/** How a device may sign what it says, by the names of RFC 7518 and RFC 8037. */
export const messageSignatures = ['HS256', 'EdDSA'] as const;
export type MessageSignature = (typeof messageSignatures)[number];

/** By what the messages of one device are told from others: a shared secret, or its public key. */
export interface DeviceKey {
  readonly algorithm: MessageSignature;
  readonly key: KeyObject;
  /** Another key of the same device counts from the beginning. */
  readonly id: string;
  /** The highest counter that was kept; 0 before any. */
  readonly counter: number;
}

export type Opened =
  | { readonly payload: Uint8Array; readonly counter: number }
  | { readonly fault: 'unsigned' | 'wrong signature' | 'no counter' };

const headerCharsMax = 256;
const form = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)$/;

/**
 * What a message holds, once it is proven whose it is: JWS in its compact form (RFC 7515), whose protected
 * header has `alg` and `ctr`, a count that rises with every message.
 */
export function openSigned(
  message: Uint8Array,
  { algorithm, key }: Pick<DeviceKey, 'algorithm' | 'key'>,
): Opened {
  const text = Buffer.from(message.buffer, message.byteOffset, message.length).toString('latin1');
  const [, header = '', payload = '', signature = ''] = form.exec(text) ?? [];
  if (header === '' || header.length > headerCharsMax) return { fault: 'unsigned' };
  const said = Buffer.from(`${header}.${payload}`);
  const proof = Buffer.from(signature, 'base64url');
  if (!isProven(said, proof, algorithm, key)) return { fault: 'wrong signature' };
  // Whoever signed it chose it: it is read only now.
  const { alg, ctr } = headerOf(header);
  if (alg !== algorithm) return { fault: 'wrong signature' };
  if (typeof ctr !== 'number' || !Number.isSafeInteger(ctr) || ctr < 1) {
    return { fault: 'no counter' };
  }
  return { payload: Buffer.from(payload, 'base64url'), counter: ctr };
}

/** As a device does it. */
export function signMessage(
  payload: string,
  counter: number,
  { algorithm, key }: Pick<DeviceKey, 'algorithm' | 'key'>,
): string {
  const header = JSON.stringify({ alg: algorithm, ctr: counter });
  const said = [header, payload].map((text) => Buffer.from(text).toString('base64url')).join('.');
  const proof =
    algorithm === 'EdDSA' ? sign(null, Buffer.from(said), key) : mac(Buffer.from(said), key);
  return `${said}.${proof.toString('base64url')}`;
}

function isProven(
  said: Buffer,
  proof: Buffer,
  algorithm: MessageSignature,
  key: KeyObject,
): boolean {
  if (algorithm === 'EdDSA') return verify(null, said, key, proof);
  const expected = mac(said, key);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

function mac(said: Buffer, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(said).digest();
}

function headerOf(header: string): { readonly alg?: unknown; readonly ctr?: unknown } {
  try {
    const read: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    return typeof read === 'object' && read !== null ? read : {};
  } catch {
    return {};
  }
}
