import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { defineAttack } from './attack.ts';
import { implantOf } from './implant.ts';
import { eventually, type Site } from './ward.ts';

/** Where orders come from; no setting names it. */
const controllerAddress = '127.0.0.99';
const everyMs = 300;
/** A real one has minutes between its calls; the figures are the same. */
const strayShare = 0.1;
const noticedMs = 30_000;
const afterwardsMs = 4_000;

const server: Server = createServer();
let port = 0;

export default defineAttack({
  threat: 'D15',
  detector: 'beaconing',
  title: 'Code within the gateway calls somebody for orders, as regularly as a clock',

  async setUp(site) {
    server.unref().listen(0, controllerAddress);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    implant(site).write();
    return {};
  },

  variables: (site) => implant(site).variables,

  async run(ward) {
    let calls = 0;
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => (calls += 1));
      socket.end('carry on');
    });
    implant(ward).order();
    await eventually(
      () => ward.findings.some(({ detector }) => detector === 'beaconing'),
      noticedMs,
    );
    // The response is in force with the next look at what is blocked.
    await delay(afterwardsMs / 2);
    const before = calls;
    await delay(afterwardsMs);
    server.close();
    const late = calls - before;
    return {
      measured: `calls answered: ${before}, then in ${afterwardsMs / 1_000} s more: ${late}`,
      isAbsent: before > 0 && late === 0,
    };
  },
});

function implant(site: Pick<Site, 'directory'>) {
  const wait = `${everyMs} * (1 + ${strayShare} * (2 * Math.random() - 1))`;
  return implantOf(
    site,
    `const beat = () => { call(${port}, '${controllerAddress}'); setTimeout(beat, ${wait}).unref(); }; beat();`,
  );
}
