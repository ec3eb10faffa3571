import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceId } from '../gateway/core/device.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { answerByUdp } from '../gateway/players/device-end.ts';
import { playLine } from '../gateway/players/line-player.ts';
import { findSimulator, serialNumberOf, simulate } from '../gateway/simulation.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, host, now, type Site, type Ward } from './ward.ts';

const id = 'bedside-1' as DeviceId;
const profileId = 'philips-intellivue-mx450';
/** Where the settings say that the monitor is. */
const monitorAddress = '127.0.0.78';
const seed = 12;
const heardMs = 20_000;
const strangerMs = 3_000;

/** Has the monitor’s address towards the gateway. */
let front: Socket;

export default defineAttack({
  threat: 'D04',
  detector: 'line-intrusion',
  title: 'A stranger speaks by UDP in the place of a monitor, in the monitor’s own words',

  async setUp({ directory }) {
    front = await bind(monitorAddress);
    await register(directory);
    const udp = `${monitorAddress}:${front.address().port}`;
    return { serial: [{ device: id, udp, local: host }] };
  },

  async run(ward) {
    const stop = new AbortController();
    const back = await bind(monitorAddress);
    const stranger = await bind(attackerAddress);
    const end = await monitor();
    const say = await simulate(findProfile(await loadProfiles(), profileId), seed);
    const playing = playLine({ end, say, rateHz: 1, signal: stop.signal, now });

    const course = { isStolen: false, gatewayPort: 0, said: 0, stolen: 0 };
    front.on('message', (bytes, { port }: RemoteInfo) => {
      course.gatewayPort = port;
      back.send(bytes, end.port, monitorAddress);
    });
    back.on('message', (bytes) => {
      if (course.isStolen) course.stolen += 1;
      else course.said += 1;
      (course.isStolen ? stranger : front).send(bytes, course.gatewayPort, host);
    });

    await heardOf(ward);
    course.isStolen = true;
    await delay(strangerMs / 2);
    const before = (await ward.storedOf(id)).length;
    await delay(strangerMs / 2);
    const forged = (await ward.storedOf(id)).length - before;
    stop.abort();
    await playing;
    for (const socket of [front, back, stranger]) socket.close();
    return {
      measured: `values at the hospital by the monitor’s ${course.said} datagrams: ${before}, by the stranger’s ${course.stolen}: ${forged}`,
      isAbsent: before > 0 && course.stolen > 0 && forged === 0,
    };
  },
});

async function bind(address: string): Promise<Socket> {
  const socket = createSocket('udp4').on('error', () => undefined);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket.unref();
}

async function register(directory: Site['directory']): Promise<void> {
  const profile = findProfile(await loadProfiles(directory), profileId);
  const { store } = openSiteStore(directory);
  registerWard(store, [{ id, profile, rateHz: 1, seed }], now());
  store.close();
}

async function monitor() {
  const profile = findProfile(await loadProfiles(), profileId);
  return answerByUdp({
    simulator: await findSimulator(profile),
    serialNumber: serialNumberOf(seed),
    now,
    host: monitorAddress,
    port: 0,
  });
}

/** Waits until the hospital has something of the monitor. */
async function heardOf(ward: Ward): Promise<void> {
  const deadline = performance.now() + heardMs;
  let isHeard = false;
  while (!isHeard && performance.now() < deadline) {
    isHeard = (await ward.storedOf(id)).length > 0;
  }
  if (!isHeard) throw new Error(`nothing of ${id} arrived`);
}
