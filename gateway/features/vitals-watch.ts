import type { DeviceId } from '../core/device.ts';
import type { Observation } from '../core/observation.ts';
import { vitalOf } from './vital-signs.ts';
import {
  isLookDue,
  lookAtVitals,
  seeVital,
  startVitals,
  type VitalsState,
  vitalsFeatures,
} from './vitals-state.ts';

/** Patients that are followed, each by one device; the one not heard of for longest gives way. */
const patientsMax = 6_144;
/** Who was heard last is known to the minute: to know it of each message costs more than the message. */
const placeEveryMs = 60_000;
/** Looks at one tick: after a start everybody is due at once. The others come a second later. */
const looksMax = 512;

interface Followed {
  /** Since when the device is this patient's: another patient's course is another course. */
  readonly since: number;
  readonly vitals: VitalsState;
  /** When it was put behind all others. */
  readonly placedAt: number;
}

/** Patients that were due, a row of `vitalsFeatures` each. */
export interface VitalsLook {
  readonly rows: readonly DeviceId[];
  /** Whose course has begun anew since the last look. */
  readonly begun: ReadonlySet<DeviceId>;
  readonly values: Float32Array;
}

/** How the vital signs of all patients go on. Its memory is bounded, whoever speaks. */
export interface VitalsWatch {
  /** @param since when the device was bound to whoever it is bound to now; 0 for nobody */
  see(device: DeviceId, since: number, observations: readonly Observation[]): void;
  /** Looks at those who are due: a monitor's second is looked at as seldom as a chart is kept. */
  look(now: number): VitalsLook;
  readonly size: number;
}

export function watchVitals(): VitalsWatch {
  const patients = new Map<DeviceId, Followed>();
  const begun = new Set<DeviceId>();

  function follow(device: DeviceId, since: number, at: number): VitalsState {
    const known = patients.get(device);
    const isSame = known?.since === since;
    if (isSame && Math.abs(at - known.placedAt) < placeEveryMs) return known.vitals;
    if (!isSame) begun.add(device);
    const vitals = isSame ? known.vitals : startVitals();
    // Those heard last stand last: the first is the one to forget.
    patients.delete(device);
    patients.set(device, { since, vitals, placedAt: at });
    if (patients.size > patientsMax) forgetFirst(patients);
    return vitals;
  }

  return {
    get size() {
      return patients.size;
    },
    see(device, since, observations) {
      let vitals: VitalsState | undefined;
      for (const one of observations) {
        if (one.kind !== 'numeric' || one.value === undefined) continue;
        if (vitalOf(one.metric) === undefined) continue;
        vitals ??= follow(device, since, one.receivedAt);
        // By the gateway's own clock: what a device prints could put its course into the future.
        seeVital(vitals, one.metric, one.value, one.receivedAt);
      }
    },
    look(now) {
      const due: (readonly [DeviceId, VitalsState])[] = [];
      for (const [device, followed] of patients) {
        const { vitals } = followed;
        // The gateway's clock was set back: nothing would be due until it is that late again.
        if (vitals.lookedAt > now) {
          patients.set(device, { ...followed, vitals: startVitals() });
          begun.add(device);
        } else if (due.length < looksMax && isLookDue(vitals, now)) due.push([device, vitals]);
      }
      const width = vitalsFeatures.length;
      const values = new Float32Array(due.length * width);
      for (const [index, [, vitals]] of due.entries()) {
        values.set(lookAtVitals(vitals, now), index * width);
      }
      const look = { rows: due.map(([device]) => device), begun: new Set(begun), values };
      begun.clear();
      return look;
    },
  };
}

function forgetFirst(patients: Map<DeviceId, Followed>): void {
  for (const device of patients.keys()) {
    patients.delete(device);
    return;
  }
}
