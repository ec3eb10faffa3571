import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connect } from './mqtt-packets.ts';

/** What a peer shows of itself: PEM, and the address of this machine that it comes from. */
export interface Shown {
  readonly key?: string;
  readonly cert?: string;
  readonly localAddress?: string;
}

/**
 * A TLS socket that says exactly what it is told, and reads whole packets: no client library would
 * break the rules for it.
 */
export class RawClient {
  readonly socket: TLSSocket;
  readonly closed: Promise<void>;
  #bytes = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    // A reset is an answer too: `closed` tells.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static async open(port: number, ca: string, shown?: Shown): Promise<RawClient> {
    const socket = connectTls({ host: '127.0.0.1', port, ca, ...shown });
    const client = new RawClient(socket);
    const opened = new Promise<void>((resolve) => socket.once('secureConnect', resolve));
    await Promise.race([opened, client.closed]);
    return client;
  }

  /** Connects with a whole CONNECT and awaits the yes. */
  static async connected(
    port: number,
    ca: string,
    shown: Shown,
    ...connectOptions: Parameters<typeof connect>
  ): Promise<RawClient> {
    const client = await RawClient.open(port, ca, shown);
    client.send(connect(...connectOptions));
    const connack = await client.next();
    if (connack?.at(0) !== 0x20 || connack.at(3) !== 0) throw new Error('not connected');
    return client;
  }

  send(...packets: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(packets));
  }

  /** The next whole packet; undefined when the connection ended before one came. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      // Answers of a broker are short: one byte of length is all they need here.
      const size = 2 + (this.#bytes[1] ?? 0);
      if (this.#bytes.length >= 2 && this.#bytes.length >= size) {
        const packet = this.#bytes.subarray(0, size);
        this.#bytes = this.#bytes.subarray(size);
        return packet;
      }
      if (this.#isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
