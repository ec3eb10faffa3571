import { setTimeout as delay } from 'node:timers/promises';
import { below, between } from './chance.ts';
import type { DiskOrder } from './disk.ts';
import { cutPower } from './power-cut.ts';
import type { Fault, Outcome, Stage } from './stage.ts';
import { storeFolder } from './ward.ts';

/** What it is told to die of comes within this, or it dies at that moment. */
const dieWithinMs = 5_000;
/** Writes and syncs that pass before the one it dies of. */
const passMax = 24;
const yearMs = 365 * 24 * 3_600_000;
const yearsMax = 20;

/** Where a process can stand when it dies, and what brings it there. */
const moments: readonly (readonly [phase: string, order: DiskOrder | undefined])[] = [
  ['at a random moment', undefined],
  ['in the middle of a write to the log', 'die-in-write'],
  ['before the sync of a commit', 'die-before-sync'],
  ['between commit and acknowledgement', 'die-after-sync'],
  ['in the middle of a checkpoint', 'die-in-checkpoint'],
];

export const deathPhases: readonly string[] = moments.map(([phase]) => phase);

/** What befalls the gateway's own machine, one after the other. */
export const gatewayFaults: readonly Fault[] = [
  ...moments.flatMap(([phase, order]) => [
    { name: 'kill -9', run: (stage: Stage) => die(stage, phase, order, false) },
    { name: 'power cut', run: (stage: Stage) => die(stage, phase, order, true) },
  ]),
  { name: 'restart', run: restart },
  { name: 'clock years ahead', run: (stage) => jump(stage, 1) },
  { name: 'clock years behind', run: (stage) => jump(stage, -1) },
  { name: 'power cut, clock years behind', run: startInThePast },
  { name: 'disk full', run: fillDisk },
  { name: 'slow disk', run: slowDisk },
];

async function die(
  stage: Stage,
  phase: string,
  order: DiskOrder | undefined,
  isPowerCut: boolean,
): Promise<Outcome> {
  const died = await killAt(stage, order);
  const powerCut = isPowerCut ? takePower(stage) : undefined;
  await stage.life.start();
  // It did nothing of the kind in time, so it was killed like any other.
  return { phase: died ? phase : 'at a random moment', ...(powerCut && { powerCut }) };
}

async function killAt({ life, disk, chance }: Stage, order: DiskOrder | undefined) {
  if (order === undefined) {
    await life.kill();
    return true;
  }
  disk.order(order, below(order === 'die-in-checkpoint' ? 4 : passMax, chance));
  // Its last connection to the database closes with a checkpoint.
  if (order === 'die-in-checkpoint') life.terminate();
  const died = await life.died(dieWithinMs);
  disk.order('none');
  return died;
}

function takePower({ directory, disk, chance }: Stage) {
  return cutPower(storeFolder(directory), disk.undoPath, chance);
}

async function restart({ life }: Stage): Promise<Outcome> {
  await life.stop();
  await life.start();
  return {};
}

/** The wall clock jumps under a running gateway, and back again. */
async function jump({ clock, chance }: Stage, sign: 1 | -1): Promise<Outcome> {
  const years = sign * Math.round(between(1, yearsMax, chance));
  await clock.astray(years * yearMs, () => delay(between(1_500, 4_000, chance)));
  // It compares its clocks every second.
  await delay(1_200);
  return { detail: `${years} years` };
}

/** As a Pi without a clock battery: power comes back, and the time some while later. */
async function startInThePast(stage: Stage): Promise<Outcome> {
  const { life, clock, chance } = stage;
  await life.kill();
  const powerCut = takePower(stage);
  const years = Math.round(between(1, yearsMax, chance));
  await clock.astray(-years * yearMs, async () => {
    await life.start();
    await delay(between(1_000, 4_000, chance));
  });
  await delay(2_500);
  return { phase: 'at a random moment', powerCut, detail: `-${years} years` };
}

/** It strikes a gateway that writes: without a write that finds no room it was no fault. */
async function fillDisk({ disk, chance }: Stage): Promise<Outcome> {
  const before = disk.refusedWrites();
  disk.order('full');
  await delay(between(1_000, 4_000, chance));
  disk.order('none');
  return { detail: `${disk.refusedWrites() - before} writes refused` };
}

async function slowDisk({ disk, chance }: Stage): Promise<Outcome> {
  disk.order('slow');
  await delay(between(1_000, 4_000, chance));
  disk.order('none');
  return {};
}
