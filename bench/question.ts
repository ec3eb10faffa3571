import type { Kind } from './delivery/destination.ts';
import type { LoadProgram } from './load/program.ts';
import type { Ward } from './ward.ts';

/** What every question may use, and the bounds it keeps. */
export interface Bench {
  /** Removed when the bench ends. */
  readonly directory: string;
  readonly load: LoadProgram;
  readonly ward: Ward;
  /** How long one measurement lasts, after its warm-up. */
  readonly seconds: number;
  /** Each peer is measured this often, in turn; the median counts. */
  readonly rounds: number;
  /** How long the load of the memory question lasts. */
  readonly minutes: number;
  /** How many observations the delivery question drains. */
  readonly observations: number;
  /** To this kind of destination only. */
  readonly destination?: Kind | undefined;
  /** Where the gateway writes CPU profiles, if it shall. */
  readonly profile?: string | undefined;
  /** Progress, on stderr. */
  readonly remark: (line: string) => void;
}

export type Row = Readonly<Record<string, string | number>>;

/** One table. Rows of one table were measured in turn, in one run. */
export interface Answer {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  /** Where there is a goal that a release may not miss. */
  readonly isPassed?: boolean;
}

export interface Question {
  readonly name: string;
  readonly summary: string;
  ask(bench: Bench): Promise<readonly Answer[]>;
}
