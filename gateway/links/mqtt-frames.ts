import assert from 'node:assert/strict';

/** Bytes of begun packets that all connections hold together. */
export interface HeldBytes {
  bytes: number;
  readonly bytesMax: number;
}

export interface FrameReader {
  /**
   * Judges a fixed header as soon as it is whole, before any of the body is kept.
   * False ends the reading.
   */
  header(first: number, remaining: number): boolean;
  /** Takes one whole packet: `bytes` from `start` to `end`, its variable header at `body`. */
  frame(bytes: Buffer, start: number, body: number, end: number): void;
  /** A remaining length that never ends (MQTT-2.2.3), or no more room for begun packets. */
  unreadable(cause: 'MQTT-2.2.3' | 'held-bytes'): void;
}

const nothing = Buffer.alloc(0);
/** A begun packet is given this much room at first, then twice what it has. */
const roomBytesMin = 256;

/**
 * Cuts a stream of bytes into MQTT packets. A packet that arrives whole is never copied; one that
 * does not is kept in room that grows with what has arrived, never with what its header promises.
 */
export class FrameSplitter {
  readonly #reader: FrameReader;
  readonly #held: HeldBytes;
  /** What has arrived and is not cut yet; `#at` is how far it is. */
  #arrived: Buffer = nothing;
  #at = 0;
  /** A begun packet: its room, how much of it is there, its whole size once its header is. */
  #room: Buffer = nothing;
  #has = 0;
  #needs = 0;
  #body = 0;
  #isStopped = false;

  constructor(reader: FrameReader, held: HeldBytes) {
    this.#reader = reader;
    this.#held = held;
  }

  /** True while a packet is begun and not whole. */
  get isPartial(): boolean {
    return this.#has > 0;
  }

  push(chunk: Buffer): void {
    const left = this.#arrived.subarray(this.#at);
    this.#arrived = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    this.#at = 0;
    this.#cut();
  }

  /** Gives no more packets until `resume`. What has arrived stays. */
  stop(): void {
    this.#isStopped = true;
  }

  resume(): void {
    this.#isStopped = false;
    this.#cut();
  }

  /** Forgets everything; nothing more is cut. */
  end(): void {
    this.#isStopped = true;
    this.#arrived = nothing;
    this.#at = 0;
    this.#clearRoom();
  }

  #cut(): void {
    while (!this.#isStopped && this.#at < this.#arrived.length) {
      if (this.#has > 0) this.#fill();
      else this.#takeWhole();
    }
    if (this.#at === this.#arrived.length) {
      this.#arrived = nothing;
      this.#at = 0;
    }
  }

  #takeWhole(): void {
    const start = this.#at;
    const size = this.#measure(this.#arrived, start);
    if (size === refused) return;
    if (size !== unknown && start + size <= this.#arrived.length) {
      this.#at = start + size;
      this.#reader.frame(this.#arrived, start, start + this.#body, start + size);
      return;
    }
    const rest = this.#arrived.length - start;
    this.#needs = size === unknown ? 0 : size;
    if (!this.#makeRoom(rest)) return;
    this.#arrived.copy(this.#room, 0, start);
    this.#has = rest;
    this.#at = this.#arrived.length;
  }

  /** Adds to the begun packet: byte by byte while its size is unknown, then as much as is there. */
  #fill(): void {
    const wanted = this.#needs === 0 ? 1 : this.#needs - this.#has;
    const count = Math.min(wanted, this.#arrived.length - this.#at);
    if (!this.#makeRoom(this.#has + count)) return;
    this.#arrived.copy(this.#room, this.#has, this.#at, this.#at + count);
    this.#has += count;
    this.#at += count;
    if (this.#needs === 0) {
      const size = this.#measure(this.#room.subarray(0, this.#has), 0);
      if (size === refused || size === unknown) return;
      this.#needs = size;
    }
    if (this.#has < this.#needs) return;
    assert(this.#has === this.#needs);
    const whole = this.#room.subarray(0, this.#needs);
    this.#clearRoom();
    this.#reader.frame(whole, 0, this.#body, whole.length);
  }

  /** The size of the packet that begins at `start`; `#body` becomes the size of its header. */
  #measure(bytes: Buffer, start: number): number {
    let remaining = 0;
    let next = start + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[next];
      if (byte === undefined) return unknown;
      next++;
      remaining += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (shift === 21) {
        this.#reader.unreadable('MQTT-2.2.3');
        return refused;
      }
    }
    if (!this.#reader.header(bytes[start] ?? 0, remaining)) return refused;
    this.#body = next - start;
    return this.#body + remaining;
  }

  #makeRoom(bytes: number): boolean {
    if (bytes <= this.#room.length) return true;
    const wanted = Math.max(bytes, roomBytesMin, 2 * this.#room.length);
    const size = this.#needs === 0 ? wanted : Math.min(wanted, Math.max(this.#needs, bytes));
    if (this.#held.bytes + size - this.#room.length > this.#held.bytesMax) {
      this.#reader.unreadable('held-bytes');
      return false;
    }
    this.#held.bytes += size - this.#room.length;
    const room = Buffer.allocUnsafeSlow(size);
    this.#room.copy(room, 0, 0, this.#has);
    this.#room = room;
    return true;
  }

  #clearRoom(): void {
    this.#held.bytes -= this.#room.length;
    this.#room = nothing;
    this.#has = 0;
    this.#needs = 0;
  }
}

const unknown = -1;
const refused = -2;
