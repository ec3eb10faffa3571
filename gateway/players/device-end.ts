import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { Simulator } from '../core/simulator.ts';

/** The device's end of a line, opened again and again. */
export interface DeviceEnd {
  /** Where it listens; 0 where it connects. */
  readonly port: number;
  /** The next opening, once the gateway is there. Undefined at the abort. */
  open(signal: AbortSignal): Promise<Duplex | undefined>;
  close(): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const connectTimeoutMs = 10_000;
const reconnectMs = 500;
const announceEveryMs = 1_000;

/** A serial device server that waits for the gateway, one reader at a time. Port 0 picks one. */
export async function listenForGateway({ host, port }: Address): Promise<DeviceEnd> {
  const server = createServer();
  server.maxConnections = 1;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new GatewayError('port-busy', `TCP port ${port}`, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async open(signal) {
      try {
        const [socket] = (await once(server, 'connection', { signal })) as [Socket];
        return ready(socket);
      } catch {
        return undefined;
      }
    },
    close: () => void server.close(),
  };
}

export interface Certificate {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  readonly ca: string | Buffer;
}

/**
 * A device, or its device server, that connects to the gateway: over mutual TLS with a certificate,
 * else plainly. The first connection must succeed; later ones are tried until they do.
 */
export function connectToGateway(gateway: Address, tls?: Certificate): DeviceEnd {
  let isFirst = true;
  return {
    port: 0,
    async open(signal) {
      for (;;) {
        const socket = tls
          ? connectTls({ ...gateway, ...tls, servername: nameOf(gateway.host) })
          : connect(gateway);
        const opened = await connected(socket, tls ? 'secureConnect' : 'connect', signal);
        if (opened === true) {
          isFirst = false;
          return ready(socket);
        }
        socket.destroy();
        if (signal.aborted) return undefined;
        if (isFirst) {
          const { host, port } = gateway;
          const cause = { cause: opened };
          throw new GatewayError('gateway-unreachable', `${host}:${port}: ${opened}`, cause);
        }
        await delay(reconnectMs, undefined, { signal }).catch(() => undefined);
      }
    },
    close: () => undefined,
  };
}

export interface UdpEnd extends Address {
  readonly simulator: Simulator;
  readonly serialNumber: string;
  readonly now: () => Instant;
  /** Where the device announces itself while nobody asked it. */
  readonly announce?: Address | undefined;
}

/** A device that answers by datagrams whoever asked it last. */
export async function answerByUdp(end: UdpEnd): Promise<DeviceEnd> {
  const { simulator, announce } = end;
  const socket = createSocket({ type: 'udp4' });
  socket.bind(end.port, end.host);
  try {
    await once(socket, 'listening');
  } catch (cause) {
    throw new GatewayError('port-busy', `UDP port ${end.port}`, { cause });
  }
  let current: Duplex | undefined;
  let onOpened: (duplex: Duplex) => void = () => undefined;
  if (announce) socket.setMulticastInterface(end.host);

  const announcer = setInterval(() => {
    if (!announce || (current && !current.destroyed)) return;
    const bytes = simulator.announce?.({ serialNumber: end.serialNumber, at: end.now() });
    if (bytes) socket.send(bytes, announce.port, announce.host);
  }, announceEveryMs);

  socket.on('error', () => undefined);
  socket.on('message', (said: Buffer, from: RemoteInfo) => {
    const { turn, reply = new Uint8Array() } = simulator.hear?.(said) ?? { turn: 'begin' };
    if (reply.length > 0) socket.send(reply, from.port, from.address);
    if (turn !== undefined) current?.destroy();
    if (turn === 'begin') {
      current = datagramsTo(from);
      onOpened(current);
    } else current?.push(said);
  });

  function datagramsTo({ address, port }: RemoteInfo): Duplex {
    return new Duplex({
      read() {},
      // One write is one datagram: they are never joined.
      write: (bytes: Uint8Array, _, done) => socket.send(bytes, port, address, () => done()),
    });
  }

  return {
    port: socket.address().port,
    async open(signal) {
      if (signal.aborted) return undefined;
      const opened = Promise.withResolvers<Duplex | undefined>();
      onOpened = opened.resolve;
      const onAbort = () => opened.resolve(undefined);
      signal.addEventListener('abort', onAbort, { once: true });
      const duplex = await opened.promise;
      signal.removeEventListener('abort', onAbort);
      return duplex;
    },
    close() {
      clearInterval(announcer);
      socket.close();
    },
  };
}

function ready(socket: Socket): Socket {
  socket.setNoDelay(true);
  // Nobody reads any more: the next opening goes on.
  socket.on('error', () => socket.destroy());
  return socket;
}

/** RFC 6066 allows a name only, never an address. */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

/** True, or what went wrong. */
async function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<true | string> {
  socket.on('error', () => undefined);
  try {
    await once(socket, event, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]),
    });
    return true;
  } catch (cause) {
    return String(cause);
  }
}
