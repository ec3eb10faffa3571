import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { untilAborted } from './line-wait.ts';
import type { LineTiming, Opening, Wire, WireEvents, WireOpener } from './line-wire.ts';

/** A device that is asked and answers by datagrams, on a network segment of its own. */
export interface UdpEndpoint {
  readonly host: string;
  readonly port: number;
  /** The address of one interface of the gateway: nothing is taken on any other. */
  readonly local: string;
  /** The group or broadcast address to which the device announces itself, and its port. */
  readonly announces?: { readonly group: string; readonly port: number } | undefined;
}

export interface UdpOptions extends UdpEndpoint {
  readonly timing: Pick<LineTiming, 'openTimeoutMs'>;
  readonly onStranger: (address: string) => void;
  /** A datagram came while the gateway did not read, and there was no room to hold it. */
  readonly onDropped: () => void;
}

/** UDP cannot be slowed down: this many wait while the gateway does not read. */
export const datagramsHeldMax = 256;
/** The kernel holds a burst of a monitor with all its waves. */
const receiveBufferBytes = 262_144;

/**
 * Datagrams to and from one address and port. UDP knows no TLS, so this is a cable and no network:
 * what comes from anybody else is dropped and counted. One datagram is one call of `onBytes`.
 */
export function udpOpener(options: UdpOptions): WireOpener {
  return {
    async open(events, signal): Promise<Opening> {
      const data = createSocket({ type: 'udp4', recvBufferSize: receiveBufferBytes });
      const isBound = await bind(data, { address: options.local, port: 0 });
      const sockets = [data];
      if (!isBound) {
        data.close();
        return { cause: 'not-listening' };
      }
      const announced = await listenForAnnouncements(options);
      if (announced) sockets.push(announced);
      const isWhole = announced !== undefined || options.announces === undefined;
      if (!isWhole || signal.aborted) {
        for (const socket of sockets) socket.close();
        return { cause: isWhole ? 'stopped' : 'not-listening' };
      }
      return { wire: toWire(data, announced, options, events) };
    },

    // Nothing tells that a monitor is back; it is asked again by the next attempt.
    awaitChange: untilAborted,
  };
}

/** Bound to the group or broadcast address itself, so that nothing sent elsewhere is heard. */
async function listenForAnnouncements({ announces, local }: UdpEndpoint) {
  if (!announces) return undefined;
  // Every monitor of the segment announces itself to the same address: each line hears them all.
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  if (!(await bind(socket, { address: announces.group, port: announces.port }))) {
    socket.close();
    return undefined;
  }
  if (!isMulticast(announces.group)) return socket;
  try {
    socket.addMembership(announces.group, local);
    return socket;
  } catch {
    // The interface is down, or does no multicast: tried again with the next opening.
    socket.close();
    return undefined;
  }
}

/** RFC 5771: 224.0.0.0/4. */
function isMulticast(address: string): boolean {
  const [first] = address.split('.').map(Number);
  return first !== undefined && first >= 224 && first <= 239;
}

async function bind(socket: Socket, to: { address: string; port: number }): Promise<boolean> {
  try {
    socket.bind({ ...to, exclusive: false });
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  }
}

function toWire(
  data: Socket,
  announced: Socket | undefined,
  { host, port, onStranger, onDropped }: UdpOptions,
  events: WireEvents,
): Wire {
  const sockets = announced ? [data, announced] : [data];
  const held: Uint8Array[] = [];
  let isPaused = true;
  let isOver = false;

  function hear(datagram: Uint8Array, isPeer: boolean, address: string): void {
    if (isOver) return;
    if (!isPeer) onStranger(address);
    else if (!isPaused) events.onBytes(datagram);
    else if (held.length < datagramsHeldMax) held.push(datagram);
    else onDropped();
  }

  data.on('message', (datagram: Buffer, from: RemoteInfo) => {
    hear(datagram, from.address === host && from.port === port, from.address);
  });
  // Other monitors announce themselves to the same group: that is no intrusion.
  announced?.on('message', (datagram: Buffer, from: RemoteInfo) => {
    if (from.address === host) hear(datagram, true, from.address);
  });
  for (const socket of sockets) socket.on('error', () => events.onClosed('reset'));

  return {
    resume() {
      isPaused = false;
      while (!isPaused) {
        const datagram = held.shift();
        if (!datagram) return;
        events.onBytes(datagram);
      }
    },
    pause() {
      isPaused = true;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        data.send(bytes, port, host, (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      isOver = true;
      for (const socket of sockets) {
        await new Promise<void>((resolve) => socket.close(resolve));
      }
    },
  };
}
