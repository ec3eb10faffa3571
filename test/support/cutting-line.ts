import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { TestCertificate } from './hospital-certificate.ts';

export type Direction = 'request' | 'response';

interface Cut {
  readonly direction: Direction;
  /** The line breaks once so many bytes have passed that way. */
  readonly afterBytes: number;
}

export interface CuttingLine {
  readonly port: number;
  /** For the connections from now on. */
  setCut(cut: Cut | undefined): void;
  /** Whatever comes is dropped, on every connection, and no end shows: the line is half open. */
  setSilent(isSilent: boolean): void;
  /** How many were opened. */
  connections(): number;
  /** What passed on the connection opened last. */
  passed(direction: Direction): Buffer;
  close(): Promise<void>;
}

/**
 * A line between a client and a server on this machine that breaks where it is told to. With
 * `tls` it ends TLS on both sides, so it counts and sees the bytes inside.
 */
export async function startCuttingLine(
  targetPort: number,
  tls?: TestCertificate,
): Promise<CuttingLine> {
  const open = new Set<Socket>();
  let cut: Cut | undefined;
  let connections = 0;
  let isSilent = false;
  let passed: Record<Direction, Buffer[]> = { request: [], response: [] };

  function join(client: Socket): void {
    const server = tls
      ? connectTls({ port: targetPort, host: '127.0.0.1', ca: tls.ca })
      : connect({ port: targetPort, host: '127.0.0.1' });
    const here = { request: [] as Buffer[], response: [] as Buffer[] };
    passed = here;
    connections += 1;
    const rule = cut;
    const breakLine = () => {
      client.destroy();
      server.destroy();
    };
    const pass = (direction: Direction, from: Socket, to: Socket) => {
      let left = rule?.direction === direction ? rule.afterBytes : Number.POSITIVE_INFINITY;
      if (left === 0) breakLine();
      from.on('data', (chunk: Buffer) => {
        if (isSilent) return;
        const part = chunk.subarray(0, Math.min(chunk.length, left));
        left -= part.length;
        here[direction].push(part);
        to.write(part, () => left === 0 && breakLine());
      });
    };
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', breakLine);
      socket.on('close', () => {
        open.delete(socket);
        if (!isSilent) breakLine();
      });
    }
    pass('request', client, server);
    pass('response', server, client);
  }

  const listener = tls
    ? createTlsServer({ key: tls.key, cert: tls.cert }, join)
    : createServer(join);
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  return {
    port: (listener.address() as AddressInfo).port,
    setCut(next) {
      cut = next;
    },
    setSilent(next) {
      isSilent = next;
    },
    connections: () => connections,
    passed: (direction) => Buffer.concat(passed[direction]),
    async close() {
      for (const socket of open) socket.destroy();
      const closed = once(listener, 'close');
      listener.close();
      await closed;
    },
  };
}
