/**
 * What OpenSSL says, as Node codes it, of a peer that knows nothing as strong as the policy asks:
 * old software, or somebody between who made it so.
 */
const weak: ReadonlySet<string> = new Set([
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_VERSION_TOO_LOW',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_NO_SHARED_CIPHER',
  'ERR_SSL_NO_SUITABLE_KEY_SHARE',
  'ERR_SSL_NO_SUITABLE_GROUPS',
  'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM',
  'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS',
  'ERR_SSL_INAPPROPRIATE_FALLBACK',
  'ERR_SSL_UNKNOWN_PROTOCOL',
  'certificate-weak-key',
]);

/** What is no TLS at all: somebody who tries what listens here. */
const foreign: ReadonlySet<string> = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNEXPECTED_MESSAGE',
  'ERR_SSL_BAD_PACKET',
  'ERR_SSL_BAD_RECORD_TYPE',
]);

/** A server whose certificate is not the one that was to be there (OpenSSL verify(1), and Node’s own). */
const distrusted: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export type TlsFault = 'weak' | 'foreign' | 'distrusted';

/** Undefined for every other reason to refuse a handshake: then it is about who it is. */
export function tlsFaultOf(cause: string): TlsFault | undefined {
  if (weak.has(cause)) return 'weak';
  if (distrusted.has(cause)) return 'distrusted';
  return foreign.has(cause) ? 'foreign' : undefined;
}
