import type { DeviceId } from '../gateway/core/device.ts';
import type { Observation } from '../gateway/core/observation.ts';
import { codeOf } from '../gateway/demo/ledger.ts';
import type { Fact } from './facts.ts';

/** How things stood when a device heard that something is kept. */
export interface Circumstances {
  /** On the run's own clock. */
  readonly acknowledgedAtMs: number;
  /** Which start of the gateway it was. */
  readonly life: number;
  /** How far off the gateway's wall clock was. */
  readonly wallOffMs: number;
  /** Days passed between its saying and its keeping: its printed time is not held against it. */
  readonly wasTimePassing: boolean;
}

/** What the gateway promised to keep. */
export interface Promised extends Circumstances {
  readonly device: string;
  readonly key: string;
  readonly isAlert: boolean;
}

/** Delivered with a time further from the one its device printed than it is said to be. */
export interface Misdated extends Promised {
  readonly at: string;
  /** How far from the printed time it is, and may be. */
  readonly offMs: number;
  readonly uncertaintyMs: number;
  readonly clock: string | undefined;
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
  /** Left out where it is not told what a device printed, nor how sure its time is. */
  readonly times?: TimeReckoning;
}

/** How what was delivered is dated, held against the time its device printed, which is right. */
export interface TimeReckoning {
  /** Over `lateMs` off. */
  readonly late: number;
  /** Of these, further off than it is said to be. */
  readonly misdated: number;
  /** The first of them. */
  readonly misdatings: readonly Misdated[];
  /** Of the late ones, those that days passed over: nobody can say which time is theirs. */
  readonly passedOver: number;
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
/** As many are told one by one. */
const misdatingsMax = 100;

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

  promise(device: DeviceId, observation: Observation, circumstances: Circumstances): void {
    const { deviceTime } = observation;
    const key = keyOf(device, deviceTime, codeOf(observation), measuredOf(observation));
    const isAlert = observation.kind === 'alert';
    this.#promised.set(key, { device, key, isAlert, ...circumstances });
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
      ...(facts.some(({ at }) => at !== undefined) && { times: reckonTimes(promised, found) }),
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

function reckonTimes(
  promised: readonly Promised[],
  found: ReadonlyMap<string, readonly Fact[]>,
): TimeReckoning {
  let [late, passedOver] = [0, 0];
  const misdated: Misdated[] = [];
  for (const one of promised) {
    const [fact] = found.get(one.key) ?? [];
    const offMs = fact ? offBy(fact) : 0;
    if (!fact || offMs <= lateMs) continue;
    late += 1;
    if (one.wasTimePassing) passedOver += 1;
    const { at = 0, uncertaintyMs = Number.POSITIVE_INFINITY, clock, isTimeUntrusted } = fact;
    if (one.wasTimePassing || isTimeUntrusted === true || offMs <= uncertaintyMs) continue;
    misdated.push({ ...one, at: new Date(at).toISOString(), offMs, uncertaintyMs, clock });
  }
  const misdatings = misdated.slice(0, misdatingsMax);
  return { late, misdated: misdated.length, misdatings, passedOver };
}

/** How far its time is from the one its device printed; 0 where either is not said. */
function offBy({ at, said }: Fact): number {
  const printed = said?.time;
  if (at === undefined || printed === undefined) return 0;
  const iso = printed.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:$6');
  // Without an offset it is a cable's device, which runs in UTC here.
  return Math.abs(at - Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`));
}
