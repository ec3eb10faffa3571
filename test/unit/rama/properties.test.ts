import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clinicalFunctions, deviceClasses } from '../../../gateway/core/device.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import {
  factorIds,
  type PostureAnswer,
  type PostureQuestion,
  postureQuestions,
  type RamaSubject,
  tagLists,
} from '../../../gateway/core/rama.ts';
import { assess, report } from '../../../gateway/rama/assess.ts';
import { canonicalJson } from '../../../gateway/rama/canonical.ts';
import { questionIds } from '../../../gateway/rama/criteria.ts';
import { explain } from '../../../gateway/rama/explain.ts';
import type { Reckoning } from '../../../gateway/rama/item.ts';
import { criticalityOf, reckoningOf } from '../../../gateway/rama/reckoning.ts';
import {
  type Arithmetic,
  arithmeticOf,
  badnessByFactor,
  capOf,
  reckon,
} from '../../../gateway/rama/score.ts';
import { threatItems } from '../../../gateway/rama/threats.ts';
import { scoreOfVector, vectorText } from '../../../gateway/rama/vector.ts';
import {
  chance,
  known,
  pick,
  randomDevice,
  randomEpisode,
  randomVulnerability,
  someTime,
} from '../../support/random-device.ts';

const devices = 100_000;
/** Whole reports are dearer than scores. */
const reports = 2_000;
/** What floating point may do. */
const nothing = 1e-9;
/** A new one each run; `SEED=n` plays one again. fast-check prints it with a counter-example. */
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const dayMs = 86_400_000;

const score = (device: RamaSubject, now: Instant = someTime) =>
  reckon(reckoningOf(device, now, 'expected')).score;

/** Holds for every random device; `next` is chance of the same seed. */
function always(runs: number, claim: (device: RamaSubject, next: () => number) => void): void {
  fc.assert(
    fc.property(fc.integer(), (number) => claim(randomDevice(number), chance(number ^ 0x5bd1e995))),
    { numRuns: runs, seed },
  );
}

/** Cheaper than expect() by far, a hundred thousand times over. */
function hold(isSo: boolean, what: () => string): void {
  if (!isSo) expect.fail(what());
}

describe(`of ${devices} random devices, seed ${seed}`, () => {
  it('the score is bounded and never rises by anything bad, and its points add up', () => {
    always(devices, (device, next) => {
      const reckoning = reckoningOf(device, someTime, 'expected');
      const arithmetic = reckon(reckoning);
      const before = arithmetic.score;
      hold(before >= 0 && before <= 100, () => `bounds: ${before}`);
      hold(addsUp(reckoning, arithmetic), () => `points of ${before}`);
      const vector = vectorText(arithmetic.badness, reckoning);
      const off = Math.abs((scoreOfVector(vector) ?? Number.NaN) - before);
      hold(off <= 0.1, () => `${vector}: ${before}`);
      for (const [what, worse] of Object.entries(worsened(device, next))) {
        const after = score(worse);
        hold(after <= before + nothing, () => `${what}: ${before} to ${after}`);
      }
    });
  });

  it('without a new event the part of the threats only recovers', () => {
    always(devices, ({ episodes }, next) => {
      const early = (someTime + next() * 30 * dayMs) as Instant;
      const late = (early + next() * 30 * dayMs) as Instant;
      const threatAt = (now: Instant) => badnessByFactor(threatItems(episodes, now)).T;
      hold(threatAt(late) <= threatAt(early) + nothing, () => `${early} ${late}`);
    });
  });

  it('no order of a list shows in the bytes of a report', () => {
    always(reports, (device) => {
      const { vulnerabilities, posture } = device;
      const backwards: RamaSubject = {
        ...device,
        posture: Object.fromEntries(Object.entries(posture).reverse()),
        vulnerabilities: known((vulnerabilities?.value ?? []).toReversed()),
        episodes: device.episodes.toReversed(),
      };
      const text = canonicalJson(report(device, someTime));
      hold(canonicalJson(report(backwards, someTime)) === text, () => text);
    });
  });

  it('every what-if is what scoring the mended device gives', () => {
    always(reports, (device) => {
      const rama = assess(device, someTime);
      for (const { id, gain } of rama.whatIfs) {
        const mended = score(mend(device, id));
        hold(Math.abs(mended - rama.score - gain) < 1e-6, () => `${id} ${gain} ${mended}`);
      }
      const { items, criticality } = reckoningOf(device, someTime, 'expected');
      for (const factor of factorIds) {
        const others = badnessByFactor(items.filter((item) => item.factor !== factor));
        const { raw } = arithmeticOf(others, criticality, 100);
        hold(Math.abs(raw - rama.raw - rama.factors[factor].gain) < 1e-6, () => factor);
      }
    });
  });
});

describe('what is unknown', () => {
  it('lies in the interval whatever it turns out to be', () => {
    always(devices / 2, (truth, next) => {
      const hidden = hide(truth, next);
      const low = reckon(reckoningOf(hidden, someTime, 'worst')).score;
      const high = reckon(reckoningOf(hidden, someTime, 'best')).score;
      const between = [score(truth), score(hidden)];
      hold(
        between.every((each) => each >= low - nothing && each <= high + nothing),
        () => `${low} ${between} ${high}`,
      );
    });
  });

  it('is never better than waiting: posture that nobody looked at again does not improve', () => {
    always(devices / 2, (device, next) => {
      const quiet = { ...device, episodes: [] };
      const later = (someTime + next() * 800 * dayMs) as Instant;
      hold(score(quiet, later) <= score(quiet) + nothing, () => `${later}`);
    });
  });

  it('with everything known, is nothing: the interval is a point', () => {
    always(reports, (device) => {
      const { low, high, confidence } = assess(device, someTime);
      hold(high - low < nothing && confidence > 1 - nothing, () => `${low} ${high}`);
    });
  });
});

