/** What runs until it is closed. */
export interface Closable {
  close(): Promise<void>;
}

/** One part of the gateway that depends on settings of its own, such as one relay. */
export interface PartPlan {
  readonly key: string;
  /** Plain data. A part whose settings are the same goes on undisturbed. */
  readonly settings: unknown;
  start(): Promise<Closable>;
  /** Takes over other settings without ending. Left out: it ends and starts anew. */
  readonly adopt?: () => Promise<void>;
}

/** Plans in the order in which they start; those of one stage are alike, and end together. */
export type Stages = readonly (readonly PartPlan[])[];

interface RunningPart {
  readonly settings: string;
  readonly part: Closable;
}

/** The parts that run. Only one change at a time is under way. */
export interface Parts {
  /**
   * Ends what is not planned any more, starts what is new, changes what is planned otherwise, and
   * leaves the rest alone. Returns the keys of what changed. When a part fails to start it rejects
   * with its error: what was done is done, and applying the plans of before undoes it. `plan` is asked
   * once it is its turn.
   */
  apply(plan: () => Promise<Stages>): Promise<readonly string[]>;
  /** Last started, first ended. */
  close(): Promise<void>;
}

export function createParts(): Parts {
  const running = new Map<string, RunningPart>();
  let order: readonly (readonly string[])[] = [];
  let last: Promise<unknown> = Promise.resolve();

  async function end(keys: readonly string[]): Promise<void> {
    const ending = keys.flatMap((key) => running.get(key) ?? []);
    for (const key of keys) running.delete(key);
    await Promise.all(ending.map(({ part }) => part.close()));
  }

  async function change(stages: Stages): Promise<readonly string[]> {
    const changed = new Set<string>();
    const plans = new Map(stages.flat().map((plan) => [plan.key, plan]));
    const mustEnd = [...running].filter(([key, { settings }]) => {
      const plan = plans.get(key);
      return !plan || (textOf(plan) !== settings && !plan.adopt);
    });
    await end(mustEnd.map(([key]) => key));
    for (const [key] of mustEnd) changed.add(key);
    order = stages.map((stage) => stage.map(({ key }) => key));
    for (const plan of plans.values()) {
      const before = running.get(plan.key);
      const settings = textOf(plan);
      if (before?.settings === settings) continue;
      changed.add(plan.key);
      if (before && plan.adopt) {
        await plan.adopt();
        running.set(plan.key, { ...before, settings });
      } else running.set(plan.key, { settings, part: await plan.start() });
    }
    return [...changed];
  }

  /** One after another, whether or not the one before went well. */
  function queue<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  }

  return {
    apply: (plan) => queue(async () => change(await plan())),
    close: () =>
      queue(async () => {
        for (const keys of order.toReversed()) await end(keys);
      }),
  };
}

function textOf({ settings }: PartPlan): string {
  return JSON.stringify(settings) ?? '';
}
