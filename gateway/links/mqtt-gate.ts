import type { MqttLimits } from './mqtt-limits.ts';

export type GateRefusal =
  | 'blocked'
  | 'connections'
  | 'connections-per-address'
  | 'handshakes'
  | 'handshakes-per-address'
  | 'connect-rate'
  | 'addresses';

/** Addresses told at one sweep: a crowd of them must not become a crowd of signals. */
const knockersMax = 256;

interface Address {
  connections: number;
  handshakes: number;
  /** Connections it opened since the last sweep. */
  knocks: number;
  /** Connections it may still make now. Refills with time. */
  tokens: number;
  /** When `tokens` was right, in milliseconds of the caller's clock. */
  since: number;
}

/**
 * Counts connections before they cost anything: a TLS handshake is the most expensive thing a
 * stranger can ask for. Every time passed in is of one monotonic clock, in milliseconds.
 */
export class MqttGate {
  #limits: MqttLimits;
  readonly #addresses = new Map<string, Address>();
  #connections = 0;
  #handshakes = 0;
  #blocked: ReadonlySet<string> = new Set();

  constructor(limits: MqttLimits) {
    this.#limits = limits;
  }

  /** From now on; whoever is in stays. */
  limit(limits: MqttLimits): void {
    this.#limits = limits;
  }

  /** Whoever comes from these addresses from now on stays out. */
  block(addresses: ReadonlySet<string>): void {
    this.#blocked = addresses;
  }

  /** Lets a connection in to its handshake, or says which limit keeps it out. */
  enter(name: string, at: number): GateRefusal | undefined {
    if (this.#blocked.has(name)) return 'blocked';
    const limits = this.#limits;
    const known = this.#addresses.get(name);
    if (known === undefined && this.#addresses.size >= limits.addressesMax) return 'addresses';
    const address = known ?? {
      connections: 0,
      handshakes: 0,
      knocks: 0,
      tokens: limits.connectBurst,
      since: at,
    };
    this.#addresses.set(name, address);
    address.knocks++;
    refill(address, at, limits);
    if (address.tokens < 1) return 'connect-rate';
    // A connection that is refused below has used up its token too.
    address.tokens -= 1;
    if (this.#connections >= limits.connectionsMax) return 'connections';
    if (address.connections >= limits.connectionsPerAddressMax) return 'connections-per-address';
    if (this.#handshakes >= limits.handshakesMax) return 'handshakes';
    if (address.handshakes >= limits.handshakesPerAddressMax) return 'handshakes-per-address';
    address.connections++;
    address.handshakes++;
    this.#connections++;
    this.#handshakes++;
    return undefined;
  }

  /** The handshake of a connection that was let in is over, well or badly. */
  shakenHands(name: string): void {
    const address = this.#addresses.get(name);
    if (address === undefined) return;
    address.handshakes--;
    this.#handshakes--;
  }

  leave(name: string): void {
    const address = this.#addresses.get(name);
    if (address === undefined) return;
    address.connections--;
    this.#connections--;
  }

  /**
   * Tells who came since the last sweep, and forgets addresses that are not here and have all their
   * tokens back.
   */
  sweep(at: number, knocked: (name: string, count: number) => void = () => {}): void {
    let told = 0;
    for (const [name, address] of this.#addresses) {
      if (address.knocks > 0 && told++ < knockersMax) knocked(name, address.knocks);
      address.knocks = 0;
      refill(address, at, this.#limits);
      if (address.connections === 0 && address.tokens >= this.#limits.connectBurst)
        this.#addresses.delete(name);
    }
  }
}

function refill(address: Address, at: number, limits: MqttLimits): void {
  const earned = ((at - address.since) / 1_000) * limits.connectsPerSecond;
  address.tokens = Math.min(limits.connectBurst, address.tokens + earned);
  address.since = at;
}
