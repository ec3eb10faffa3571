import { join } from 'node:path';
import { awaitLine, startChild } from './children.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { gateway } from './peers/gateway.ts';
import { mosquitto } from './peers/mosquitto.ts';
import type { Peer } from './peers/peer.ts';
import type { Bench, Question } from './question.ts';

const starts = 10;
const command = join(import.meta.dirname, '../gateway/main.ts');

/** From nothing to what is asked, in milliseconds. */
const beginnings: readonly (readonly [string, (bench: Bench) => Promise<number>])[] = [
  ['wardgate run, until gateway.ready', (bench) => startPeer(bench, gateway)],
  ['mosquitto, until its port is open', (bench) => startPeer(bench, mosquitto)],
  ['wardgate --version', (bench) => startNode(bench, [command, '--version'])],
  ['node, until one line is printed', (bench) => startNode(bench, ['-e', 'console.log(1)'])],
];

export const start: Question = {
  name: 'start',
  summary: 'From spawn to gateway.ready.',

  async ask(bench) {
    const load = loadNow();
    const times = new Map(beginnings.map(([name]) => [name, [] as number[]]));
    for (let round = 1; round <= starts; round += 1) {
      bench.remark(`  start ${round} of ${starts}`);
      for (const [name, begin] of beginnings) times.get(name)?.push(await begin(bench));
    }
    return [
      {
        title: 'Start',
        rows: [...times].map(([what, each]) => ({
          what,
          'median ms': Math.round(median(each)),
          'lowest ms': Math.round(Math.min(...each)),
          'highest ms': Math.round(Math.max(...each)),
          'to bare node': rounded(median(each) / median([...times.values()].at(-1) ?? each)),
        })),
        notes: [
          `load average before: ${load}; median of ${starts}, in turn`,
          'a site of 1,000 registered devices; the sources run as they are, by type stripping',
        ],
      },
    ];
  },
};

async function startPeer(bench: Bench, peer: Peer): Promise<number> {
  const server = await peer.start(bench);
  await server.stop();
  return server.startMs;
}

async function startNode({ load }: Bench, words: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = startChild(load.path, [process.execPath, ...words]);
  await awaitLine(child, () => true);
  const took = performance.now() - began;
  await child.ended;
  return took;
}
