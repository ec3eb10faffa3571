import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that the kernel gives to whoever connects (ip_local_port_range). From among those, a
 * client that calls a gateway which is down could meet itself, or take the port before it is back.
 */
const portMin = 20_000;
const portMax = 32_000;
const triesMax = 100;

/** A port that nobody listened on a moment ago, and that nobody gets by chance. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = randomInt(portMin, portMax);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
  throw new Error(`no free port in ${triesMax} tries`);
}
