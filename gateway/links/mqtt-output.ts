import type { Socket } from 'node:net';

/** Collects what many connections have to write, and writes it once the event loop's turn is over. */
export class WriteTurn {
  #waiting: MqttOutput[] = [];

  add(output: MqttOutput): void {
    this.#waiting.push(output);
    if (this.#waiting.length === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const outputs = this.#waiting;
    this.#waiting = [];
    for (const output of outputs) output.flush();
  }
}

const batchBytesMin = 512;
/** More than this does not wait for the end of the turn: the socket has to say when it is full. */
const batchBytesMax = 16_384;

/**
 * What one client is owed, in the order it was said. One write a turn: a system call a packet
 * would be most of the CPU time at load.
 */
export class MqttOutput {
  readonly #socket: Socket;
  readonly #turn: WriteTurn;
  readonly #bytesMax: number;
  #batch: Buffer | undefined;
  #used = 0;
  #isWaiting = false;
  /** The socket took more than it can send at once; it will say `drain`. */
  readonly #blocked: () => void;

  constructor(socket: Socket, turn: WriteTurn, bytesMax: number, blocked: () => void) {
    this.#socket = socket;
    this.#turn = turn;
    this.#bytesMax = bytesMax;
    this.#blocked = blocked;
  }

  /** False when the client has left too much unread; then nothing was added. */
  write(bytes: Uint8Array): boolean {
    if (this.#socket.writableLength + this.#used + bytes.length > this.#bytesMax) return false;
    const batch = this.#room(bytes.length);
    batch.set(bytes, this.#used);
    this.#used += bytes.length;
    if (this.#used > batchBytesMax) this.#write();
    return true;
  }

  /** A packet of a type, no flags but those given, and a packet id. */
  acknowledge(first: number, packetId: number): boolean {
    if (this.#socket.writableLength + this.#used + 4 > this.#bytesMax) return false;
    const batch = this.#room(4);
    batch[this.#used] = first;
    batch[this.#used + 1] = 2;
    batch[this.#used + 2] = packetId >> 8;
    batch[this.#used + 3] = packetId & 0xff;
    this.#used += 4;
    if (this.#used > batchBytesMax) this.#write();
    return true;
  }

  flush(): void {
    this.#isWaiting = false;
    this.#write();
  }

  #write(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    const bytes = batch.subarray(0, this.#used);
    this.#batch = undefined;
    this.#used = 0;
    if (this.#socket.writable && !this.#socket.write(bytes)) this.#blocked();
  }

  #room(bytes: number): Buffer {
    const needed = this.#used + bytes;
    if (this.#batch === undefined) {
      this.#batch = Buffer.allocUnsafe(Math.max(batchBytesMin, bytes));
      if (!this.#isWaiting) this.#turn.add(this);
      this.#isWaiting = true;
    } else if (needed > this.#batch.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#batch.length));
      this.#batch.copy(larger, 0, 0, this.#used);
      this.#batch = larger;
    }
    return this.#batch;
  }
}
