import type { FactorId, GateId, StatementState, TagList } from '../core/rama.ts';

/**
 * How what is unknown is taken: by its prior, as bad as it can be, or as good as it can be. Every
 * view of one device lies between `worst` and `best`.
 */
export type View = 'expected' | 'worst' | 'best';

/** One thing that is wrong, as a share of its factor. */
export interface Item {
  readonly id: string;
  readonly factor: FactorId;
  readonly title: string;
  /** 0 to 1. */
  readonly badness: number;
  /** What would be left of it if it were put right. */
  readonly best: number;
  readonly state: StatementState;
  readonly tags: Readonly<Record<TagList, string>>;
}

/** A gate that holds, and the items any of which holds it. */
export interface HeldGate {
  readonly id: GateId;
  readonly causes: readonly string[];
}

/** Everything the arithmetic needs, and nothing else. */
export interface Reckoning {
  readonly items: readonly Item[];
  readonly gates: readonly HeldGate[];
  readonly criticality: number;
}
