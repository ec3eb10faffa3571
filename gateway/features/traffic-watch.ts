import type { DeviceId } from '../core/device.ts';
import type { Signal } from '../core/signal.ts';
import {
  type Baseline,
  clipZ,
  enrol,
  follow,
  isEnrolled,
  standardise,
  startBaseline,
} from './baseline.ts';
import { priorOf } from './prior.ts';
import {
  type Manner,
  mannerOf,
  readTraffic,
  seeTraffic,
  startTraffic,
  type TrafficState,
  trafficCountFeatures,
  trafficFeatures,
  withManner,
} from './traffic-state.ts';

/** Devices that are watched, and addresses that are nobody's; those silent for longest give way. */
const devicesMax = 6_144;
const addressesMax = 2_048;
/** Those that enrol at once: their looks take some tens of kilobytes each. */
const enrollingMax = 512;
/** Where there are more, this share of them is forgotten at once. */
const forgottenShare = 1 / 16;
/** An address is forgotten after this long. */
const addressForgottenMs = 3_600_000;

interface Watched {
  readonly traffic: TrafficState;
  readonly baseline: Baseline;
  /** What is expected of it until it has enrolled. */
  readonly prior: Baseline;
  readonly isDevice: boolean;
  /** As it was at the last tick. */
  readonly vector: Float32Array;
  seenAt: number;
}

/** One identity at one tick: how far from usual each of its features is. */
export interface TrafficRow {
  readonly about: string;
  /** Undefined: an address that is nobody's. */
  readonly device: DeviceId | undefined;
  readonly isEnrolled: boolean;
  /** Figures of this row in `z`: `trafficFeatures.length` of them from here on. */
  readonly offset: number;
}

export interface TrafficTick {
  readonly rows: readonly TrafficRow[];
  readonly z: Float32Array;
}

/** How a device that has enrolled usually is. Plain data: it survives a restart as JSON. */
export interface KeptDevice {
  readonly about: string;
  readonly seenAt: number;
  readonly manner: Manner;
  readonly baseline: Baseline;
}

/** How all identities of a gateway speak. Its memory is bounded, whatever speaks. */
export interface TrafficWatch {
  see(signals: readonly Signal[]): void;
  /** Lets time pass: once a second. What is unusual is told of every identity. */
  tick(now: number): TrafficTick;
  /** What the last tick saw of this identity was nothing unusual: its baseline may follow. */
  calm(about: string): void;
  /** Devices that have enrolled, those heard last first: at most so many. */
  keep(devicesMax: number): readonly KeptDevice[];
  readonly size: number;
}

/**
 * @param before devices as they were kept: they need not enrol anew.
 * @param perSecondMaxOf the most messages a healthy device of that name sends.
 * @param zMax further from usual than this, and how far is not told.
 */
export function watchTraffic(
  perSecondMaxOf: (device: string) => number,
  zMax = clipZ,
  before: readonly KeptDevice[] = [],
): TrafficWatch {
  const devices = new Map<string, Watched>();
  for (const kept of before) devices.set(kept.about, restored(kept, perSecondMaxOf(kept.about)));
  const addresses = new Map<string, Watched>();
  const width = trafficFeatures.length;
  let tickedAt: number | undefined;
  let elapsedMs = 0;

  function of(signal: Signal): Watched | undefined {
    const { device, address, at } = signal;
    const about = device ?? address;
    if (about === undefined) return undefined;
    const group = device === undefined ? addresses : devices;
    const known = group.get(about);
    if (known) {
      known.seenAt = at;
      return known;
    }
    const one = startWatched(device, device === undefined ? 0 : perSecondMaxOf(device));
    one.seenAt = at;
    group.set(about, one);
    const most = device === undefined ? addressesMax : devicesMax;
    if (group.size > most) forgetSilent(group, Math.ceil(most * forgottenShare));
    return one;
  }

  return {
    get size() {
      return devices.size + addresses.size;
    },
    see(signals) {
      for (const signal of signals) {
        const one = of(signal);
        if (one) seeTraffic(one.traffic, signal, one.isDevice && !isEnrolled(one.baseline));
      }
    },
    tick(now) {
      elapsedMs = tickedAt === undefined ? 0 : Math.max(0, now - tickedAt);
      tickedAt = now;
      forgetAddresses(addresses, now);
      const all = [...devices, ...addresses];
      const z = new Float32Array(all.length * width);
      let enrolling = 0;
      const rows = all.map(([about, one], index) => {
        const { traffic, baseline, prior, vector, isDevice } = one;
        readTraffic(traffic, elapsedMs, vector);
        if (isDevice && !isEnrolled(baseline) && traffic.spokeAt > 0 && ++enrolling <= enrollingMax)
          enrol(baseline, vector, elapsedMs);
        const isKnown = isEnrolled(baseline);
        const offset = index * width;
        const usual = isKnown ? baseline : prior;
        standardise(usual, vector, trafficCountFeatures, z, offset, zMax);
        const device = isDevice ? (about as DeviceId) : undefined;
        return { about, device, isEnrolled: isKnown, offset };
      });
      return { rows, z };
    },
    keep: (most) => keptOf(devices, most),
    calm(about) {
      const one = devices.get(about);
      if (one) follow(one.baseline, one.vector, elapsedMs);
    },
  };
}

function startWatched(device: string | undefined, perSecondMax: number): Watched {
  return {
    traffic: startTraffic(),
    baseline: startBaseline(),
    prior: priorOf(perSecondMax),
    isDevice: device !== undefined,
    vector: new Float32Array(trafficFeatures.length),
    seenAt: 0,
  };
}

function restored({ about, seenAt, manner, baseline }: KeptDevice, perSecondMax: number): Watched {
  const fresh = startWatched(about, perSecondMax);
  return { ...fresh, traffic: withManner(fresh.traffic, manner), baseline, seenAt };
}

function keptOf(devices: ReadonlyMap<string, Watched>, most: number): readonly KeptDevice[] {
  return [...devices]
    .filter(([, { baseline }]) => isEnrolled(baseline))
    .sort(([, one], [, other]) => other.seenAt - one.seenAt)
    .slice(0, most)
    .map(([about, { seenAt, traffic, baseline }]) => ({
      ...{ about, seenAt, manner: mannerOf(traffic) },
      baseline: { ...baseline, looks: [] },
    }));
}

/** The ones that were silent for longest, some at once: what one costs then does not grow with all. */
function forgetSilent(group: Map<string, Watched>, count: number): void {
  const oldest = [...group].sort(([, one], [, other]) => one.seenAt - other.seenAt);
  for (const [about] of oldest.slice(0, count)) group.delete(about);
}

function forgetAddresses(addresses: Map<string, Watched>, now: number): void {
  for (const [address, { seenAt }] of addresses) {
    if (now - seenAt > addressForgottenMs) addresses.delete(address);
  }
}
