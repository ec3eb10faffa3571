import { createHash } from 'node:crypto';

/**
 * What is kept of a secret of at least 112 random bits, such as a session’s or a token: its SHA-256
 * (NIST SP 800-63B-4 3.1.2.2). A password is not such a secret.
 */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
