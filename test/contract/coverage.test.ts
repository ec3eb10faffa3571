import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { type ThreatId, threatIds } from '../../gateway/core/threat.ts';
import { detectors } from '../support/wards.ts';

/** What nobody has written yet. A threat that has an attack after all must leave this list. */
const withoutAttack: readonly ThreatId[] = ['D04'];

const attacks = globSync('d[0-9][0-9]-*.ts', { cwd: join(import.meta.dirname, '../../attacks') });
const attacked = new Set(attacks.map((path) => basename(path).slice(0, 3).toUpperCase()));
const detected = new Set([...detectors.values()].map(({ threat }) => threat));

it('has a detector for every threat of the catalogue', () => {
  expect(threatIds.filter((id) => !detected.has(id))).toEqual([]);
});

it('has an attack for every threat of the catalogue, but for those it says are missing', () => {
  expect(threatIds.filter((id) => !attacked.has(id))).toEqual(withoutAttack);
});
