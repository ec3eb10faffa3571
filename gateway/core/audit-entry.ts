import type { AuditAction } from './audit-action.ts';

/** Who did what to what, when, and how it went (FHIR AuditEvent in short). */
export interface AuditEntry {
  /** Milliseconds since the epoch on the gateway's clock. */
  readonly at: number;
  /**
   * A user's name, `cli:<account>` for a command, `gateway` for what it does by itself,
   * `device:<id>` or `address:<ip>` for whoever came over a link.
   */
  readonly actor: string;
  readonly action: AuditAction;
  /** What it was done to: an id, a file's name, or empty for the whole site. */
  readonly object: string;
  readonly outcome: 'success' | 'failure';
  /** Ids and figures in a few words, never what names a patient, never a secret. */
  readonly detail: string;
}

/** An entry in its place in the chain. */
export interface AuditRecord extends AuditEntry {
  /** From 1, without gaps. */
  readonly sequence: number;
  /** SHA-256 over this entry and the hash of the one before; see audit/chain.ts. Hexadecimal. */
  readonly hash: string;
}

/**
 * A signed statement about the chain, kept outside the database. `checkpoint`: up to `sequence` it
 * was this one. `pruned`: what came up to `sequence` was deleted because of its age, not by a thief.
 */
export interface Checkpoint {
  readonly kind: 'checkpoint' | 'pruned';
  readonly sequence: number;
  readonly hash: string;
  readonly at: number;
  /** Ed25519 (RFC 8032) over the text of audit/checkpoint.ts, base64url. */
  readonly signature: string;
}
