export interface RateLimit {
  /** Requests at once, after a while of quiet. */
  readonly burst: number;
  readonly perSecond: number;
  /** Names remembered at once. */
  readonly namesMax: number;
}

interface Bucket {
  tokens: number;
  since: number;
}

/** Token buckets by name, of a bounded number. Times are of one monotonic clock, in milliseconds. */
export class RateLimiter {
  readonly #limit: RateLimit;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** 0 when there was a token to take; else how many whole seconds to wait for one. */
  take(name: string, at: number): number {
    const { burst, perSecond, namesMax } = this.#limit;
    const bucket = this.#buckets.get(name) ?? { tokens: burst, since: at };
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > namesMax) {
      const [oldest = ''] = this.#buckets.keys();
      this.#buckets.delete(oldest);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.since) / 1_000) * perSecond);
    bucket.since = at;
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond);
    bucket.tokens -= 1;
    return 0;
  }
}
