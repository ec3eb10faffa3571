import { constants } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import {
  type DeviceIdentity,
  type IdentityRefusal,
  identifyClient,
} from '../access/device-identity.ts';
import type { CertificateStanding } from '../core/certificate-standing.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import { tlsPolicy } from '../core/tls-policy.ts';
import { MqttGate } from './mqtt-gate.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import { type Sighting, sightingOf } from './mqtt-sighting.ts';

/** PEM throughout. */
export interface MqttTls {
  readonly key: Buffer | string;
  readonly cert: string;
  readonly ca: readonly string[];
}

/** Where to listen. */
export interface MqttPlace {
  /** Every address of this machine, IPv6 and IPv4, when left out. */
  readonly host?: string | undefined;
  readonly port: number;
}

export interface MqttListenerOptions extends MqttPlace {
  readonly tls: MqttTls;
  readonly limits: MqttLimits;
  readonly standing: CertificateStanding;
  readonly now: () => Instant;
  /** A device, or whoever has its certificate and key, is on the line. */
  readonly secured: (
    socket: TLSSocket,
    address: string,
    identity: DeviceIdentity | IdentityRefusal,
  ) => void;
  /** Somebody was kept out before anything was known but an address. */
  readonly keptOut: (address: string, sighting: Sighting) => void;
  /** Connections that an address opened since the last sweep, whatever became of them. */
  readonly knocked: (address: string, count: number) => void;
}

export interface MqttListener {
  readonly port: number;
  /** Connections whose handshake is not over. */
  readonly shaking: number;
  /** New certificates for every handshake from now on; no old session is resumed. */
  renew(tls: MqttTls): void;
  /**
   * Listens somewhere else from now on; whoever is connected stays.
   *
   * @throws GatewayError `port-busy`: it still listens where it did.
   */
  move(place: MqttPlace): Promise<void>;
  /** For who comes from now on. */
  limit(limits: MqttLimits): void;
  /** Lets nobody in from these addresses; whoever is in stays. */
  block(addresses: ReadonlySet<string>): void;
  sweep(at: number): void;
  /** Lets nobody in any more; whoever is in stays. */
  close(): void;
}

/** How long a device that fell silent keeps its TCP connection probed: from this age on. */
const probeAfterMs = 60_000;

export async function listenForMqtt(options: MqttListenerOptions): Promise<MqttListener> {
  const { limits, standing, now, secured, keptOut, knocked } = options;
  const gate = new MqttGate(limits);
  /** Connections in their handshake, by address and port. */
  const shaking = new Map<string, Socket>();

  const tlsServer = createTlsServer(tlsOptions(options.tls, limits), (socket) => {
    const address = addressOf(socket);
    if (shaking.delete(keyOf(socket))) gate.shakenHands(address);
    const verdict = identifyClient(socket, standing, now());
    if (typeof verdict === 'string' || 'device' in verdict) {
      secured(socket, address, verdict);
      return;
    }
    socket.on('error', () => {});
    socket.destroy();
    keptOut(address, { kind: 'refused', cause: verdict.distrust });
  });
  tlsServer.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const sighting = handshakeSighting(error);
    if (sighting !== undefined) keptOut(addressOf(socket), sighting);
    // A handshake that took too long is left open by Node.
    socket.destroy();
  });

  // Counted as TCP, before a handshake costs anything; then handed to TLS.
  const server = await listenAnywhere(options, (socket) => {
    // Reset while it waited to be accepted: it is nobody any more, and has no address to count by.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const address = addressOf(socket);
    const refusal = gate.enter(address, performance.now());
    if (refusal !== undefined) {
      socket.destroy();
      keptOut(address, { kind: 'limit', limit: refusal });
      return;
    }
    const key = keyOf(socket);
    shaking.set(key, socket);
    socket.once('close', () => {
      if (shaking.delete(key)) gate.shakenHands(address);
      gate.leave(address);
    });
    tlsServer.emit('connection', socket);
  });

  return {
    get port() {
      return server.port();
    },
    get shaking() {
      return shaking.size;
    },
    renew: (tls) => tlsServer.setSecureContext(tlsOptions(tls, limits)),
    move: (place) => server.move(place),
    limit: (next) => gate.limit(next),
    block: (addresses) => gate.block(addresses),
    sweep: (at) => gate.sweep(at, knocked),
    close: () => {
      server.close();
      for (const socket of shaking.values()) socket.destroy();
    },
  };
}

function tlsOptions({ key, cert, ca }: MqttTls, limits: MqttLimits): TlsOptions {
  return {
    key,
    cert,
    ca: [...ca],
    ...tlsPolicy,
    // A client that renegotiates makes the server work for nothing.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    requestCert: true,
    // Node would end every connection with a fault of any kind by itself, also where the site has
    // granted a grace. The verdict is `identify`, before anybody is on the line.
    rejectUnauthorized: false,
    handshakeTimeout: limits.handshakeMs,
  };
}

/** A TCP server that can listen somewhere else without ending a connection. */
interface MovingServer {
  port(): number;
  move(place: MqttPlace): Promise<void>;
  close(): void;
}

async function listenAnywhere(
  first: MqttPlace,
  connected: (socket: Socket) => void,
): Promise<MovingServer> {
  let place = first;
  let server = await listen(first, connected);
  return {
    port: () => portOf(server),
    async move(next) {
      const before = server;
      // One port cannot be listened to twice, on some address and on all of them.
      const isSamePort = next.port === portOf(before);
      if (isSamePort) before.close();
      try {
        server = await listen(next, connected);
      } catch (error) {
        if (isSamePort) server = await listen({ ...place, port: next.port }, connected);
        throw error;
      }
      place = next;
      if (!isSamePort) before.close();
    },
    close: () => void server.close(),
  };
}

function portOf(server: Server): number {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

async function listen(
  { host, port }: MqttPlace,
  connected: (socket: Socket) => void,
): Promise<Server> {
  const server = createTcpServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfterMs },
    connected,
  );
  server.listen({ port, ...(host !== undefined && { host }) });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new GatewayError('port-busy', `MQTT port ${port}`, { cause });
  }
  return server;
}

/** Why a handshake failed; undefined when the other side merely left. */
function handshakeSighting(error: NodeJS.ErrnoException): Sighting | undefined {
  if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return sightingOf('handshake-time');
  if (error.code === undefined || error.code === 'ECONNRESET') return undefined;
  return { kind: 'refused', cause: error.code };
}

/** The remote address; IPv4 is written as such on a dual-stack port too. */
function addressOf(socket: Socket & { readonly _parent?: Socket }): string {
  // A TLS socket that is closed has forgotten its address. The TCP socket below has not.
  const address = socket.remoteAddress ?? socket._parent?.remoteAddress ?? 'unknown';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
