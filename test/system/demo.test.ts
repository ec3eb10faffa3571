import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/site.ts';

const main = join(import.meta.dirname, '../../gateway/main.ts');
const demoTimeoutMs = 90_000;

it('ends by itself with nothing lost, the attack found, and leaves nothing behind', async () => {
  const folder = temporaryFolder('demo');
  onTestFinished(() => folder.remove());
  const temporary = join(folder.path, 'tmp');
  mkdirSync(temporary);
  const words = ['demo', '--seconds', '15', '--json', '--chaos'];
  // A process group of its own: whoever is left of it can be found, and ended.
  const demo = spawn(process.execPath, [main, ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: demoTimeoutMs,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      TMPDIR: temporary,
      NODE_COMPILE_CACHE: join(folder.path, 'compiled'),
    },
  });
  const group = -(demo.pid ?? 0);
  onTestFinished(() => {
    if (isAlive(group)) process.kill(group, 'SIGKILL');
  });
  const ended = once(demo, 'exit');
  const [out, err] = await Promise.all([text(demo.stdout), text(demo.stderr)]);
  const [code] = (await ended) as [number | null];

  expect(code, err).toBe(0);
  const summary = JSON.parse(out);
  expect(summary).toMatchObject({ lost: 0, duplicates: 0 });
  expect(summary.acknowledged).toBeGreaterThan(100);
  expect(summary.delivered).toBe(summary.acknowledged);
  // Lines are promised nothing, but arrive as well.
  expect(summary.stored).toBeGreaterThan(0);
  const { acknowledged } = summary;
  expect(summary.destinations).toMatchObject([
    { relay: 'hospital', delivered: acknowledged, lost: 0, duplicates: 0 },
    { relay: 'hl7', delivered: acknowledged, lost: 0, duplicates: 0 },
  ]);
  expect(summary.devices).toBeGreaterThanOrEqual(8);
  expect(summary.rama.score).toBeGreaterThan(0);
  expect(Object.keys(summary.rama.devices)).toHaveLength(summary.devices);
  const threats = summary.findings.map(({ threat }: { threat: string }) => threat);
  // A device whose connection was taken away for its attack may be called silent by then.
  expect(new Set(threats).difference(new Set(['D11']))).toEqual(new Set(['D02', 'D05', 'D08']));
  expect(err).toContain('The hospital fails: down (hospital).');
  expect(err).toContain('The hospital fails: down (hl7).');
  expect(readdirSync(temporary)).toEqual([]);
  expect(isAlive(group)).toBe(false);
}, 120_000);

/** Of a process group by its negative id: whether anybody is left. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
