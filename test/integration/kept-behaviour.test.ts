import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { createScoring } from '../../gateway/modelling/model-scoring.ts';
import { device, messageAt } from '../support/signals.ts';
import { temporaryFolder } from '../support/site.ts';
import { noon } from '../support/wards.ts';

const enrolledAfterS = 1_000;
const wallMsMax = 120_000;

/** A site whose gateway enrolled a device and was killed, as by a power cut. */
async function killedSite(): Promise<string> {
  const folder = temporaryFolder('behaviour');
  onTestFinished(() => folder.remove());
  const program = join(import.meta.dirname, '../support/behaviour-gateway.ts');
  const args = [program, folder.path, `${noon}`, `${enrolledAfterS}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return folder.path;
}

/** The first seconds after the restart: somebody speaks in the device’s name, thrice a second. */
async function restart(directory: string, deeds: (at: Instant) => readonly Signal[]) {
  const scoring = createScoring({
    directory,
    perSecondMaxOf: () => 20,
    onShadow: () => undefined,
    onTick: () => undefined,
  });
  const told: Signal[] = [];
  for (let second = 1; second <= 20; second += 1) {
    const at = (noon + (enrolledAfterS + 60 + second) * 1_000) as Instant;
    scoring.see([messageAt((at - 400) as Instant), ...deeds(at)]);
    told.push(...(await scoring.tick(at)));
  }
  await scoring.close();
  return told;
}

const another = (at: Instant): readonly Signal[] =>
  [700, 100].map((beforeMs) => messageAt((at - beforeMs) as Instant));
const pathOf = (directory: string) => join(directory, 'models/behaviour.log');

it(
  'after a kill a device is still compared with itself, by what was kept before it',
  async () => {
    const directory = await killedSite();
    const told = await restart(directory, another);
    expect(told[0]).toMatchObject({ kind: 'behaviour-strange', device, isEnrolled: true });
    // A device that goes on as it was is nothing strange after a restart.
    expect(await restart(await killedSite(), () => [])).toEqual([]);
  },
  wallMsMax,
);

it(
  'what is damaged is not believed and told of once; what is of other features is begun anew',
  async () => {
    const directory = await killedSite();
    const text = readFileSync(pathOf(directory), 'utf8');
    for (const damaged of [text.replace(/"mean":\d/, '"mean":9'), text.slice(0, -9), '', '\0{']) {
      writeFileSync(pathOf(directory), damaged);
      const told = await restart(directory, another);
      expect(told).toMatchObject([{ kind: 'model-refused', model: 'behaviour' }]);
    }
    const header = JSON.parse(text.slice(0, text.indexOf('\n'))) as object;
    const other = JSON.stringify({ ...header, features: 'of another release' });
    writeFileSync(pathOf(directory), other + text.slice(text.indexOf('\n')));
    expect(await restart(directory, another)).toEqual([]);
  },
  wallMsMax,
);
