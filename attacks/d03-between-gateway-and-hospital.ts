import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { startHospital } from '../gateway/demo/hospital.ts';
import type { FhirHospital } from '../gateway/hospital/fhir-hospital.ts';
import { defineAttack } from './attack.ts';
import { bystanderId, eventually, host, now, type Site } from './ward.ts';

/** How long somebody stands between: the bystander’s alarms wait for so long. */
const betweenMs = 2_000;

/** The way to the hospital, which can be led astray. */
interface Way {
  readonly server: Server;
  readonly open: Set<Socket>;
  targetPort: number;
}

let way: Way;
let thief: FhirHospital;

export default defineAttack({
  threat: 'D03',
  detector: 'destination-distrust',
  title: 'The way to the hospital leads to a server with a certificate of its own',

  async setUp(site) {
    thief = await startHospital(join(site.directory, 'thief.pem'), now());
    way = await layWay(site);
    const { port } = way.server.address() as AddressInfo;
    const url = `https://${host}:${port}/fhir`;
    return { relays: [{ id: 'hospital', use: 'fhir', url, ca: 'hospital.pem' }] };
  },

  async run(ward) {
    const right = way.targetPort;
    divert(thief.port);
    const began = performance.now();
    await eventually(() => performance.now() - began > betweenMs, 2 * betweenMs);
    const atHospital = ward.hospital.counts.stored;
    divert(right);
    const stored = (await ward.storedOf(bystanderId)).length;
    const stolen = thief.counts.stored;
    way.server.close();
    await thief.close();
    return {
      measured: `observations the false hospital got: ${stolen}; what waited reached the right one afterwards (${atHospital} before, ${stored} after)`,
      isAbsent: stolen === 0 && stored > atHospital,
    };
  },
});

/** Whoever answers there from now on; connections that are open are cut. */
function divert(port: number): void {
  way.targetPort = port;
  for (const socket of way.open) socket.resetAndDestroy();
}

async function layWay({ hospital }: Site): Promise<Way> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host, port: way.targetPort });
    for (const socket of [near, far]) {
      open.add(socket);
      const end = () => {
        near.destroy();
        far.destroy();
        open.delete(socket);
      };
      socket.on('error', end).on('close', end);
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, host);
  await once(server, 'listening');
  return { server, open, targetPort: hospital.port };
}