it('a spotless device scores 100 whatever it does', () => {
  for (const deviceClass of deviceClasses) {
    const criticality = criticalityOf(deviceClass, 'life-support');
    expect(reckon({ items: [], gates: [], criticality }).score).toBe(100);
  }
});

/** One thing worse each: an answer, one more CVE, one more event, a higher class, a more vital function. */
function worsened(device: RamaSubject, next: () => number): Record<string, RamaSubject> {
  const { vulnerabilities, episodes, posture } = device;
  // With these a whole set of other questions falls away or is asked: not one thing, but several.
  const alone = Object.keys(posture).filter(
    (each) => !['transport', 'network', 'authentication'].includes(each),
  );
  const id = pick(next, alone) as PostureQuestion;
  const answers: readonly PostureAnswer[] = postureQuestions[id];
  const place = answers.indexOf(posture[id]?.value as PostureAnswer);
  const worse = known(answers[Math.floor(next() * (place + 1))]);
  // MDR and IVDR classes stand one behind the other in one list of eight.
  const rank = deviceClasses.indexOf(device.class);
  const higher = Math.min(rank + 1, rank < 4 ? 3 : 7);
  const vital = Math.min(clinicalFunctions.indexOf(device.function) + 1, 4);
  return {
    [id]: { ...device, posture: { ...posture, [id]: worse } },
    vulnerability: {
      ...device,
      vulnerabilities: known([...(vulnerabilities?.value ?? []), randomVulnerability(next)]),
    },
    event: { ...device, episodes: [...episodes, randomEpisode(next)] },
    class: { ...device, class: deviceClasses[higher] ?? device.class },
    function: { ...device, function: clinicalFunctions[vital] ?? device.function },
  };
}

/** By factor, by item, and by each list of classes: 100 - score, to 1e-6. */
function addsUp(reckoning: Reckoning, arithmetic: Arithmetic): boolean {
  const { factors, items, gates, byTag } = explain(reckoning, arithmetic);
  const gatePoints = sum(gates.map(({ points }) => points));
  const sums = [
    sum(factorIds.map((id) => factors[id].points)) + gatePoints,
    sum(items.map(({ points }) => points)) + gatePoints,
    ...tagLists.map((list) => sum(Object.values(byTag[list]))),
  ];
  return sums.every((each) => Math.abs(each + arithmetic.score - 100) < 1e-6);
}

/** Half of what is known of a device, and what is uncertain of its vulnerabilities, is hidden. */
function hide(truth: RamaSubject, next: () => number): RamaSubject {
  const stale = 1;
  const posture = Object.entries(truth.posture).flatMap(([id, statement]) => {
    const draw = next();
    if (draw < 0.4) return [];
    const answers: readonly PostureAnswer[] = postureQuestions[id as PostureQuestion];
    const old = { ...known(pick(next, answers), stale), at: 0 as Instant };
    return [[id, draw < 0.6 ? old : statement]];
  });
  const list = (truth.vulnerabilities?.value ?? []).map((each) => ({
    ...each,
    ...(next() < 0.3 && { cvss: undefined }),
    ...(next() < 0.3 && { epss: undefined }),
    ...(next() < 0.3 && { attackVector: undefined }),
    // Nobody knows yet whether it concerns the device.
    ...(next() < 0.3 && { status: 'under_investigation' as const }),
  }));
  const feed = next();
  return {
    ...truth,
    posture: Object.fromEntries(posture),
    updateAgeDays: next() < 0.5 ? truth.updateAgeDays : undefined,
    vulnerabilities:
      feed < 0.2
        ? undefined
        : { ...known(list), ...(feed < 0.4 && { at: 0 as Instant, ttlMs: stale }) },
  };
}

/** The device with one thing put right. */
function mend(device: RamaSubject, id: string): RamaSubject {
  if (id === 'compromise') return { ...device, isCompromised: false };
  if (id === 'updateAge') return { ...device, updateAgeDays: known(0) };
  const { posture, vulnerabilities, episodes } = device;
  if (id in posture) {
    const best = known(postureQuestions[id as PostureQuestion].at(-1));
    // What is asked only now is answered well: one thing is mended, and nothing else is in question.
    const others = questionIds.map((each) => [each, known(postureQuestions[each].at(-1))]);
    return { ...device, posture: { ...Object.fromEntries(others), ...posture, [id]: best } };
  }
  const left = (vulnerabilities?.value ?? []).filter((each) => each.id !== id);
  const place = episodes.findIndex(
    ({ threat, detector, at }) => id === `${threat}/${detector}/${at}`,
  );
  return {
    ...device,
    vulnerabilities: known(left),
    episodes: episodes.filter((_, index) => index !== place),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

it('caps are the lowest of the gates that hold', () => {
  expect(
    capOf([
      { id: 'G4', causes: ['transport'] },
      { id: 'G1', causes: ['compromise'] },
    ]),
  ).toBe(20);
});
