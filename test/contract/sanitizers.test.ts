import { createSecretKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absentReasonIds } from '../../gateway/core/absent-reason.ts';
import { alertEvents, alertPhases, alertPriorities } from '../../gateway/core/alert.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { metricIds } from '../../gateway/core/metric.ts';
import { isPseudonym, type Observation } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { sanitize } from '../../gateway/stages/sanitize.ts';
import { rules } from '../support/wards.ts';

const keyOf = (seed: number): KeyObject => createSecretKey(Buffer.alloc(32, seed));
const keys = { pseudonymKey: keyOf(1) };

/** Names that occur nowhere by chance: found in a text, they leaked. */
const name = fc.integer({ min: 0, max: 0xffffff }).map((seed) => `Zq${seed.toString(36)}Xv`);
const phi = name.map((text) => new Phi(text));

const common = {
  id: fc.constant('key.0'),
  device: name.map((text) => text as DeviceId),
  subject: fc.option(phi, { nil: undefined }),
  at: fc.integer(),
  clock: fc.constantFrom('device', 'gateway'),
  deviceTime: fc.constantFrom(undefined, '2026-11-22T10:00:00'),
  receivedAt: fc.integer(),
  quality: fc.constantFrom('good', 'questionable'),
  performer: fc.option(phi, { nil: undefined }),
  note: fc.option(phi, { nil: undefined }),
};
const metric = fc.constantFrom(...metricIds);
const measured = (value: fc.Arbitrary<unknown>) =>
  fc.oneof(
    value.map((value) => ({ value })),
    fc.constantFrom(...absentReasonIds).map((absent) => ({ absent })),
  );
const measurement = (kind: string, value: fc.Arbitrary<unknown>, more = {}) =>
  fc
    .tuple(fc.record({ ...common, kind: fc.constant(kind), metric, ...more }), measured(value))
    .map(([base, value]) => ({ ...base, ...value }));

/** All four kinds, with and without everything that names somebody. */
const observation = fc.oneof(
  measurement('numeric', fc.double({ noNaN: true })),
  measurement('enumeration', fc.constantFrom('a', 'b')),
  measurement('samples', fc.array(fc.integer()), { periodMs: fc.integer({ min: 1 }) }),
  fc.record({
    ...common,
    kind: fc.constant('alert'),
    event: fc.constantFrom(...Object.keys(alertEvents)),
    metric: fc.option(metric, { nil: undefined }),
    phase: fc.constantFrom(...alertPhases),
    priority: fc.constantFrom(...alertPriorities),
  }),
) as unknown as fc.Arbitrary<Observation>;

/** Every text an observation holds, a Phi’s own included. */
function textsOf(value: unknown): string[] {
  if (value instanceof Phi) return [value.reveal()];
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

const namesOf = ({ device, subject, performer, note }: Observation) =>
  [device, subject, performer, note].filter((each) => each !== undefined).flatMap(textsOf);

it('are found, each with an order and an id of its own', () => {
  expect(rules.length).toBeGreaterThanOrEqual(4);
  expect(new Set(rules.map(({ order }) => order)).size).toBe(rules.length);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});

describe.each(rules.map((rule) => [rule.id, rule] as const))('the rule %s', (_, rule) => {
  it('says which regulation asks for it', () => {
    expect(rule.basis).toMatch(/GDPR Art\. \d|45 CFR 164\.\d|ENISA/);
    expect(rule.basis.length).toBeGreaterThan(30);
  });

  it('does the same when it is applied again', () => {
    fc.assert(
      fc.property(observation, (given) => {
        const once = rule.apply(given, keys);
        expect(once && rule.apply(once, keys)).toEqual(once);
      }),
    );
  });

  it('leaves what was measured as it was', () => {
    fc.assert(
      fc.property(observation, (given) => {
        const before = measurementOf(given);
        const made = rule.apply(given, keys);
        expect(made && measurementOf(made)).toEqual(before);
        // And never changes the observation it was given: another destination needs it whole.
        expect(measurementOf(given)).toEqual(before);
      }),
    );
  });
});

function measurementOf({ device, subject, performer, note, ...rest }: Observation): object {
  return rest;
}

describe('all rules together', () => {
  it('leave nothing that names anybody, in any kind of observation', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1 }), (given) => {
        const { released, rejected } = sanitize(given, rules, keys);
        expect(released.length + rejected.length).toBe(given.length);
        const texts = released.flatMap(textsOf).join('\n');
        for (const each of given.flatMap(namesOf)) expect(texts).not.toContain(each);
        expect(JSON.stringify(released)).not.toContain('[phi]');
      }),
    );
  });

  it('withhold only what has no patient, and never an alert', () => {
    fc.assert(
      fc.property(observation, (given) => {
        const { rejected } = sanitize([given], rules, keys);
        const mayLeave = given.subject !== undefined || given.kind === 'alert';
        expect(rejected).toHaveLength(mayLeave ? 0 : 1);
      }),
    );
  });

  it('give a name one pseudonym at a destination, and another one elsewhere', () => {
    const seed = fc.integer({ min: 1, max: 255 });
    const leave = (given: Observation, keySeed: number) =>
      sanitize([given], rules, { pseudonymKey: keyOf(keySeed) }).released[0];
    fc.assert(
      fc.property(observation, phi, name, seed, seed, (any, subject, other, here, there) => {
        fc.pre(here !== there && other !== any.device && other !== subject.reveal());
        const given = { ...any, subject };
        const one = leave(given, here);
        expect(leave({ ...given, subject: new Phi(subject.reveal()) }, here)).toEqual(one);
        const elsewhere = leave(given, there);
        const another = leave(
          { ...given, device: other as DeviceId, subject: new Phi(other) },
          here,
        );
        const names = [one, elsewhere, another].flatMap((each) => [each?.device, each?.subject]);
        expect(new Set(names).size).toBe(6);
        for (const each of names) expect(each && isPseudonym(each)).toBe(true);
      }),
    );
  });

  it('let nothing out that names somebody when one of them is missing', () => {
    const named = (given: Observation): Observation => ({
      ...given,
      subject: new Phi('a'),
      performer: new Phi('b'),
      note: new Phi('c'),
    });
    fc.assert(
      fc.property(observation.map(named), fc.constantFrom(...rules), (given, missing) => {
        const fewer = rules.filter((rule) => rule !== missing);
        expect(sanitize([given], fewer, keys).released).toEqual([]);
      }),
    );
  });
});
