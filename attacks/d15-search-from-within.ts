import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { defineAttack } from './attack.ts';
import { implantOf } from './implant.ts';
import { eventually, type Site } from './ward.ts';

/** Neighbours of the gateway: each has a service of its own that somebody could go on to. */
const neighbourAddress = '127.0.0.98';
const neighbours = 40;
const everyMs = 20;
/** As many as the gateway lets its own process try. */
const reachedMax = 8;
const noticedMs = 30_000;

const servers: Server[] = [];

export default defineAttack({
  threat: 'D15',
  detector: 'egress-fan-out',
  title: 'Code within the gateway tries its neighbours, one after the other',

  async setUp(site) {
    for (let count = 0; count < neighbours; count += 1) {
      const server = createServer().unref().listen(0, neighbourAddress);
      await once(server, 'listening');
      servers.push(server);
    }
    implant(site).write();
    return {};
  },

  variables: (site) => implant(site).variables,

  async run(ward) {
    const reached = new Set<number>();
    for (const [index, server] of servers.entries()) {
      server.on('connection', (socket) => {
        socket.on('error', () => {});
        socket.once('data', () => reached.add(index));
        socket.end();
      });
    }
    implant(ward).order();
    await eventually(
      () => ward.findings.some(({ detector }) => detector === 'egress-fan-out'),
      noticedMs,
    );
    for (const server of servers) server.close();
    return {
      measured: `services reached: ${reached.size} of ${neighbours}`,
      isAbsent: reached.size <= reachedMax,
    };
  },
});

function implant(site: Pick<Site, 'directory'>) {
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  return implantOf(
    site,
    `${JSON.stringify(ports)}.forEach((port, index) => setTimeout(call, index * ${everyMs}, port, '${neighbourAddress}').unref());`,
  );
}
