/** What waits longer than this is backlog: what arrived since goes first. */
export const liveMsMax = 10_000;
/** How often it is noted which number was the newest. */
const noteEveryMs = 1_000;

/** Where the backlog of one destination ends and its live data begins. */
export interface BacklogEnd {
  /** The newest number at this moment. What was there before the first note is backlog. */
  note(lastSequence: number, nowMs: number): void;
  /** The newest number of the backlog. Before the first note everything is. */
  upTo(nowMs: number): number;
}

/** Times are of a clock that nobody sets. */
export function createBacklogEnd(): BacklogEnd {
  let end = Number.MAX_SAFE_INTEGER;
  // At most one for each second of `liveMsMax`, and the two at its ends.
  let notes: readonly { readonly lastSequence: number; readonly atMs: number }[] = [];
  let notedAtMs: number | undefined;
  const settle = (nowMs: number) => {
    const old = notes.filter(({ atMs }) => nowMs - atMs >= liveMsMax);
    end = old.at(-1)?.lastSequence ?? end;
    notes = notes.slice(old.length);
  };
  return {
    note(lastSequence, nowMs) {
      if (notedAtMs === undefined) end = lastSequence;
      else if (nowMs - notedAtMs < noteEveryMs) return;
      notedAtMs = nowMs;
      settle(nowMs);
      notes = [...notes, { lastSequence, atMs: nowMs }];
    },
    upTo(nowMs) {
      settle(nowMs);
      return end;
    },
  };
}
