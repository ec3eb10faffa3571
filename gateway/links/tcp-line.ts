import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { chunkBytesMax } from './line-intake.ts';
import { untilAborted } from './line-wait.ts';
import type { LineCause, LineTiming, Opening, WireOpener } from './line-wire.ts';
import { wireOf } from './socket-wire.ts';

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  readonly timing: Pick<LineTiming, 'openTimeoutMs'>;
}

/** A peer that vanished without a word is noticed by the kernel's probes, which start after this. */
export const keepAliveAfterMs = 10_000;

/** The same bytes over TCP: a serial device server in raw mode beside the bed. */
export function tcpOpener({ host, port, timing }: TcpOptions): WireOpener {
  return {
    async open(events, signal): Promise<Opening> {
      const socket = connect({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveAfterMs,
        // One buffer of our own: what is not read stays in the kernel, and the peer is slowed down.
        onread: {
          buffer: new Uint8Array(chunkBytesMax),
          callback: (length, bytes) => {
            events.onBytes(bytes.subarray(0, length));
            return true;
          },
        },
      });
      socket.pause();
      const cause = await connected(socket, timing.openTimeoutMs, signal);
      if (cause) {
        socket.destroy();
        return { cause };
      }
      return { wire: wireOf(socket, events) };
    },

    // Nothing tells that a server is back; only the next attempt does.
    awaitChange: untilAborted,
  };
}

/** Why the socket did not connect; undefined when it did. */
async function connected(
  socket: Socket,
  openTimeoutMs: number,
  signal: AbortSignal,
): Promise<LineCause | undefined> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), openTimeoutMs);
  const onStop = () => over.abort();
  signal.addEventListener('abort', onStop);
  if (signal.aborted) onStop();
  // Stays for good: an error without a listener ends the process.
  socket.on('error', () => {});
  try {
    await once(socket, 'connect', { signal: over.signal });
    return undefined;
  } catch {
    // Refused, unknown, out of time or stopped: each is told apart by what we did, not by text.
    if (signal.aborted) return 'stopped';
    return over.signal.aborted ? 'open-timeout' : 'unreachable';
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
  }
}
