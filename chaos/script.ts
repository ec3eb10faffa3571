import type { Instant, Observation } from '../gateway/core/observation.ts';
import type { SimulatedWrite } from '../gateway/core/simulator.ts';
import { findProtocol, loadProtocols } from '../gateway/policy-maker.ts';
import { simulate } from '../gateway/simulation.ts';
import { arrivalOf, date } from '../gateway/stages/date.ts';
import { decode, planDecoding } from '../gateway/stages/decode.ts';
import type { WardClock } from './clock.ts';
import type { Bed } from './ward.ts';

/** What a device says. A moment that is said again is said in the same bytes. */
export interface Script {
  say(sequence: number): readonly SimulatedWrite[];
  /** What that moment meant. It is over then: the gateway acknowledged it. */
  settle(sequence: number): Settled;
}

interface Settled {
  readonly observations: readonly Observation[];
  /** Of an hour that the gateway took for another one than its device, or may have. */
  readonly wasTimePassing: boolean;
}

/** The wire formats of lines print seconds: two moments of one second would look alike. */
const lineStepMs = 1_000;

interface Moment {
  readonly at: Instant;
  /** Of the ward's clock. */
  readonly age: number;
  readonly writes: readonly SimulatedWrite[];
}

export async function openScript(bed: Bed, clock: WardClock): Promise<Script> {
  const { id, profile, seed, way } = bed;
  const saying = await simulate(profile, seed);
  const protocol = findProtocol(await loadProtocols(), profile);
  const decoding = planDecoding(profile);
  const moments = new Map<number, Moment>();
  const stepMs = way === 'mqtt' ? 1 : lineStepMs;
  let last = 0;

  function momentOf(sequence: number): Moment {
    const known = moments.get(sequence);
    if (known) return known;
    last = Math.max(last + stepMs, clock.now());
    const at = last as Instant;
    // QoS 0 is promised to nobody.
    const writes = saying(sequence, at).filter(({ channel }) => channel !== 'waveforms');
    const moment = { at, age: clock.age(), writes };
    moments.set(sequence, moment);
    return moment;
  }

  return {
    say: (sequence) => momentOf(sequence).writes,
    settle(sequence) {
      const { at, age, writes } = momentOf(sequence);
      moments.delete(sequence);
      const whole = way === 'mqtt' ? writes.map(({ bytes }) => bytes) : [joined(writes)];
      const observations = whole.flatMap((bytes) =>
        protocol.step(protocol.start, bytes).records.flatMap((record) => {
          const dating = date(record, arrivalOf({ receivedAt: at }), undefined);
          const said = { key: '', device: id, plan: decoding, record, receivedAt: at, dating };
          return decode(said).observations;
        }),
      );
      return { observations, wasTimePassing: age % 2 === 1 || age !== clock.age() };
    },
  };
}

function joined(writes: readonly SimulatedWrite[]): Buffer {
  return Buffer.concat(writes.map(({ bytes }) => bytes));
}
