import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const main = join(import.meta.dirname, '../../attacks/main.ts');
const run = (...words: string[]) =>
  spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });

/** A short form: the whole corpus takes minutes, and is `npm run attacks`. */
it('detects and prevents, and lets every alarm through meanwhile', () => {
  const { status, stdout, stderr } = run('d05-topic-abuse', '--json');
  expect(stdout, stderr).not.toBe('');
  const { results } = JSON.parse(stdout);
  expect(results).toHaveLength(1);
  for (const { faults, detected, effect, alarms, falseFindings } of results) {
    expect(faults).toEqual([]);
    expect(detected.seconds).toBeLessThan(60);
    expect(effect.isAbsent).toBe(true);
    expect(alarms.sent).toBeGreaterThan(20);
    expect(alarms.delivered).toBe(alarms.sent);
    expect(falseFindings).toBe(0);
  }
  expect(status).toBe(0);
}, 300_000);

it('names every attack by the threat it is of', () => {
  const { status, stdout } = run('--list');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^d05-topic-abuse {2}\S/m);
});

it.each([['d99'], ['--fast']])('refuses %s', (word) => {
  const { status, stderr } = run(word);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^attacks: .*\[usage\]\n-> /s);
});
