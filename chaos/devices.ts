import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceId } from '../gateway/core/device.ts';
import type { Instant } from '../gateway/core/observation.ts';
import { credentialsOf } from '../gateway/demo/ward.ts';
import { openSitePki } from '../gateway/pki/site-pki.ts';
import {
  connectToGateway,
  type DeviceEnd,
  listenForGateway,
} from '../gateway/players/device-end.ts';
import { playLine } from '../gateway/players/line-player.ts';
import { playMqtt } from '../gateway/players/mqtt-player.ts';
import { layPseudoTerminal, type SerialCable } from '../gateway/players/serial-cable.ts';
import type { WardClock } from './clock.ts';
import type { Circumstances, Reckoner } from './reckoning.ts';
import { openScript } from './script.ts';
import type { Bed, Ports } from './ward.ts';

const host = '127.0.0.1';
/** After the last fault every device has this long to be answered. */
const calmMs = 8_000;

export interface DeviceSite {
  readonly directory: string;
  readonly beds: readonly Bed[];
  readonly clock: WardClock;
  readonly reckoner: Reckoner;
  readonly circumstances: () => Omit<Circumstances, 'wasTimePassing'>;
}

/** The ward's devices, each a real client on a real line. */
export interface Devices {
  /** The settings of those on a cable. */
  readonly serial: { readonly device: DeviceId; readonly path: string }[];
  start(ports: Ports): Promise<void>;
  /** Lets them be answered and ends them. Returns how many moments they spoke of. */
  stop(): Promise<number>;
  unplug(): Promise<void>;
}

export async function plugIn(site: DeviceSite): Promise<Devices> {
  const stop = new AbortController();
  const cables: SerialCable[] = [];
  const ends = new Map<DeviceId, DeviceEnd>();
  const serial: { device: DeviceId; path: string }[] = [];
  for (const { id, way } of site.beds) {
    if (way !== 'serial') continue;
    const end = await listenForGateway({ host, port: 0 });
    const cable = await layPseudoTerminal(join(site.directory, `tty-${id}`), end.port);
    ends.set(id, end);
    cables.push(cable);
    serial.push({ device: id, path: cable.path });
  }
  let playing: readonly Promise<{ readonly sent: number }>[] = [];
  return {
    serial,
    async start(ports) {
      const plays = site.beds.map((bed) => openPlay(site, bed, ports, ends, stop.signal));
      playing = (await Promise.all(plays)).map((play) => play());
      // One that cannot even begin shows in stop().
      for (const each of playing) each.catch(() => undefined);
    },
    async stop() {
      await delay(calmMs);
      stop.abort();
      const played = await Promise.all(playing);
      return played.reduce((sum, { sent }) => sum + sent, 0);
    },
    async unplug() {
      stop.abort();
      for (const end of ends.values()) end.close();
      await Promise.all(cables.map((cable) => cable.unplug()));
    },
  };
}

/** Each of them speaks by the machine's own clock, and prints the ward's. */
async function openPlay(
  site: DeviceSite,
  bed: Bed,
  ports: Ports,
  ends: ReadonlyMap<DeviceId, DeviceEnd>,
  signal: AbortSignal,
) {
  const { id, profile, way, rateHz } = bed;
  const script = await openScript(bed, site.clock);
  const tls = await credentialsOf(openSitePki(site.directory), id, Date.now());
  const play = {
    say: (sequence: number) => script.say(sequence),
    rateHz,
    signal,
    now: () => Date.now() as Instant,
    onAcknowledged(sequence: number) {
      const { observations, wasTimePassing } = script.settle(sequence);
      const circumstances = { ...site.circumstances(), wasTimePassing };
      for (const observation of observations) {
        site.reckoner.promise(id, observation, circumstances);
      }
    },
  };
  if (way === 'mqtt') {
    const gateway = { host, port: ports.mqtt };
    return () => playMqtt({ ...play, device: id, profile, gateway, tls });
  }
  const end = ends.get(id) ?? connectToGateway({ host, port: ports.mllp }, tls);
  return () => playLine({ ...play, end });
}
