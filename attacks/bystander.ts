import { alertEvents } from '../gateway/core/alert.ts';
import type { Bed, Credentials } from '../gateway/demo/ward.ts';
import type { FhirHospital } from '../gateway/hospital/fhir-hospital.ts';
import { playMqtt } from '../gateway/players/mqtt-player.ts';
import { eventually, host, now, type Stored } from './ward.ts';

/** What became of the alarms of a device that has nothing to do with the attack. */
export interface Alarms {
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** From the device to the hospital, in milliseconds. */
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface Bystander {
  /** Ends it, and waits for what is on its way. */
  alarms(): Promise<Alarms>;
}

const alarmsPerSecond = 10;
/** After the attack, for what was said during it. */
const settleMs = 15_000;

/** Plays a monitor that raises ten alarms a second, and measures besides: as often as its profile allows. */
export function playBystander(
  { id, profile }: Bed,
  tls: Credentials,
  port: number,
  hospital: Pick<FhirHospital, 'stored'>,
  arrivals: ReadonlyMap<string, number>,
): Bystander {
  const stop = new AbortController();
  const sentAt = new Set<number>();
  const played = playMqtt({
    device: id,
    profile,
    gateway: { host, port },
    tls,
    say(sequence, at) {
      sentAt.add(at);
      const alerts = [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }];
      const message = { seq: sequence, at: new Date(at).toISOString(), alerts };
      const values = { ...message, alerts: undefined, values: { MDC_PULS_OXIM_SAT_O2: 97 } };
      return [
        { channel: 'alerts', bytes: Buffer.from(JSON.stringify(message)) },
        { channel: 'observations', bytes: Buffer.from(JSON.stringify(values)) },
      ];
    },
    rateHz: alarmsPerSecond,
    signal: stop.signal,
    now,
  });
  played.catch(() => undefined);
  return {
    async alarms() {
      stop.abort();
      const { acknowledged } = await played;
      const delays = () => delaysOf(hospital, arrivals, sentAt);
      await eventually(() => delays().length >= sentAt.size, settleMs);
      const sorted = delays().toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
      const figures = { medianMs: at(0.5), p99Ms: at(0.99) };
      return { sent: sentAt.size, acknowledged, delivered: sorted.length, ...figures };
    },
  };
}

/** An alarm is found by the time its device printed on it, which is another for each. */
function delaysOf(
  { stored }: Pick<FhirHospital, 'stored'>,
  arrivals: ReadonlyMap<string, number>,
  sentAt: ReadonlySet<number>,
): readonly number[] {
  const delays = new Map<number, number>();
  for (const [id, arrivedAt] of arrivals) {
    const { code, effectiveDateTime = '' } = (stored.get(id)?.resource ?? {}) as Stored;
    const at = Date.parse(effectiveDateTime);
    const isAlarm = code?.coding?.some((one) => one.code === alarmCode) === true;
    if (isAlarm && sentAt.has(at)) delays.set(at, arrivedAt - at);
  }
  return [...delays.values()];
}

const alarmCode = `${alertEvents['MDC_EVT_ALARM']}`;
