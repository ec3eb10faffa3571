import { expect, it } from 'vitest';
import type { Episode } from '../../../gateway/core/episode.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { threatIds } from '../../../gateway/core/threat.ts';
import { type StixObject, stixOf } from '../../../gateway/exports/stix.ts';

const at = Date.parse('2026-11-22T10:00:00.000Z') as Instant;
const episode = (more: Partial<Episode> = {}): Episode => ({
  ...{
    sequence: 1,
    threat: 'D05',
    detector: 'topic-abuse',
    about: 'mon-1',
    at,
    lastAt: at + 5_000,
  },
  ...{ count: 3, severity: 'high', confidence: 0.95, outcome: 'blocked', state: 'new' },
  evidence: { topic: 'a' },
  ...more,
});
const all = threatIds.flatMap((threat, index) =>
  ['mon-1', '10.0.0.9', 'fe80::1', `o'neill\\`].map((about, kind) =>
    episode({ sequence: 1 + 4 * index + kind, threat, about }),
  ),
);
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const idOf = (type: string) =>
  new RegExp(`^${type}--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

/** What the specification asks of each type that is used here (STIX 2.1, 3.2, 4 to 6). */
const required: Readonly<Record<string, readonly string[]>> = {
  identity: ['name'],
  indicator: ['pattern', 'pattern_type', 'valid_from'],
  'observed-data': ['first_observed', 'last_observed', 'number_observed', 'object_refs'],
  sighting: ['sighting_of_ref'],
  'attack-pattern': ['name'],
  relationship: ['relationship_type', 'source_ref', 'target_ref'],
  'ipv4-addr': ['value'],
  'ipv6-addr': ['value'],
  'user-account': ['user_id'],
};
const isObservable = ({ type }: StixObject) => /-addr$|^user-account$/.test(type);

it('keeps the rules of STIX 2.1: types, identifiers, times, required properties, references', () => {
  const { id, type, objects } = stixOf(all, 'ward-3b');
  expect(type).toBe('bundle');
  expect(id).toMatch(idOf('bundle'));
  const ids = new Set(objects.map((each) => each.id));
  expect(ids.size).toBe(objects.length);
  for (const each of objects) {
    expect(Object.keys(required)).toContain(each.type);
    expect(each).toMatchObject({ spec_version: '2.1', id: expect.stringMatching(idOf(each.type)) });
    for (const name of required[each.type] ?? []) expect(each[name]).toBeDefined();
    for (const [name, value] of Object.entries(each)) {
      // 2.2: an empty list is not allowed.
      if (Array.isArray(value)) expect(value.length).toBeGreaterThan(0);
      if (name.endsWith('_ref')) expect(ids).toContain(value);
      if (name.endsWith('_refs')) for (const one of value as string[]) expect(ids).toContain(one);
      if (/^(created|modified|valid_from|(first|last)_(seen|observed))$/.test(name)) {
        expect(value).toMatch(isoTime);
      }
    }
    if (isObservable(each)) expect(each).not.toHaveProperty('created');
    else expect(`${each['modified']}` >= `${each['created']}`).toBe(true);
    const { confidence = 0 } = each as { confidence?: number };
    expect(Number.isInteger(confidence) && confidence >= 0 && confidence <= 100).toBe(true);
  }
  const pattern = objects.find(({ type: one }) => one === 'attack-pattern');
  expect(pattern?.['external_references']).toMatchObject([
    { source_name: 'mitre-attack', external_id: pattern?.['name'] },
  ]);
});

it('is the same bundle twice, and its observables have the identifiers of everybody', () => {
  expect(stixOf(all, 'ward-3b')).toEqual(stixOf(all, 'ward-3b'));
  expect(stixOf(all, 'ward-4').id).not.toBe(stixOf(all, 'ward-3b').id);
  const { objects } = stixOf([episode({ about: '198.51.100.3' })], 'ward-3b');
  // As Python’s uuid module has it of the same name in the same namespace.
  expect(objects.find(({ type }) => type === 'ipv4-addr')?.id).toBe(
    'ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4',
  );
});

it('sights what was seen so often, escapes what a pattern quotes, and revokes a false alarm', () => {
  const one = (more: Partial<Episode>, type: string) =>
    stixOf([episode(more)], 'ward-3b').objects.find((each) => each.type === type);
  expect(one({ count: 2 ** 31 }, 'sighting')).toMatchObject({ count: 999_999_999 });
  const observed = one({ count: 2 ** 31 }, 'observed-data');
  expect(observed).toMatchObject({ number_observed: 999_999_999 });
  expect(one({}, 'sighting')).toMatchObject({
    ...{ count: 3, confidence: 95, first_seen: '2026-11-22T10:00:00.000Z' },
    labels: ['threat:D05', 'severity:high', 'outcome:blocked'],
  });
  expect(one({ about: `o'neill\\` }, 'indicator')?.['pattern']).toBe(
    `[user-account:user_id = 'o\\'neill\\\\']`,
  );
  expect(one({}, 'indicator')?.['revoked']).toBe(false);
  const closed = { state: 'closed', changedAt: at + 60_000 } as const;
  expect(one({ ...closed, cause: 'false-positive' }, 'indicator')).toMatchObject({
    ...{ revoked: true, modified: '2026-11-22T10:01:00.000Z' },
  });
  expect(one({ ...closed, cause: 'attack' }, 'indicator')?.['revoked']).toBe(false);
});
