import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openSiteStore } from '../gateway/site/site.ts';
import { seededChance } from './chance.ts';
import { openClock } from './clock.ts';
import { startDestinations } from './destinations.ts';
import { type Devices, plugIn } from './devices.ts';
import { openDisk } from './disk.ts';
import { createLife } from './gateway-life.ts';
import { type DestinationReckoning, Reckoner } from './reckoning.ts';
import { faultNames, keepDiary } from './schedule.ts';
import type { DiaryEntry, Stage } from './stage.ts';
import { type Bed, devicesAt, makeSite, type Ports, wardOf, writeSettings } from './ward.ts';
import { layWire } from './wire.ts';

export interface ChaosOptions {
  readonly directory: string;
  readonly seconds: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly remark: (line: string) => void;
}

export interface DestinationResult extends DestinationReckoning {
  /** What it was sent again and has once, and what it has twice, as it says itself. */
  readonly sentAgain: number;
  readonly storedTwice: number;
  /** Entries set aside because it refused them. */
  readonly setAside: number;
}

export interface ChaosResult {
  readonly seed: number;
  readonly seconds: number;
  /** Moments devices spoke of, each said until it was acknowledged. */
  readonly said: number;
  /** Observations their devices heard a yes for. */
  readonly acknowledged: number;
  readonly destinations: readonly DestinationResult[];
  readonly diary: readonly DiaryEntry[];
  /** All faults there are, whether they struck or not. */
  readonly faults: readonly string[];
  readonly starts: number;
  readonly crashes: number;
  /** Entries still held. */
  readonly held: number;
  /** What SQLite's own check says of the database in the end. */
  readonly database: string;
  readonly events: Readonly<Record<string, number>>;
  readonly passedHours: number;
}

const drainTimeoutMs = 180_000;
const drainPollMs = 250;

/** A site, a ward, its destinations, and everything that can happen to them; then the reckoning. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, seconds, signal, remark } = options;
  const scene = await setScene(options.directory);
  const { directory, life, destinations, devices, reckoner, clock, sinceStart } = scene;
  try {
    await life.start();
    await devices.start(scene.ports);
    const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
    const stage: Stage = { ...scene, chance: seededChance(seed), signal: over };
    const diary = await keepDiary(stage, { seed, seconds, reckoner, sinceStart, remark });
    remark('calm: what is owed is delivered');
    await life.revive();
    const said = await devices.stop();
    const { held, setAside } = await settle(directory);
    await life.stop();
    return {
      ...{ seed, seconds, said, diary, held, faults: faultNames(destinations) },
      acknowledged: reckoner.acknowledged,
      destinations: (await reckon(scene)).map((each) => ({
        ...each,
        setAside: setAside.get(each.id) ?? 0,
      })),
      ...{ starts: life.starts(), crashes: life.crashes(), database: inspect(directory) },
      events: Object.fromEntries([...life.events].toSorted()),
      passedHours: clock.passedMs() / 3_600_000,
    };
  } finally {
    await scene.close();
  }
}

/** What was acknowledged against what each destination has. */
async function reckon({ destinations, reckoner, directory, beds, arrivals }: Scene) {
  const all = await Promise.all(
    destinations.map(async ({ id, facts }) => ({
      id,
      facts: await facts(),
      deviceOf: devicesAt(directory, id, beds),
      arrivedAtMs: arrivals.get(id) ?? new Map<string, number>(),
    })),
  );
  return reckoner.reckon(all).map((each, index) => ({
    ...each,
    ...(destinations[index]?.counts() ?? { sentAgain: 0, storedTwice: 0 }),
  }));
}

interface Scene extends Omit<Stage, 'chance' | 'signal'> {
  readonly beds: readonly Bed[];
  readonly devices: Devices;
  /** Where devices find the gateway. */
  readonly ports: Ports;
  readonly reckoner: Reckoner;
  /** When each destination stored each observation, on the clock of `sinceStart`. */
  readonly arrivals: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly sinceStart: () => number;
  close(): Promise<void>;
}

/** Everything is there, and nothing runs yet. */
async function setScene(folder: string): Promise<Scene> {
  const directory = join(folder, 'site');
  mkdirSync(directory);
  const began = performance.now();
  const sinceStart = () => performance.now() - began;
  const arrivals = new Map<string, Map<string, number>>();
  const onArrival = (destination: string, id: string) => {
    const at = arrivals.get(destination) ?? new Map<string, number>();
    arrivals.set(destination, at.set(id, sinceStart()));
  };
  const disk = openDisk(folder);
  const clock = openClock(folder);
  const reckoner = new Reckoner();
  const beds = await wardOf(directory);
  await makeSite(directory, beds, Date.now());
  const destinations = await startDestinations({ directory, clock, onArrival });
  const LD_PRELOAD = `${disk.environment.LD_PRELOAD}:${clock.environment['LD_PRELOAD']}`;
  const life = createLife(directory, { ...clock.environment, ...disk.environment, LD_PRELOAD });
  const circumstances = () => ({
    acknowledgedAtMs: sinceStart(),
    life: life.starts(),
    wallOffMs: clock.offMs(),
  });
  const devices = await plugIn({ directory, beds, clock, reckoner, circumstances });
  const relays = destinations.map(({ settings }) => settings);
  const ports = await writeSettings(directory, relays, devices.serial);
  const wires = { mqtt: await layWire(ports.mqtt), mllp: await layWire(ports.mllp) };
  return {
    ...{ directory, beds, life, disk, clock, destinations, wires, devices },
    ...{ reckoner, arrivals, sinceStart },
    ports: { mqtt: wires.mqtt.port, mllp: wires.mllp.port },
    async close() {
      await life.kill();
      await devices.unplug();
      await Promise.all([...destinations, ...Object.values(wires)].map((each) => each.close()));
      disk.close();
    },
  };
}

/** Until nothing is owed to anybody. */
async function settle(directory: string) {
  const { store } = openSiteStore(directory);
  const deadline = performance.now() + drainTimeoutMs;
  const isOwed = () => store.outbox.depths().some(({ entries }) => entries > 0);
  while (isOwed() && performance.now() < deadline) await delay(drainPollMs);
  const setAside = new Map<string, number>();
  for (const { relay, entries } of store.outbox.refusals()) {
    setAside.set(relay, (setAside.get(relay) ?? 0) + entries);
  }
  const held = store.held.depths().reduce((sum, { rows }) => sum + rows, 0);
  store.close();
  return { setAside, held };
}

function inspect(directory: string): string {
  const { store } = openSiteStore(directory);
  const verdict = store.problem() ?? 'ok';
  store.close();
  return verdict;
}
