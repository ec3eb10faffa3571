import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Site } from './ward.ts';

/**
 * Code within the gateway’s own process that nobody of us wrote, as a dependency would bring it. It
 * does nothing before it is told to, and reaches this machine only.
 */
export function implantOf({ directory }: Pick<Site, 'directory'>, program: string) {
  const path = join(directory, '../implant.mjs');
  const order = join(directory, '../implant.order');
  const text = `
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { isMainThread } from 'node:worker_threads';
const call = (port, host) => {
  const socket = connect(port, host);
  socket.on('error', () => {}).setTimeout(1_000, () => socket.destroy());
  socket.end('what now?');
};
const begin = () => { ${program} };
if (isMainThread) {
  const look = setInterval(() => {
    if (!existsSync(${JSON.stringify(order)})) return;
    clearInterval(look);
    begin();
  }, 100);
  look.unref();
}
`;
  return {
    write: () => writeFileSync(path, text),
    order: () => writeFileSync(order, ''),
    variables: { NODE_OPTIONS: `--import=${pathToFileURL(path)}` },
  };
}
