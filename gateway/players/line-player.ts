import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { SimulatedWrite } from '../core/simulator.ts';

export interface LinePlay {
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly say: (sequence: number, at: Instant) => readonly SimulatedWrite[];
  readonly rateHz: number;
  readonly count?: number | undefined;
  readonly signal: AbortSignal;
  readonly now: () => Instant;
  /** Told when the gateway answered every write of a moment that waits for an answer. */
  readonly onAcknowledged?: (sequence: number, at: Instant) => void;
}

export interface LinePlayer {
  readonly port: number;
  readonly played: Promise<{ readonly sent: number; readonly acknowledged: number }>;
}

/** ASTM E1381 gives the receiver 15 s. */
const answerTimeoutMs = 15_000;

/**
 * Plays a device behind a serial device server: its bytes on a TCP port, one reader at a time.
 * Where the wire format waits for an answer, so does this; a moment whose answer does not come is
 * said again on the next connection.
 */
export async function playLine(play: LinePlay): Promise<LinePlayer> {
  const server = createServer();
  server.maxConnections = 1;
  server.listen(play.port, play.host ?? '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new GatewayError('port-busy', `TCP port ${play.port}`, { cause });
  }
  return { port: (server.address() as AddressInfo).port, played: run() };

  async function run() {
    let sent = 0;
    let acknowledged = 0;
    let socket: Socket | undefined;
    while (!play.signal.aborted && acknowledged < (play.count ?? Number.POSITIVE_INFINITY)) {
      socket = await reader(socket);
      if (!socket) break;
      const sequence = acknowledged + 1;
      const at = play.now();
      sent += 1;
      if (await sayAll(socket, play.say(sequence, at))) {
        acknowledged += 1;
        play.onAcknowledged?.(sequence, at);
      }
      await pause(at + 1_000 / play.rateHz - play.now(), play.signal);
    }
    socket?.destroy();
    server.close();
    return { sent, acknowledged };
  }

  async function reader(socket: Socket | undefined): Promise<Socket | undefined> {
    if (socket && !socket.destroyed && socket.writable) return socket;
    try {
      const [next] = (await once(server, 'connection', { signal: play.signal })) as [Socket];
      next.setNoDelay(true);
      // Nobody reads any more: the next connection goes on.
      next.on('error', () => next.destroy());
      return next;
    } catch {
      return undefined;
    }
  }
}

async function sayAll(socket: Socket, writes: readonly SimulatedWrite[]): Promise<boolean> {
  for (const { bytes, awaits } of writes) {
    const answer = awaits === undefined ? true : answered(socket, awaits);
    socket.write(bytes);
    if (!(await answer)) return false;
  }
  return !socket.destroyed;
}

/** Whether the byte came before the connection ended or the time was up. */
function answered(socket: Socket, byte: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onData = (chunk: Buffer) => resolve(chunk.includes(byte));
  const onClose = () => resolve(false);
  const timer = setTimeout(onClose, answerTimeoutMs);
  socket.once('data', onData).once('close', onClose);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off('data', onData).off('close', onClose);
  });
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  if (durationMs <= 0) return;
  try {
    await delay(durationMs, undefined, { signal });
  } catch {
    // Aborted: the loop looks.
  }
}
