import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * How a wire fails: `half-open` looks open and carries nothing, `deaf` carries no answers, `down`
 * resets whoever comes.
 */
export type WireFault = 'none' | 'half-open' | 'deaf' | 'down';

/** A wire between two parties that breaks on command. */
export interface Wire {
  readonly port: number;
  /** Connections that lost bytes end with the fault: nothing could be joined to them. */
  setFault(fault: WireFault): void;
  /** Every connection is reset. Returns how many. */
  cut(): number;
  close(): Promise<void>;
}

const connectionsMax = 256;

/** Leads to `targetPort` of this machine; whoever answers there may come and go. */
export async function layWire(targetPort: number): Promise<Wire> {
  const open = new Set<Socket>();
  const injured = new Set<Socket>();
  let fault: WireFault = 'none';

  function join(near: Socket): void {
    if (fault === 'down') return void near.resetAndDestroy();
    const far = connect({ port: targetPort, host: '127.0.0.1' });
    const end = () => {
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    const pass = (from: Socket, to: Socket, stopsAt: readonly WireFault[]) => {
      from.on('data', (chunk: Buffer) => {
        if (stopsAt.includes(fault)) {
          injured.add(near);
          return;
        }
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => from.resume());
      });
    };
    for (const socket of [near, far]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        open.delete(socket);
        injured.delete(near);
        end();
      });
    }
    pass(near, far, ['half-open']);
    pass(far, near, ['half-open', 'deaf']);
  }

  const server = createServer(join);
  server.maxConnections = connectionsMax;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (sockets: ReadonlySet<Socket>) => {
    const all = [...sockets];
    for (const socket of all) socket.resetAndDestroy();
    return all.length;
  };
  return {
    port: (server.address() as AddressInfo).port,
    setFault(next) {
      fault = next;
      if (next === 'none') cut(injured);
      if (next === 'down') cut(open);
    },
    cut: () => Math.floor(cut(open) / 2),
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut(open);
      await closed;
    },
  };
}
