import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { threatIds } from '../../gateway/core/threat.ts';
import { detectors } from '../support/wards.ts';

const attacks = globSync('d[0-9][0-9]-*.ts', { cwd: join(import.meta.dirname, '../../attacks') });
const attacked = new Set(attacks.map((path) => basename(path).slice(0, 3).toUpperCase()));
const detected = new Set([...detectors.values()].map(({ threat }) => threat));

it('has a detector for every threat of the catalogue', () => {
  expect(threatIds.filter((id) => !detected.has(id))).toEqual([]);
});

it('has an attack for every threat of the catalogue', () => {
  expect(threatIds.filter((id) => !attacked.has(id))).toEqual([]);
});
