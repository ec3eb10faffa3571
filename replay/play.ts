import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { Credentials } from '../gateway/demo/ward.ts';
import type { Packet } from './recording.ts';
import { host } from './site.ts';
import { type ReplayDevice, translator } from './translate.ts';

export interface Played {
  readonly sent: number;
  /** Packets whose connection the gateway had refused or ended by then. */
  readonly kept: number;
  readonly connections: number;
  /** By how much the slowest packet was late, in seconds of the trace. */
  readonly latestSeconds: number;
}

/** The most that waits for one socket; a gateway that does not read is not sent more. */
const unsentBytesMax = 4 * 2 ** 20;
const openMax = 4_096;

/** Plays packets at their time, divided by `speed`, each connection over a socket of its own. */
export async function play(
  packets: readonly Packet[],
  devices: ReadonlyMap<string, ReplayDevice>,
  credentials: ReadonlyMap<string, Credentials>,
  {
    port,
    speed,
    signal,
  }: { readonly port: number; readonly speed: number; readonly signal: AbortSignal },
): Promise<Played> {
  const sockets = new Map<number, TLSSocket>();
  const translators = new Map(
    [...devices.values()].map(({ src, id }) => [src, translator(id)] as const),
  );
  const counts = { sent: 0, kept: 0, connections: 0, latestSeconds: 0 };
  const startedMs = performance.now();

  function open({ conn, src }: Packet): TLSSocket | undefined {
    const tls = credentials.get(devices.get(src)?.id ?? '');
    if (!tls || sockets.size >= openMax) return undefined;
    const socket = connect({ host, port, ...tls });
    counts.connections += 1;
    // Being refused is what an attack must expect.
    socket.on('error', () => undefined);
    socket.resume();
    sockets.set(conn, socket);
    return socket;
  }

  for (const packet of packets) {
    const aheadMs = startedMs + (packet.t * 1_000) / speed - performance.now();
    if (aheadMs > 1) await delay(aheadMs, undefined, { signal });
    else if (counts.sent % 256 === 0) await delay(0, undefined, { signal });
    counts.latestSeconds = Math.max(counts.latestSeconds, (-aheadMs * speed) / 1_000);
    const { conn, src, type } = packet;
    const socket = type === 'OPEN' ? open(packet) : sockets.get(conn);
    if (type === 'CLOSE') {
      socket?.end();
      sockets.delete(conn);
      continue;
    }
    if (type === 'OPEN') continue;
    const bytes = translators.get(src)?.(packet) ?? packet.bytes;
    const isOpen = socket?.writable && socket.writableLength < unsentBytesMax;
    if (isOpen) socket.write(bytes);
    if (isOpen) counts.sent += 1;
    else counts.kept += 1;
  }
  for (const socket of sockets.values()) socket.destroy();
  return counts;
}
