import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { awaitLine, startChild } from '../children.ts';
import type { Bench } from '../question.ts';
import { countKept } from '../ward.ts';
import type { Peer, RunningPeer } from './peer.ts';

const main = join(import.meta.dirname, '../../gateway/main.ts');
/** Replaces the files that detect, as they are loaded. */
export const withoutDetection = pathToFileURL(
  join(import.meta.dirname, '../without-detection.ts'),
).href;
const Ready = z.object({ event: z.literal('gateway.ready'), mqttPort: z.int() });

let count = 0;

/** The gateway as it is delivered: admission, detection, encryption at rest, synchronous FULL. */
export const gateway: Peer = { name: 'wardgate', start: (bench) => startGateway(bench, {}) };

/** Without the pause that saves an SD card: each batch is committed as soon as the last one is. */
export const gatewayWithoutPause: Peer = {
  name: 'wardgate, commitPauseMs 0',
  start: (bench) => startGateway(bench, { store: { commitPauseMs: 0 } }),
};

/** What detection costs is what this one does not cost. */
export const gatewayWithoutDetection: Peer = {
  name: 'wardgate, without detection',
  start: (bench) => startGateway(bench, {}, [`--import=${withoutDetection}`]),
};

async function startGateway(
  bench: Bench,
  settings: Parameters<Bench['ward']['site']>[1],
  given: readonly string[] = [],
): Promise<RunningPeer> {
  count += 1;
  const site = bench.ward.site(`gateway-${count}`, settings);
  const running = await runGateway(bench, site, given);
  return {
    ...running,
    async stop() {
      await running.stop();
      const kept = countKept(site);
      rmSync(site, { recursive: true, force: true });
      return { kept };
    },
  };
}

/** `wardgate run` on that site, in a process of its own. */
export async function runGateway(
  { load, profile }: Bench,
  site: string,
  given: readonly string[] = [],
): Promise<RunningPeer> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  // As in the first line of main.ts.
  const options = ['--max-semi-space-size=4', ...profiling, ...given];
  const command = [process.execPath, ...options, main, 'run', '--dir', site];
  const began = performance.now();
  const child = startChild(load.path, command);
  const { mqttPort: port } = await awaitLine(child, (line) => {
    const event = Ready.safeParse(JSON.parse(line));
    return event.success ? event.data : undefined;
  });
  const startMs = performance.now() - began;
  // Its log goes on; it must not wait for a reader.
  const reading = readOn(child.lines);
  return {
    port,
    pid: child.pid,
    startMs,
    async stop() {
      const code = await child.stop();
      await reading;
      if (code !== 0) throw new Error(`the gateway ended with ${code}: ${child.complaint()}`);
      return {};
    },
  };
}

async function readOn(lines: AsyncIterable<string>): Promise<void> {
  for await (const _ of lines);
}
