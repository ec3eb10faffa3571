import { setTimeout as delay } from 'node:timers/promises';
import { between, type Chance, seededChance, shuffled } from './chance.ts';
import { gatewayFaults } from './gateway-faults.ts';
import { daysOfOutage, deviceFaults, hospitalFaults } from './outside-faults.ts';
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
const hospitalRow: Row = { faults: hospitalFaults, calmMs: [500, 4_000] };
const devicesRow: Row = { faults: deviceFaults, calmMs: [2_000, 8_000] };

/** A gateway that acknowledged nothing for this long is struck again all the same. */
const stallMs = 30_000;
const lookMs = 50;
/** Shorter runs have no time for days. */
const outageSecondsMin = 40;

/**
 * Three rows of faults at once: to the gateway's machine, to the hospital, to the devices' lines.
 * The seed decides the order of each; every fault comes once before one comes again. In the middle
 * of the run the hospital goes away for days.
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
  const playHospital = async () => {
    const middle = AbortSignal.timeout(keeping.seconds * 500);
    await play(hospitalRow, 1, AbortSignal.any([stage.signal, middle]));
    if (stage.signal.aborted) return;
    if (keeping.seconds >= outageSecondsMin) await strike(daysOfOutage, stage);
    await play(hospitalRow, 2);
  };
  await Promise.all([play(gatewayRow, 0), playHospital(), play(devicesRow, 3)]);
  return diary.toSorted((one, other) => one.fromMs - other.fromMs);
}

/** Rows of one seed and rows of the next have nothing in common. */
const rowsMax = 4;

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
