import { connect, type TLSSocket } from 'node:tls';
import { octetCounted } from '../audit/syslog-message.ts';
import { clientTls, type TlsMaterial } from '../core/destination-options.ts';

export interface CollectorOptions extends TlsMaterial {
  readonly host: string;
  readonly port: number;
}

/** A whole exchange, from connecting to the collector's last word. */
const exchangeTimeoutMs = 30_000;

/**
 * Sends messages to a log collector by syslog over TLS (RFC 5425). Resolves to undefined when the
 * collector has read them all, else to why not.
 *
 * Syslog knows no acknowledgement: what was written may still be lost. So each batch has a session
 * of its own that we end first (RFC 5425 4.4). A collector that closes its side after that, and in
 * good order, has read everything up to our end; one that died before resets the connection.
 */
export function sendSyslog(
  messages: readonly string[],
  { host, port, ...tls }: CollectorOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket: TLSSocket = connect({
    ...clientTls(tls),
    host,
    port,
    servername: isName(host) ? host : '',
  });
  let isRead = false;
  let failure = 'closed before it was read';
  const abort = () => socket.destroy();
  const timer = setTimeout(() => {
    failure = 'ETIMEDOUT';
    socket.destroy();
  }, exchangeTimeoutMs);
  signal.addEventListener('abort', abort);
  socket.once('secureConnect', () => socket.end(messages.map(octetCounted).join('')));
  // What a collector says is of no meaning, but it must be read to see the end.
  socket.resume();
  socket.once('end', () => {
    isRead = socket.writableFinished;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.name;
    isRead = false;
  });
  socket.once('close', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    resolve(isRead ? undefined : failure);
  });
  if (signal.aborted) abort();
  return promise;
}

/** RFC 6066 3: an address is no server name. */
function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}
