import type { DeviceId } from '../gateway/core/device.ts';
import type { Observation } from '../gateway/core/observation.ts';
import { codeOf } from '../gateway/demo/ledger.ts';
import type { Fact } from './facts.ts';

/** What the gateway promised to keep, and when, on the run's own clock. */
export interface Promised {
  readonly device: string;
  readonly key: string;
  readonly isAlert: boolean;
  readonly acknowledgedAtMs: number;
}

/** What one destination has, and under which name it knows each device. */
export interface Delivered {
  readonly id: string;
  readonly facts: readonly Fact[];
  readonly deviceOf: (pseudonym: string) => DeviceId | undefined;
  /** When an observation arrived, where that is known. */
  readonly arrivedAtMs: ReadonlyMap<string, number>;
}

export interface DestinationReckoning {
  readonly id: string;
  readonly delivered: number;
  readonly lost: readonly Promised[];
  /** Also of what was never acknowledged: nothing may be there twice. */
  readonly doubled: readonly string[];
  readonly alerts: AlertReckoning;
  /** Delivered with a time over `lateMs` from the one its device printed, which is right. */
  readonly late: number;
  /** Of these, with a time further off than it is said to be. */
  readonly misdated: number;
}

export interface AlertReckoning {
  readonly acknowledged: number;
  readonly delivered: number;
  /** From acknowledgement to the destination, milliseconds; undefined where it is not known. */
  readonly medianMs?: number;
  readonly largestMs?: number;
}

/** Dated by its arrival, after its device could not be heard for so long. */
const lateMs = 5_000;

/**
 * Holds what was acknowledged against what each destination has, by device, the time the device itself
 * printed, code and value: none of them is made by the gateway. A destination that is not told all of
 * that is held against the ids the others have it under.
 */
export class Reckoner {
  readonly #promised = new Map<string, Promised>();

  get acknowledged(): number {
    return this.#promised.size;
  }

  promise(device: DeviceId, observation: Observation, acknowledgedAtMs: number): void {
    const { deviceTime } = observation;
    const key = keyOf(device, deviceTime, codeOf(observation), measuredOf(observation));
    const isAlert = observation.kind === 'alert';
    this.#promised.set(key, { device, key, isAlert, acknowledgedAtMs });
  }

  reckon(all: readonly Delivered[]): readonly DestinationReckoning[] {
    const keyOfId = new Map<string, string>();
    for (const { facts, deviceOf } of all) {
      for (const fact of facts) {
        const key = saidKey(fact, deviceOf);
        if (key !== undefined && fact.id !== undefined) keyOfId.set(fact.id, key);
      }
    }
    return all.map((delivered) => this.#reckonOne(delivered, keyOfId));
  }

  #reckonOne(
    { id, facts, deviceOf, arrivedAtMs }: Delivered,
    keyOfId: ReadonlyMap<string, string>,
  ): DestinationReckoning {
    const found = new Map<string, Fact[]>();
    for (const fact of facts) {
      const key = saidKey(fact, deviceOf) ?? keyOfId.get(fact.id ?? '') ?? `nobody said ${fact.id}`;
      const same = found.get(key);
      if (!same) found.set(key, [fact]);
      else if (same.every(({ copy }) => copy !== fact.copy)) same.push(fact);
    }
    const promised = [...this.#promised.values()];
    return {
      id,
      delivered: promised.filter(({ key }) => found.has(key)).length,
      lost: promised.filter(({ key }) => !found.has(key)),
      doubled: [...found].filter(([, copies]) => copies.length > 1).map(([key]) => key),
      alerts: reckonAlerts(promised, found, arrivedAtMs),
      ...reckonTimes(promised.flatMap(({ key }) => found.get(key)?.[0] ?? [])),
    };
  }
}

function reckonAlerts(
  promised: readonly Promised[],
  found: ReadonlyMap<string, readonly Fact[]>,
  arrivedAtMs: ReadonlyMap<string, number>,
): AlertReckoning {
  const alerts = promised.filter(({ isAlert }) => isAlert);
  const there = alerts.filter(({ key }) => found.has(key));
  const delays = there
    .flatMap(({ key, acknowledgedAtMs }) => {
      const arrived = arrivedAtMs.get(found.get(key)?.[0]?.id ?? '');
      // The hospital may have it before its device hears that the gateway has.
      return arrived === undefined ? [] : [Math.max(0, arrived - acknowledgedAtMs)];
    })
    .toSorted((one, other) => one - other);
  const [medianMs, largestMs] = [delays[delays.length >> 1], delays.at(-1)];
  return {
    acknowledged: alerts.length,
    delivered: there.length,
    ...(medianMs !== undefined && { medianMs: Math.round(medianMs) }),
    ...(largestMs !== undefined && { largestMs: Math.round(largestMs) }),
  };
}

function saidKey({ said }: Fact, deviceOf: Delivered['deviceOf']): string | undefined {
  if (!said) return undefined;
  return keyOf(deviceOf(said.device ?? ''), said.time, said.code, said.value);
}

function measuredOf(observation: Observation): number | string {
  if (observation.kind === 'alert') return 'alert';
  if (observation.absent !== undefined || observation.kind === 'samples') return 'absent';
  return observation.value;
}

function keyOf(
  device: string | undefined,
  time: string | undefined,
  code: number | string | undefined,
  value: number | string,
): string {
  return `${device} ${time} ${code} ${value}`;
}

function reckonTimes(facts: readonly Fact[]): { readonly late: number; readonly misdated: number } {
  const late = facts.filter((fact) => offBy(fact) > lateMs);
  const misdated = late.filter((fact) => {
    const { uncertaintyMs = Number.POSITIVE_INFINITY, isTimeUntrusted } = fact;
    return isTimeUntrusted !== true && offBy(fact) > uncertaintyMs;
  });
  return { late: late.length, misdated: misdated.length };
}

/** How far its time is from the one its device printed; 0 where either is not said. */
function offBy({ at, said }: Fact): number {
  const printed = said?.time;
  if (at === undefined || printed === undefined) return 0;
  const iso = printed.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:$6');
  // Without an offset it is a cable's device, which runs in UTC here.
  return Math.abs(at - Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`));
}
