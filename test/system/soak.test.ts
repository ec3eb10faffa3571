import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { SoakReport } from '../support/soak.ts';

/** Each simulated device for 24 h of its own time, read, decoded, checked and sanitized. */
const run = promisify(execFile);
const program = join(import.meta.dirname, '../support/soak.ts');

/**
 * How far above the third hour the heap may stand in any later one, in bytes. The set of the keys
 * that are remembered takes 1.3 MB more, once, when all of them have been replaced; and each new
 * specimen of an analyser adds its pseudonym, until 20,000 are kept at hand.
 */
const driftBytesMax = 2 * 2 ** 20;
/** Everything is loaded, compiled and as large as it gets. */
const settledAfterHours = 2;
/** For a day of one device, on a machine that does much else. */
const wallMsMax = 540_000;

/**
 * Seconds of the device between two of its moments: fewer moments than a real day has, so that all
 * of them together play in a minute or two. One device at its own rate: `test/support/soak.ts`.
 */
const devices = [
  ['alaris-asena', 5],
  ['astm-e1381', 20],
  ['baxter-as50', 5],
  ['bbraun-bcc', 10],
  ['draeger-medibus', 5],
  ['ge-dri', 30],
  ['hl7v2', 15],
  ['ieee11073-20601', 30],
  ['ivy-ansar', 5],
  ['masimo-ascii', 3],
  ['nellcor-ascii', 3],
  ['nonin', 2],
  ['onetouch-dmp', 10],
  ['philips-intellivue', 40],
  ['senml-json', 3],
  ['wardgate-json', 3],
] as const;

describe('a day of', () => {
  it.concurrent.each(devices)(
    '%s holds the heap flat and the state below its bound',
    async (protocol, seconds) => {
      const options = { timeout: wallMsMax, env: { ...process.env, NODE_COMPILE_CACHE: '' } };
      const args = [program, protocol, `${seconds}`];
      const { stdout } = await run(process.execPath, args, options);
      const report = JSON.parse(stdout) as SoakReport;
      const settled = report.heapBytes.slice(settledAfterHours);
      const growth = Math.max(...settled) - (settled[0] ?? 0);
      const told = JSON.stringify(report);
      expect(report.heapBytes, told).toHaveLength(24);
      expect(growth, told).toBeLessThan(driftBytesMax);
      expect(report.stateBytes, told).toBeLessThanOrEqual(report.stateBytesMax);
      expect(report.discardedBytes, told).toBe(0);
      expect(report.released, told).toBeGreaterThan(0);
    },
    wallMsMax,
  );
});
