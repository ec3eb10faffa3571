import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startHospital } from '../gateway/demo/hospital.ts';
import { openSiteStore } from '../gateway/site.ts';
import { seededChance } from './chance.ts';
import { openClock } from './clock.ts';
import { type Devices, plugIn } from './devices.ts';
import { openDisk } from './disk.ts';
import { createLife } from './gateway-life.ts';
import { Reckoner, type Reckoning } from './reckoning.ts';
import { keepDiary } from './schedule.ts';
import type { DiaryEntry, Stage } from './stage.ts';
import { makeSite, type Ports, wardOf, writeSettings } from './ward.ts';
import { layWire } from './wire.ts';

export interface ChaosOptions {
  readonly directory: string;
  readonly seconds: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly remark: (line: string) => void;
}

export interface ChaosResult extends Reckoning {
  readonly seed: number;
  readonly seconds: number;
  /** Moments devices spoke of, each said until it was acknowledged. */
  readonly said: number;
  readonly diary: readonly DiaryEntry[];
  readonly starts: number;
  readonly crashes: number;
  /** Entries the gateway set aside because the hospital refused them, and those still held. */
  readonly setAside: number;
  readonly held: number;
  /** Observations the hospital has in all, those it was sent again, and those it stored twice. */
  readonly stored: number;
  readonly sentAgain: number;
  readonly storedTwice: number;
  /** What SQLite's own check says of the database in the end. */
  readonly database: string;
  readonly events: Readonly<Record<string, number>>;
  readonly passedHours: number;
}

const resourcesMax = 20_000_000;
const drainTimeoutMs = 180_000;
const drainPollMs = 250;

/** A site, a ward, a hospital, and everything that can happen to them; then the reckoning. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, seconds, signal, remark } = options;
  const scene = await setScene(options.directory);
  const { directory, life, hospital, devices, reckoner, clock, sinceStart } = scene;
  try {
    await life.start();
    await devices.start(scene.ports);
    const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
    const stage: Stage = { ...scene, chance: seededChance(seed), signal: over };
    const diary = await keepDiary(stage, { seed, seconds, reckoner, sinceStart, remark });
    remark('calm: what is owed is delivered');
    await life.revive();
    const said = await devices.stop();
    const rest = await settle(directory);
    await life.stop();
    const { stored, repeated, duplicates } = hospital.counts;
    return {
      ...reckoner.reckon(hospital.stored, scene.arrivedAtMs),
      ...{ seed, seconds, said, diary, stored, ...rest },
      ...{ sentAgain: repeated, storedTwice: duplicates, database: inspect(directory) },
      ...{ starts: life.starts(), crashes: life.crashes() },
      events: Object.fromEntries([...life.events].toSorted()),
      passedHours: clock.passedMs() / 3_600_000,
    };
  } finally {
    await scene.close();
  }
}

interface Scene extends Omit<Stage, 'chance' | 'signal'> {
  readonly devices: Devices;
  /** Where devices find the gateway. */
  readonly ports: Ports;
  readonly reckoner: Reckoner;
  /** When the hospital stored each observation, on the clock of `sinceStart`. */
  readonly arrivedAtMs: ReadonlyMap<string, number>;
  readonly sinceStart: () => number;
  close(): Promise<void>;
}

/** Everything is there, and nothing runs yet. */
async function setScene(folder: string): Promise<Scene> {
  const directory = join(folder, 'site');
  mkdirSync(directory);
  const began = performance.now();
  const sinceStart = () => performance.now() - began;
  const arrivedAtMs = new Map<string, number>();
  const record = (ids: readonly string[]) => {
    for (const id of ids) arrivedAtMs.set(id, sinceStart());
  };
  const disk = openDisk(folder);
  const clock = openClock(folder);
  const reckoner = new Reckoner();
  const beds = await wardOf(directory);
  await makeSite(directory, beds, Date.now());
  const caPath = join(directory, 'hospital.pem');
  const hospital = await startHospital(caPath, Date.now(), { resourcesMax, record });
  const devices = await plugIn({ directory, beds, clock, reckoner, sinceStart });
  const toHospital = await layWire(hospital.port);
  const ports = await writeSettings(directory, toHospital.port, devices.serial);
  const wires = {
    mqtt: await layWire(ports.mqtt),
    mllp: await layWire(ports.mllp),
    hospital: toHospital,
  };
  const LD_PRELOAD = `${disk.environment.LD_PRELOAD}:${clock.environment['LD_PRELOAD']}`;
  const life = createLife(directory, { ...clock.environment, ...disk.environment, LD_PRELOAD });
  return {
    ...{
      directory,
      life,
      disk,
      clock,
      hospital,
      wires,
      devices,
      reckoner,
      arrivedAtMs,
      sinceStart,
    },
    ports: { mqtt: wires.mqtt.port, mllp: wires.mllp.port },
    async close() {
      await life.kill();
      await devices.unplug();
      await hospital.close();
      await Promise.all(Object.values(wires).map((wire) => wire.close()));
      disk.close();
    },
  };
}

/** Until nothing is owed to the hospital. */
async function settle(directory: string): Promise<{ setAside: number; held: number }> {
  const { store } = openSiteStore(directory);
  const deadline = performance.now() + drainTimeoutMs;
  const isOwed = () => store.outbox.depths().some(({ entries }) => entries > 0);
  while (isOwed() && performance.now() < deadline) await delay(drainPollMs);
  const setAside = store.outbox.refusals().reduce((sum, { entries }) => sum + entries, 0);
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
