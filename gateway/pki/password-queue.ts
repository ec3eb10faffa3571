/** 19 MiB each, and a thread of the pool that reads files too. */
const atOnceMax = 2;
/** A Pi does about one in half a second: nobody should wait longer than a few seconds. */
const waitingMax = 16;

/**
 * Lets a few passwords be hashed at once and a few more wait: whoever sends many of them may keep
 * this busy, but neither fill the memory nor stop the threads that devices’ data needs.
 */
export class PasswordQueue {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Undefined, at once, when too many wait already. */
  async run<Result>(hash: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#running >= atOnceMax) {
      if (this.#waiting.length >= waitingMax) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await hash();
    } finally {
      // The place goes to whoever waits longest.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
