import { setTimeout as delay } from 'node:timers/promises';
import { between, type Chance, seededChance, shuffled } from './chance.ts';
import type { Destination } from './destinations.ts';
import { gatewayFaults } from './gateway-faults.ts';
import { daysOfOutage, destinationFaults, deviceFaults } from './outside-faults.ts';
import type { Reckoner } from './reckoning.ts';
import type { DiaryEntry, Fault, Stage } from './stage.ts';

export interface Keeping {
  readonly seed: number;
  readonly seconds: number;
  readonly reckoner: Reckoner;
  readonly sinceStart: () => number;
  readonly remark: (line: string) => void;
}

/** Faults of one kind, one after the other, with so much calm between two of them. */
interface Row {
  readonly faults: readonly Fault[];
  readonly calmMs: readonly [least: number, most: number];
  /** Strikes a gateway at work only. */
  readonly needsProgress?: boolean;
}

const gatewayRow: Row = { faults: gatewayFaults, calmMs: [200, 2_000], needsProgress: true };
const devicesRow: Row = { faults: deviceFaults, calmMs: [2_000, 8_000] };
const rowOf = (destination: Destination): Row => ({
  faults: destinationFaults(destination),
  calmMs: [1_000, 8_000],
});

/** A gateway that acknowledged nothing for this long is struck again all the same. */
const stallMs = 30_000;
const lookMs = 50;
/** Shorter runs have no time for days. */
const outageSecondsMin = 40;

/** All that may strike, whether there was time for it or not. */
export function faultNames(destinations: readonly Destination[]): readonly string[] {
  const rows = [gatewayRow, devicesRow, ...destinations.map(rowOf)];
  const all = [...rows.flatMap(({ faults }) => faults), daysOfOutage];
  return [...new Set(all.map(({ name }) => name))];
}

/**
 * Rows of faults at once: to the gateway's machine, to each destination, to the devices' lines. The
 * seed decides the order of each; every fault comes once before one comes again. In the middle of the
 * run all destinations go away for days.
 */
export async function keepDiary(stage: Stage, keeping: Keeping): Promise<readonly DiaryEntry[]> {
  const diary: DiaryEntry[] = [];
  const strike = async (fault: Fault, on: Stage) => {
    const fromMs = keeping.sinceStart();
    const outcome = await fault.run(on);
    const entry = { fault: fault.name, ...outcome, fromMs, untilMs: keeping.sinceStart() };
    diary.push(entry);
    keeping.remark(toLine(entry, keeping.reckoner.acknowledged));
  };
  const play = async (
    { faults, calmMs, needsProgress }: Row,
    number: number,
    until = stage.signal,
  ) => {
    const chance = seededChance(keeping.seed * rowsMax + number);
    for (const fault of endless(faults, chance)) {
      await pause(between(...calmMs, chance), until);
      if (needsProgress) await progress(stage, keeping.reckoner);
      if (until.aborted) return;
      await strike(fault, { ...stage, chance });
    }
  };
  const playDestinations = async () => {
    const rows = stage.destinations.map(rowOf);
    const playAll = (first: number, until?: AbortSignal) =>
      Promise.all(rows.map((row, index) => play(row, first + index, until)));
    const middle = AbortSignal.timeout(keeping.seconds * 500);
    await playAll(2, AbortSignal.any([stage.signal, middle]));
    if (stage.signal.aborted) return;
    if (keeping.seconds >= outageSecondsMin) await strike(daysOfOutage, stage);
    await playAll(2 + rows.length);
  };
  await Promise.all([play(gatewayRow, 0), play(devicesRow, 1), playDestinations()]);
  return diary.toSorted((one, other) => one.fromMs - other.fromMs);
}

/** Rows of one seed and rows of the next have nothing in common. */
const rowsMax = 16;

function* endless(faults: readonly Fault[], chance: Chance): Generator<Fault> {
  for (;;) yield* shuffled(faults, chance);
}

/** A fault that meets an idle gateway shows nothing: first something must have been acknowledged. */
async function progress({ life, signal }: Stage, reckoner: Reckoner): Promise<void> {
  await life.revive();
  const before = reckoner.acknowledged;
  const deadline = performance.now() + stallMs;
  while (reckoner.acknowledged === before && performance.now() < deadline && !signal.aborted) {
    await pause(lookMs, signal);
  }
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => undefined);
}

function toLine({ fault, phase, detail, powerCut, fromMs }: DiaryEntry, acknowledged: number) {
  const cut = powerCut && `${powerCut.unsyncedBytes} bytes unsynced, ${powerCut.lostBytes} lost`;
  const about = [phase, detail, cut].filter((part) => part !== undefined).join(', ');
  const seconds = (fromMs / 1_000).toFixed(1).padStart(6);
  return `${seconds} s  ${fault}${about === '' ? '' : `: ${about}`}; ${acknowledged} acknowledged`;
}
