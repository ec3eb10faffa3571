import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { defineAttack } from './attack.ts';
import { now, type Ward } from './ward.ts';

const clockFile = 'wall-clock';
const dayMs = 86_400_000;
/** Behind what is kept for a time, then beyond its end. */
const steps = [-3 * dayMs, 400 * dayMs];
/** The clocks are compared once a second. */
const betweenMs = 3_000;
/** What is off by more was dated by the clock that was set. */
const wrongMsMin = 60_000;

export default defineAttack({
  threat: 'D20',
  title: 'The clock of the gateway’s machine is set back by three days, then ahead by a year',
  detector: 'clock-set',

  variables: ({ directory }) => ({
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'wall-clock.ts'))}`,
    WARDGATE_ATTACK_CLOCK: join(directory, clockFile),
  }),

  async run(ward) {
    const before = ward.hospital.stored.size;
    for (const step of steps) {
      writeFileSync(join(ward.directory, clockFile), String(step));
      await delay(betweenMs, undefined, { signal: ward.signal });
    }
    const issued = issuedAt(ward).slice(before);
    const misdated = issued.filter((at) => Math.abs(now() - at) > wrongMsMin).length;
    return {
      measured: `arrivals since then: ${issued.length}, misdated: ${misdated}`,
      isAbsent: issued.length > 0 && misdated === 0,
    };
  },
});

/** When the gateway says that it heard each, in the order they came. */
function issuedAt({ hospital }: Ward): readonly number[] {
  return [...hospital.stored.values()].flatMap(({ resource }) => {
    const { issued } = resource as { readonly issued?: string };
    return issued === undefined ? [] : [Date.parse(issued)];
  });
}
