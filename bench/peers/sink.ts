import { z } from 'zod';
import { awaitLine, startChild } from '../children.ts';
import type { Peer } from './peer.ts';

const Ready = z.object({ event: z.literal('ready'), port: z.int() });

/** Answers at once and keeps nothing: what is reached against it is the ceiling of the clients. */
export const sink: Peer = {
  name: 'sink (ceiling of the load)',
  async start({ load, ward }) {
    const { server, trust } = ward;
    const words = [load.path, 'sink', `--server=${server}`, `--ca=${trust}`];
    const began = performance.now();
    const child = startChild(load.path, words);
    const { port } = await awaitLine(child, (line) => Ready.parse(JSON.parse(line)));
    return {
      port,
      pid: child.pid,
      startMs: performance.now() - began,
      async stop() {
        await child.stop();
        return {};
      },
    };
  },
};
