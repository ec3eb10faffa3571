import type { KeyObject } from 'node:crypto';
import { auditKeyOf, isSigned } from '../audit/checkpoint.ts';
import { type AuditVerdict, verifyChain } from '../audit/verify.ts';
import type { Checkpoint } from '../core/audit-entry.ts';
import { readSecret } from '../pki/secrets.ts';
import type { AuditSigner } from '../store/audit.ts';
import type { Store } from '../store/store.ts';

/** The site's secret that signs the checkpoints of its audit trail. */
export const auditKeyName = 'audit.key';

export function auditSigner(directory: string): AuditSigner {
  return { key: auditKeyOf(readSecret(directory, auditKeyName)), now: Date.now };
}

/**
 * Verifies the whole trail against the site's checkpoints and those kept elsewhere.
 *
 * @param key the audit key, or its public half.
 */
export function verifyAudit(
  { audit }: Store,
  key: KeyObject,
  kept: readonly Checkpoint[] = [],
): AuditVerdict {
  const isOurs = (checkpoint: Checkpoint) => isSigned(checkpoint, key);
  // The checkpoints first: a running gateway may add entries meanwhile, never take them.
  const verify = () => {
    const checkpoints = [...audit.checkpoints(), ...kept];
    return verifyChain(audit.pages(), checkpoints, isOurs);
  };
  const verdict = verify();
  // Except that it prunes: seen in the middle of that, entries seem to be missing.
  return verdict.problem ? verify() : verdict;
}
