import { matches } from '../core/topic-filter.ts';

/** Some topics of each device of a large ward. The oldest is forgotten first. */
const topicsMax = 2_048;

/** The topics that the gateway sent to lately: what a filter lets somebody see. */
export class SentTopics {
  readonly #topics = new Set<string>();

  add(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    const [oldest] = this.#topics;
    if (this.#topics.size > topicsMax && oldest !== undefined) this.#topics.delete(oldest);
  }

  /** How many of them a filter asks for. */
  reach(filter: string): number {
    if (!/[+#]/.test(filter)) return this.#topics.has(filter) ? 1 : 0;
    let count = 0;
    for (const topic of this.#topics) if (matches(filter, topic)) count += 1;
    return count;
  }
}
