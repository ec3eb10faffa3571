import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceId } from '../gateway/core/device.ts';
import { metrics } from '../gateway/core/metric.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { simulate } from '../gateway/simulation.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { forgedValue } from './forger.ts';
import { attackerAddress, eventually, host, now, type Site, type Ward } from './ward.ts';

const id = 'oximeter-1' as DeviceId;
const profileId = 'masimo-radical-7';
/** Nobody else of this machine uses it: a port that was free a moment ago still is. */
const lineAddress = '127.0.0.77';
const seed = 11;
const trueValue = 97;
const tries = 5;
const listensMs = 15_000;
const pauseMs = 50;
/** A stranger is cut off at once; what it wrote was on its way by then. */
const cutOffMs = 5_000;

let port: number;

export default defineAttack({
  threat: 'D04',
  detector: 'line-intrusion',
  title: 'A stranger speaks on a cable that was laid over TCP',

  async setUp({ directory }) {
    port = await freePort();
    await register(directory);
    return { serial: [{ device: id, listen: `${lineAddress}:${port}`, from: host }] };
  },

  async run(ward) {
    const print = await printer(ward);
    const owner = await dial(host);
    owner.write(print(trueValue));
    let cutOff = 0;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const stranger = await dial(attackerAddress);
      stranger.write(print(forgedValue));
      if (await eventually(() => stranger.destroyed, cutOffMs)) cutOff += 1;
      stranger.destroy();
    }
    owner.write(print(trueValue));
    const values = await saturations(ward);
    owner.destroy();
    const forged = values.filter((value) => value === forgedValue).length;
    const own = values.filter((value) => value === trueValue).length;
    return {
      measured: `strangers cut off: ${cutOff} of ${tries}; their values at the hospital: ${forged}; the oximeter’s: ${own} of 2`,
      isAbsent: cutOff === tries && forged === 0 && own === 2,
    };
  },
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, lineAddress);
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

async function register(directory: Site['directory']): Promise<void> {
  const profile = findProfile(await loadProfiles(directory), profileId);
  const { store } = openSiteStore(directory);
  registerWard(store, [{ id, profile, rateHz: 1, seed }], now());
  store.close();
}

/** What the oximeter prints at a saturation, a second later each time. */
async function printer({ directory }: Ward): Promise<(saturation: number) => string> {
  const speak = await simulate(findProfile(await loadProfiles(directory), profileId), seed);
  let lines = 0;
  return (saturation) => {
    lines += 1;
    const [write] = speak(lines, now());
    const line = Buffer.from(write?.bytes ?? []).toString('latin1');
    return line.replace(/SPO2=\d{3}%/, `SPO2=${`${saturation}`.padStart(3, '0')}%`);
  };
}

/** Connects from an address, once the line listens. */
async function dial(localAddress: string): Promise<Socket> {
  const deadline = performance.now() + listensMs;
  while (performance.now() < deadline) {
    const socket = connect({ host: lineAddress, port, localAddress });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
    socket.on('error', () => undefined).resume();
    if (await promise) return socket;
    await delay(pauseMs);
  }
  throw new Error(`nobody listens on the line of ${id}`);
}

async function saturations(ward: Ward): Promise<readonly (number | undefined)[]> {
  const code = `${metrics.MDC_PULS_OXIM_SAT_O2.code}`;
  const stored = await ward.storedOf(id);
  return stored
    .filter((each) => each.code?.coding?.some((coding) => coding.code === code))
    .map((each) => each.valueQuantity?.value);
}
