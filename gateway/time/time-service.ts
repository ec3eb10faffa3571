import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TimeService } from '../core/gateway-time.ts';

const run = promisify(execFile);
const answerTimeoutMs = 2_000;

/**
 * What the host's time service says: systemd-timesyncd by its files, chrony and any other one that
 * systemd knows by asking. One that does not answer is taken for one that is not synchronised.
 */
export async function readTimeService(runFolder = '/run'): Promise<TimeService> {
  const has = (path: string) => existsSync(join(runFolder, path));
  if (has('systemd/timesync/synchronized')) return 'synchronised';
  if (has('systemd/timesync')) return 'unsynchronised';
  if (has('chrony')) return serviceOf(await answer('chronyc', ['-c', 'tracking']), isChronyRight);
  if (!has('systemd/system')) return 'none';
  const said = await answer('timedatectl', ['show', '-p', 'NTP', '-p', 'NTPSynchronized']);
  if (said === undefined || /^NTP=no$/m.test(said)) return 'none';
  return serviceOf(said, (text) => /^NTPSynchronized=yes$/m.test(text));
}

function serviceOf(said: string | undefined, isRight: (text: string) => boolean): TimeService {
  return said !== undefined && isRight(said) ? 'synchronised' : 'unsynchronised';
}

/** chronyc(1), tracking: the last column is the leap status. */
export function isChronyRight(line: string): boolean {
  const status = line.trim().split(',').at(-1);
  return status === 'Normal' || status === 'Insert second' || status === 'Delete second';
}

async function answer(command: string, words: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, [...words], { timeout: answerTimeoutMs });
    return stdout;
  } catch {
    // It is not there or does not answer: nobody vouches for the clock.
    return undefined;
  }
}
