import type { TLSSocket } from 'node:tls';

/**
 * What the other side’s TLS is like: version, cipher and the signature algorithms both know, in its
 * own order. Undefined for a resumed handshake, which offers nothing anew.
 */
export function offersOf(socket: TLSSocket): string | undefined {
  if (socket.isSessionReused()) return undefined;
  const algorithms = socket.getSharedSigalgs().join(' ');
  return `${socket.getProtocol()} ${socket.getCipher().standardName} ${algorithms}`;
}
