import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import simulateCommand from '../../gateway/cli/simulate.ts';
import type { SerialLine } from '../../gateway/config.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { DeviceProfile } from '../../gateway/core/device-profile.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { type Gateway, startGateway } from '../../gateway/gateway.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { loadProfiles } from '../../gateway/site/profiles.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { monotonicMs } from '../../gateway/time/monotonic.ts';
import { freePort } from '../support/free-port.ts';
import { host, makeSite, temporaryFolder, until } from '../support/site.ts';

/** Every profile plays its device against one running gateway, over the link its like have. */
const profiles = [...(await loadProfiles()).values()];
const count = 2;
const folder = temporaryFolder('simulate');
const directory = join(folder.path, 'site');
const stop = new AbortController();
const played: Promise<unknown>[] = [];
let gateway: Gateway;

type Way = 'mqtt' | 'tls' | 'called' | 'calling' | 'terminal' | 'udp';
const ways = ['called', 'calling', 'terminal'] as const;

function wayOf({ link }: DeviceProfile, index: number): Way {
  if (link.kind !== 'line') return link.kind;
  return link.protocol.startsWith('hl7v2') ? 'tls' : (ways[index % ways.length] ?? 'called');
}

const beds = await Promise.all(
  profiles.map(async (profile, index) => {
    const way = wayOf(profile, index);
    const port = way === 'udp' ? await freeUdpPort() : await freePort();
    const path = join(folder.path, `tty-${index}`);
    return { profile, way, port, path, id: `bed-${index}` };
  }),
);
type Bed = (typeof beds)[number];

function lineOf({ way, port, path, id }: Bed): SerialLine | undefined {
  const device = id as DeviceId;
  if (way === 'called') return { device, tcp: `${host}:${port}` };
  if (way === 'calling') return { device, listen: `${host}:${port}`, from: host };
  if (way === 'terminal') return { device, path };
  return way === 'udp' ? { device, udp: `${host}:${port}`, local: host } : undefined;
}

/** As from the command line, but for the process. */
function simulate({ profile }: Bed, given: Record<string, unknown>): Promise<unknown> {
  const options = simulateCommand.options?.parse({ rate: 20, count, ...given });
  const silent = () => undefined;
  const { signal } = stop;
  const invocation = { arguments: [profile.id], options, print: silent, remark: silent, signal };
  return simulateCommand.run?.(invocation) ?? Promise.reject(new Error('no command'));
}

async function certificateOf({ id }: Bed): Promise<string> {
  const pki = openSitePki(directory);
  const { privateKeyPem = '', chainPem } = await pki.issueDevice(id, { now: Date.now() });
  const base = join(folder.path, 'certificates', id);
  writeFileSync(`${base}.key`, privateKeyPem);
  writeFileSync(`${base}.pem`, chainPem);
  writeFileSync(`${base}.ca.pem`, pki.rootPem);
  return `${base}.pem`;
}

beforeAll(async () => {
  mkdirSync(join(folder.path, 'certificates'));
  const devices = beds.map(({ id, profile }) => ({ id, profile: profile.id }));
  const serial = beds.flatMap((bed) => lineOf(bed) ?? []);
  await makeSite(directory, devices, { https: { port: 0 }, mllp: { port: 0 }, serial });
  for (const bed of beds) {
    const { way, port, path } = bed;
    if (way === 'called' || way === 'udp') played.push(simulate(bed, { listen: port }));
    if (way === 'terminal') played.push(simulate(bed, { pty: path }));
  }
  gateway = await startGateway({
    directory,
    log: () => undefined,
    now: () => Date.now() as Instant,
    monotonicMs,
    chance: Math.random,
    onFault: (error) => expect.unreachable(String(error)),
  });
  for (const bed of beds) {
    const { way, port } = bed;
    if (way === 'calling') played.push(simulate(bed, { connect: `${host}:${port}` }));
    if (way !== 'mqtt' && way !== 'tls') continue;
    const cert = await certificateOf(bed);
    const { mqttPort, mllpPort } = gateway;
    played.push(
      simulate(bed, { cert, gateway: `${host}:${way === 'mqtt' ? mqttPort : mllpPort}` }),
    );
  }
}, 120_000);

afterAll(async () => {
  stop.abort();
  await Promise.all(played);
  await gateway?.stop();
  folder.remove();
});

describe('wardgate simulate, with nobody bound to any device', () => {
  const measuring = beds.filter(({ profile }) => profile.association !== 'feed');
  it.each(measuring.map((bed) => [bed.profile.id, bed.way, bed] as const))(
    'plays %s (%s), and the gateway holds its observations',
    async (_, __, { id }) => {
      const { store } = openSiteStore(directory);
      const isHeld = () => store.held.depths().some(({ device }) => device === id);
      await until(`observations of ${id}`, isHeld).finally(() => store.close());
    },
    60_000,
  );

  it('plays a feed of admissions, and the gateway knows where its patient lies', async () => {
    const { store } = openSiteStore(directory);
    const isKnown = () => [...store.stays.all().values()].some(({ bed }) => bed === 'SIM\n\n1');
    await until('a patient’s place', isKnown).finally(() => store.close());
  }, 60_000);

  it('ends by itself with exit code 0, everything acknowledged', async () => {
    expect(new Set(await Promise.all(played))).toEqual(new Set([0]));
  }, 60_000);
});

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
