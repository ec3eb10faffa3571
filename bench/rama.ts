import { factorIds, type RamaSubject } from '../gateway/core/rama.ts';
import { assess } from '../gateway/rama/assess.ts';
import { factors } from '../gateway/rama/criteria.ts';
import { reckoningOf } from '../gateway/rama/reckoning.ts';
import { capOf, reckon } from '../gateway/rama/score.ts';
import { randomDevice, someTime } from '../test/support/random-device.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import type { Question } from './question.ts';

const devices = 10_000;

export const rama: Question = {
  name: 'rama',
  summary: 'the security score of 10,000 devices: from evidence, and with every explanation.',

  async ask(bench) {
    const load = loadNow();
    const subjects = Array.from({ length: devices }, (_, seed) => randomDevice(seed));
    const figures = subjects.map(figuresOf);
    const ways = {
      'plain arithmetic, figures at hand': () => sumOf(figures.map(plainScore)),
      'score from evidence': () =>
        sumOf(subjects.map((each) => reckon(reckoningOf(each, someTime, 'expected')).score)),
      'score with interval, what-ifs, classes, vector': () =>
        sumOf(subjects.map((each) => assess(each, someTime).score)),
    };
    const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
    // The first time warms up; it does not count.
    for (let round = 0; round <= bench.rounds; round += 1) {
      if (round > 0) bench.remark(`  round ${round} of ${bench.rounds}`);
      for (const [name, run] of Object.entries(ways)) {
        const took = cpuSeconds(run);
        if (round > 0) times.get(name)?.push(took);
      }
    }
    const [plain = 1] = [...times.values()].map(median);
    const rows = [...times].map(([name, each]) => {
      const seconds = median(each);
      return {
        way: name,
        'µs/device': rounded((seconds * 1e6) / devices),
        '10,000 devices, s': rounded(seconds),
        'to plain': rounded(seconds / plain, 2),
      };
    });
    const notes = [
      `load average before: ${load}; median of ${bench.rounds} rounds, CPU time of one core`,
    ];
    return [{ title: 'scoring 10,000 random devices', rows, notes }];
  },
};

interface Figures {
  readonly criticality: number;
  readonly cap: number;
  /** Of each factor, one figure an item. */
  readonly lists: readonly (readonly number[])[];
}

/** The figures of a device when somebody else has already looked at the evidence. */
function figuresOf(subject: RamaSubject): Figures {
  const { items, criticality, gates } = reckoningOf(subject, someTime, 'expected');
  const lists = factorIds.map((id) =>
    items.filter(({ factor }) => factor === id).map(({ badness }) => badness),
  );
  return { criticality, cap: capOf(gates), lists };
}

/** The formula and nothing else. */
function plainScore({ criticality, cap, lists }: Figures): number {
  let left = 1;
  for (const [index, id] of factorIds.entries()) {
    let good = 1;
    for (const badness of lists[index] ?? []) good *= 1 - badness;
    left *= 1 - factors[id].weight * (1 - good);
  }
  return Math.min(cap, 100 * left ** criticality);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}

function cpuSeconds(run: () => number): number {
  const before = process.cpuUsage();
  if (!Number.isFinite(run())) throw new RangeError('a score that is no number');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
