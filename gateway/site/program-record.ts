import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Manifest, readManifest } from '../host/program-files.ts';

const ProgramRecord = z.strictObject({
  version: z.string(),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
  /** Ed25519 by the key of the audit trail, base64url. */
  signature: z.string(),
});

const recordPath = 'audit/program.json';

export interface RecordedProgram {
  readonly manifest: Manifest;
  /** Who vouches for it: this start, for the first time or after an upgrade, or an earlier one. */
  readonly origin: 'new' | 'earlier' | 'forged';
}

/**
 * The program as it was when this version of it first ran at this site. An upgrade is another
 * version; other files under the same one are not.
 */
export async function recordProgram(
  directory: string,
  root: string,
  version: string,
  key: KeyObject,
): Promise<RecordedProgram> {
  const path = join(directory, recordPath);
  const known = readRecord(path);
  const isSigned = known && isSignedBy(known, key);
  if (known && isSigned && known.version === version) {
    return { manifest: known.files, origin: 'earlier' };
  }
  const manifest = await readManifest(root);
  writeRecord(path, version, manifest, key);
  return { manifest, origin: known && !isSigned ? 'forged' : 'new' };
}

function readRecord(path: string): z.output<typeof ProgramRecord> | undefined {
  try {
    return ProgramRecord.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // There is none yet, or somebody broke it: it is made anew.
    return undefined;
  }
}

function isSignedBy({ version, files, signature }: z.output<typeof ProgramRecord>, key: KeyObject) {
  const bytes = Buffer.from(signature, 'base64url');
  return verify(null, textOf(version, files), createPublicKey(key), bytes);
}

function writeRecord(path: string, version: string, files: Manifest, key: KeyObject): void {
  const signature = sign(null, textOf(version, files), key).toString('base64url');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify({ version, files, signature }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** What is signed says what it is, so that it stands for nothing else signed by the same key. */
function textOf(version: string, files: Manifest): Buffer {
  const rows = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(`wardgate program\n${version}\n${JSON.stringify(rows)}`);
}
