/** The last number of each poll's results, by the number of the poll. */
export type Sequences = Readonly<Record<string, number>>;

const range = 2 ** 16;
/** The gateway runs four polls. */
const pollsMax = 8;

export interface SequenceRead {
  readonly sequences: Sequences;
  /** Results that never came, as far as this one tells. */
  readonly missed: number;
  /** This one was overtaken by another; what it says counts all the same. */
  readonly isLate: boolean;
}

/**
 * Results of an extended poll are numbered; parts of a linked one share their number. UDP may lose
 * and swap datagrams: neither spoils a result, for each is whole by itself, but both are counted.
 */
export function countSequence(before: Sequences, poll: number, sequence: number): SequenceRead {
  const last = before[poll];
  const isKnown = last !== undefined;
  if (!isKnown && Object.keys(before).length >= pollsMax) {
    return { sequences: before, missed: 0, isLate: false };
  }
  const ahead = isKnown ? (sequence - last + range) % range : 1;
  const isLate = ahead >= range / 2;
  if (isLate) return { sequences: before, missed: 0, isLate };
  return {
    sequences: { ...before, [poll]: sequence },
    missed: Math.max(0, ahead - 1),
    isLate,
  };
}
