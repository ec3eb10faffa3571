import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const main = join(import.meta.dirname, '../../chaos/main.ts');
const seconds = 20;
const seed = 1;

it('delivers once all it acknowledged, whatever befalls machine, lines and hospital', () => {
  const words = [main, '--seconds', `${seconds}`, '--seed', `${seed}`, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  expect(stdout, stderr).not.toBe('');
  const { acknowledged, destinations, database, crashes, diary } = JSON.parse(stdout);
  const kept = {
    lost: [],
    doubled: [],
    storedTwice: 0,
    setAside: 0,
    delivered: acknowledged,
  };
  expect(destinations).toMatchObject(
    ['fhir', 'hl7v2', 'mqtt', 'webhook'].map((id) => ({ id, ...kept })),
  );
  // HL7 v2 says neither what a device printed nor how sure a time is.
  const told = destinations.filter(({ times }: { times?: object }) => times !== undefined);
  expect(told).toMatchObject(
    ['fhir', 'mqtt', 'webhook'].map((id) => ({ id, times: { misdatings: [] } })),
  );
  expect({ database, crashes }).toEqual({ database: 'ok', crashes: 0 });
  expect(acknowledged).toBeGreaterThan(100);
  const faults = diary.map(({ fault }: { fault: string }) => fault);
  expect(faults.join()).toMatch(/power cut|kill -9/);
  expect(faults.join()).toMatch(/fhir: /);
  expect(status).toBe(0);
}, 300_000);

it.each([
  ['--seconds', 'many'],
  ['--seed', '-1'],
  ['--speed', '3'],
])('refuses %s %s', (...words) => {
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^chaos: .*\[usage\]\n-> /s);
});
