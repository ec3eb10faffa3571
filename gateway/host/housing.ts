import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookEvery, type Tell, type Watch } from './watch.ts';

const lookEveryMs = 1_000;

export interface HousingOptions {
  /** A file that reads `1` while the case is open, such as a GPIO’s value. */
  readonly caseSwitch?: string | undefined;
  readonly sys?: string;
}

/** The supply of a Raspberry Pi, and its case: each fault is told when it begins. */
export async function watchHousing(
  { caseSwitch, sys = '/sys' }: HousingOptions,
  tell: Tell,
): Promise<Watch> {
  const supply = await findSupply(sys);
  const faults = [
    { path: supply, kind: 'undervoltage' },
    { path: caseSwitch, kind: 'case-opened' },
  ] as const;
  const begun = new Set<string>();
  return lookEvery(lookEveryMs, async () => {
    for (const { path, kind } of faults) {
      const isOn = path !== undefined && (await attribute(path)) === '1';
      if (isOn && !begun.has(kind)) tell({ kind });
      if (isOn) begun.add(kind);
      else begun.delete(kind);
    }
  });
}

/** Linux, Documentation/hwmon/raspberrypi-hwmon.rst: `in0_lcrit_alarm` of the sensor `rpi_volt`. */
async function findSupply(sys: string): Promise<string | undefined> {
  const root = join(sys, 'class/hwmon');
  for (const sensor of await readdir(root).catch(() => [])) {
    const isSupply = (await attribute(join(root, sensor, 'name'))) === 'rpi_volt';
    if (isSupply) return join(root, sensor, 'in0_lcrit_alarm');
  }
  return undefined;
}

async function attribute(path: string): Promise<string> {
  return (await readFile(path, 'latin1').catch(() => '')).trim();
}
