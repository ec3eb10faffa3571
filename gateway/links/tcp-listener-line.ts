import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { untilAborted, wait } from './line-wait.ts';
import type { LineCause, LineTiming, Opening, WireEvents, WireOpener } from './line-wire.ts';
import { wireOf } from './socket-wire.ts';
import { keepAliveAfterMs } from './tcp-line.ts';

export interface TcpListenerOptions {
  /** The address of one interface of the gateway, never all of them. */
  readonly host: string;
  readonly port: number;
  /** The only address that is served. */
  readonly from: string;
  readonly timing: Pick<LineTiming, 'openTimeoutMs'>;
  readonly onStranger: (address: string) => void;
}

/** What waits to be accepted by the kernel; the peer needs one place. */
const backlog = 8;

/** A peer that connects in a loop is served no faster than this. */
const reconnectMinMs = 100;

/**
 * The other way round: a serial device server that dials in (“TCP client mode”). A replacement for
 * a cable, without TLS, so it is bound to one peer address and carries one connection: whoever else
 * connects is cut off and counted. A peer that connects anew has lost the connection before, which
 * gives way.
 */
export function tcpListenerOpener(options: TcpListenerOptions): WireOpener {
  const { from, timing, onStranger } = options;
  let server: Server | undefined;
  let waiting: Socket | undefined;
  let replace: (() => void) | undefined;
  let arrived = Promise.withResolvers<void>();

  function accept(socket: Socket): void {
    // Stays for good: an error without a listener ends the process.
    socket.on('error', () => {});
    if (socket.remoteAddress !== from) {
      onStranger(socket.remoteAddress ?? '');
      socket.destroy();
      return;
    }
    waiting?.destroy();
    waiting = socket;
    replace?.();
    arrived.resolve();
  }

  async function listening(signal: AbortSignal): Promise<LineCause | undefined> {
    if (server) return undefined;
    const opening = createServer(
      {
        pauseOnConnect: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveAfterMs,
      },
      accept,
    );
    const cause = await listen(opening, options);
    if (cause) return cause;
    server = opening;
    const close = () => {
      opening.close();
      waiting?.destroy();
    };
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    return undefined;
  }

  function take(events: WireEvents): Opening | undefined {
    const socket = waiting;
    waiting = undefined;
    arrived = Promise.withResolvers();
    if (!socket || socket.destroyed) return undefined;
    replace = () => events.onClosed('replaced');
    socket.on('data', (bytes: Buffer) => events.onBytes(bytes));
    // Listening for data lets a socket flow; it is born paused.
    socket.pause();
    return { wire: wireOf(socket, events) };
  }

  return {
    async open(events, signal) {
      replace = undefined;
      const cause = await listening(signal);
      if (cause) return { cause };
      if (!waiting) await untilArrived(arrived.promise, timing.openTimeoutMs, signal);
      return take(events) ?? { cause: signal.aborted ? 'stopped' : 'awaited' };
    },

    async awaitChange(signal) {
      await wait(reconnectMinMs, signal);
      await Promise.race([server ? arrived.promise : untilAborted(signal), untilAborted(signal)]);
    },
  };
}

async function listen(
  server: Server,
  { host, port }: Pick<TcpListenerOptions, 'host' | 'port'>,
): Promise<LineCause | undefined> {
  try {
    server.listen({ host, port, backlog, exclusive: true });
    await once(server, 'listening');
    server.on('error', () => {});
    return undefined;
  } catch {
    // The port is in use, or the interface has no such address yet: both may change.
    return 'not-listening';
  }
}

async function untilArrived(arrived: Promise<void>, limitMs: number, signal: AbortSignal) {
  const over = new AbortController();
  const onStop = () => over.abort();
  signal.addEventListener('abort', onStop);
  if (signal.aborted) onStop();
  await Promise.race([arrived, wait(limitMs, over.signal)]);
  over.abort();
  signal.removeEventListener('abort', onStop);
}
