import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../attacks');
const attacks = globSync('d[0-9][0-9]-*.ts', { cwd: folder })
  .map((path) => basename(path, '.ts'))
  .sort();
const run = (...words: string[]) =>
  spawnSync(process.execPath, [join(folder, 'main.ts'), ...words], { encoding: 'utf8' });

/** What the catalogue says is prevented is only said because this shows the effect absent. */
it.each(attacks)(
  '%s is detected, prevented where that is claimed, and no alarm is lost',
  (name) => {
    const { stdout, stderr } = run(name, '--json');
    expect(stdout, stderr).not.toBe('');
    const { results } = JSON.parse(stdout);
    expect(results, stderr).toHaveLength(1);
    const [{ faults, detected, effect, alarms, falseFindings, response }] = results;
    // How late the last alarms are depends on the machine that tests; `npm run attacks` judges it.
    expect(faults.filter((fault: string) => !fault.startsWith('alarms later'))).toEqual([]);
    expect(detected.seconds).toBeLessThan(60);
    if (response === 'prevent') expect(effect.isAbsent).toBe(true);
    expect(alarms.sent).toBeGreaterThan(20);
    expect(alarms.delivered).toBe(alarms.sent);
    expect(falseFindings).toBe(0);
  },
  180_000,
);

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
