import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isIP, type Socket } from 'node:net';
import type { HostSignal } from '../core/signals/host-signal.ts';
import { addressesOf, plain } from './destinations.ts';
import type { Watch } from './watch.ts';

/** Published for each socket of this thread that connects to somewhere, also under TLS and HTTP. */
const channel = 'net.client.socket';
/** Destinations count as reached for so long. */
const windowMs = 60_000;
/** Whom no setting names: this many in a window are somebody's mistake, more are a search. */
const unnamedMax = 8;
const sweepMs = 2_000;
const rememberedMax = 256;
/** Told between two sweeps; a flood must not become one of signals. */
const toldMax = 32;
const resolveEveryMs = 60_000;

export interface EgressOptions {
  /** Names and addresses that the settings name, asked anew at each connection. */
  readonly hosts: () => ReadonlySet<string>;
}

export interface EgressWatch extends Watch {
  /** Lets nothing of this process reach these addresses, unless the settings name them. */
  block(addresses: ReadonlySet<string>): void;
}

/** Where one connection goes. */
interface Way {
  readonly remote: string;
  readonly port: number;
  /** The name that was asked for; undefined where an address was. */
  readonly name: string | undefined;
}

export type TellEgress = (signal: HostSignal & { readonly address?: string }) => void;

/**
 * Follows what this process connects to, connection by connection: code that came in by a dependency
 * connects from here too. Whom the settings name is left alone. Of others each connection is told, and
 * more of them than a mistake explains are ended before a byte is sent.
 */
export function watchEgress({ hosts }: EgressOptions, tell: TellEgress): EgressWatch {
  const book = new UnnamedWays(hosts);
  let blocked: ReadonlySet<string> = new Set();
  let told = 0;

  function judge(socket: Socket, way: Way): void {
    const isTooMany = book.isTooMany(way);
    const isBlocked = blocked.has(way.remote);
    // Within the event it would take the socket from under the connection that begins.
    if (isTooMany || isBlocked) process.nextTick(() => socket.destroy());
    if (told++ >= toldMax) return;
    const { remote, port, name } = way;
    const isRefused = isTooMany || isBlocked;
    const asked = name !== undefined && { name: name.slice(0, nameCharsMax) };
    tell({ kind: 'egress', address: remote, remote, port, ...asked, isRefused });
  }

  function meet(message: unknown): void {
    const { socket } = message as { readonly socket: Socket };
    let name: string | undefined;
    socket.once(
      'lookup',
      (error: Error | null, _address: string, _family: number, host: string) => {
        name = host;
        if (error !== null && !book.isNamed({ remote: host, port: 0, name })) book.reach(host);
      },
    );
    socket.once('connectionAttempt', (address: string, port: number) => {
      const way = { remote: plain(address), port, name };
      if (book.isNamed(way)) return;
      book.keep(socket, way);
      judge(socket, way);
    });
  }

  subscribe(channel, meet);
  const timer = setInterval(() => {
    told = 0;
    const spread = book.sweep();
    if (spread !== undefined) tell({ kind: 'egress-spread', ...spread });
  }, sweepMs);
  timer.unref();
  return {
    block(addresses) {
      blocked = addresses;
      book.end(addresses);
    },
    close() {
      clearInterval(timer);
      unsubscribe(channel, meet);
    },
  };
}

const nameCharsMax = 128;

interface Spread {
  readonly destinations: number;
  readonly refused: number;
}

/** What is reached, or tried, that no setting names. */
class UnnamedWays {
  readonly #hosts: () => ReadonlySet<string>;
  readonly #open = new Map<Socket, string>();
  /** Destinations, when they were last tried, on the monotonic clock, and whether they may be. */
  readonly #reached = new Map<string, { readonly at: number; readonly isAdmitted: boolean }>();
  #refused = 0;
  #last = '';
  #resolved: ReadonlySet<string> = new Set();
  #resolvedAt = Number.NEGATIVE_INFINITY;

  constructor(hosts: () => ReadonlySet<string>) {
    this.#hosts = hosts;
    this.#resolve();
  }

  /** By the name that was asked for: what else is at its address is another one. */
  isNamed({ remote, name }: Way): boolean {
    const hosts = this.#hosts();
    if (name !== undefined && isIP(name) === 0) return hosts.has(name.toLowerCase());
    this.#resolve();
    return hosts.has(remote) || this.#resolved.has(remote);
  }

  /** What a setting’s name stands for, where an address is given instead; known a moment later. */
  #resolve(): void {
    if (performance.now() - this.#resolvedAt < resolveEveryMs) return;
    this.#resolvedAt = performance.now();
    void addressesOf(this.#hosts()).then((found) => (this.#resolved = found));
  }

  keep(socket: Socket, { remote }: Way): void {
    this.#open.set(socket, remote);
    socket.once('close', () => this.#open.delete(socket));
  }

  isTooMany({ remote, port }: Way): boolean {
    return this.reach(`${remote} ${port}`);
  }

  /** Whether it is one more than there may be. */
  reach(destination: string): boolean {
    const known = this.#reached.get(destination);
    const isAdmitted = known?.isAdmitted ?? this.#reached.size < unnamedMax;
    if (!isAdmitted) this.#refused += 1;
    if (known !== undefined || this.#reached.size < rememberedMax)
      this.#reached.set(destination, { at: performance.now(), isAdmitted });
    return !isAdmitted;
  }

  end(addresses: ReadonlySet<string>): void {
    for (const [socket, remote] of this.#open) if (addresses.has(remote)) socket.destroy();
  }

  /** Undefined while it is as at the last sweep. */
  sweep(): Spread | undefined {
    const since = performance.now() - windowMs;
    for (const [destination, { at }] of this.#reached) {
      if (at < since) this.#reached.delete(destination);
    }
    const spread = { destinations: this.#reached.size, refused: this.#refused };
    this.#refused = 0;
    const now = `${spread.destinations} ${spread.refused}`;
    if (now === this.#last || spread.destinations === 0) return undefined;
    this.#last = now;
    return spread;
  }
}
