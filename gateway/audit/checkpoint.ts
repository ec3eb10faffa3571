import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import type { Checkpoint } from '../core/audit-entry.ts';
import type { Place } from './chain.ts';

/** PKCS#8 of an Ed25519 key up to its 32 bytes (RFC 8410 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The site's audit key from its 32 secret bytes (RFC 8032 5.1.5). */
export function auditKeyOf(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([pkcs8Prefix, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The public half as PEM: what an auditor keeps. */
export function publicKeyPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

export function signCheckpoint(
  kind: Checkpoint['kind'],
  { sequence, hash }: Place,
  at: number,
  key: KeyObject,
): Checkpoint {
  const unsigned = { kind, sequence, hash, at };
  const signature = sign(null, signedText(unsigned), key).toString('base64url');
  return { ...unsigned, signature };
}

/** @param key the private or the public half. */
export function isSigned(checkpoint: Checkpoint, key: KeyObject): boolean {
  const { signature } = checkpoint;
  return verify(null, signedText(checkpoint), key, Buffer.from(signature, 'base64url'));
}

/** What is signed: canonical JSON (RFC 8785) of {at, hash, kind, sequence}. */
function signedText({ at, hash, kind, sequence }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify({ at, hash, kind, sequence }));
}

/** One checkpoint as a line of text, canonical JSON. */
export function checkpointLine({ at, hash, kind, sequence, signature }: Checkpoint): string {
  return JSON.stringify({ at, hash, kind, sequence, signature });
}

const Line = z.strictObject({
  at: z.int(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  kind: z.enum(['checkpoint', 'pruned']),
  sequence: z.int().min(0),
  signature: z.base64url(),
});

/** A line longer than this is no checkpoint. */
const lineLengthMax = 4_096;

/**
 * The checkpoint in a line, whatever a log collector wrote before and after it. Undefined where
 * there is none, as in a line that a power cut tore.
 */
export function readCheckpoint(line: string): Checkpoint | undefined {
  const [start, end] = [line.indexOf('{"at":'), line.lastIndexOf('}')];
  if (start < 0 || end < start || line.length > lineLengthMax) return undefined;
  try {
    const { success, data } = Line.safeParse(JSON.parse(line.slice(start, end + 1)));
    return success ? data : undefined;
  } catch {
    // Not JSON, so not a checkpoint.
    return undefined;
  }
}
