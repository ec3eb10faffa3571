import type { DeviceId } from '../core/device.ts';
import type { Instant, Observation } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import { vitalsFeatures } from '../features/vitals-state.ts';
import { type VitalsLook, watchVitals } from '../features/vitals-watch.ts';
import type { Scores } from '../inference/onnx-runtime.ts';
import { createSlots, type ModelSlot, type Role } from './model-slots.ts';

/** The features that a finding tells of. */
const toldFeatures = 5;
/**
 * One look in a thousand is above the threshold, by a figure that was told twice. Two of three looks
 * above it were a fortieth of a tenth of a per cent, of charts the model was not made from.
 */
const strangeLooks = 2;
const looksMask = 0b111;

/** How the vital signs of all patients go on, by the model that is active. */
export interface VitalsScoring {
  /** Takes in what a device measured, as it was committed. */
  see(device: DeviceId, since: number, observations: readonly Observation[]): void;
  /** Once a second: whose course is strange, as signals. Never more than one at a time. */
  tick(now: Instant): Promise<readonly Signal[]>;
  close(): Promise<void>;
}

/**
 * @param directory the site directory
 * @param onShadow what the model in shadow would have said
 */
export function createVitalsScoring(
  directory: string,
  onShadow: (id: string) => void,
): VitalsScoring {
  const watch = watchVitals();
  const slots = createSlots(directory, 'vitals');
  /** By role and device: a bit a look, the newest lowest, whether its score was above the threshold. */
  const above: Readonly<Record<Role, Map<DeviceId, number>>> = {
    active: new Map(),
    shadow: new Map(),
  };

  function strangeRows(role: Role, { model }: ModelSlot, look: VitalsLook, scores: Float32Array) {
    const bits = above[role];
    return look.rows.flatMap((device, row) => {
      const isAbove = (scores[row] ?? 0) > model.threshold;
      const now = (((bits.get(device) ?? 0) << 1) | (isAbove ? 1 : 0)) & looksMask;
      if (now === 0) bits.delete(device);
      else bits.set(device, now);
      return isAbove && bitsOf(now) >= strangeLooks ? [{ device, row }] : [];
    });
  }

  return {
    see: (device, since, observations) => watch.see(device, since, observations),
    async tick(now) {
      const refused = await slots.refresh(now);
      const look = watch.look(now);
      for (const bits of Object.values(above)) for (const one of look.begun) bits.delete(one);
      if (look.rows.length === 0) return refused;
      const told: Signal[] = [];
      const active = slots.get('active');
      if (active) {
        const scores = await active.model.run(look.values, look.rows.length);
        for (const { device, row } of strangeRows('active', active, look, scores.scores)) {
          told.push(strangeSignal(device, row, active, scores, now));
        }
      }
      const shadow = slots.get('shadow');
      if (shadow) {
        const { scores } = await shadow.model.run(look.values, look.rows.length);
        for (const _ of strangeRows('shadow', shadow, look, scores)) onShadow(shadow.id);
      }
      return [...refused, ...told];
    },
    close: () => slots.close(),
  };
}

/** Names of features and no figures of them: some are a patient's own values, made even. */
function strangeSignal(
  device: DeviceId,
  row: number,
  { id, model }: ModelSlot,
  { scores, contributions }: Scores,
  at: Instant,
): Signal {
  const width = vitalsFeatures.length;
  const shares = contributions.subarray(row * width, (row + 1) * width);
  const features = vitalsFeatures
    .map((name, index) => ({ name, share: shares[index] ?? 0 }))
    .filter(({ share }) => share > 0)
    .sort((one, other) => other.share - one.share)
    .slice(0, toldFeatures)
    .map(({ name }) => name);
  const { threshold } = model;
  const score = scores[row] ?? 0;
  return { kind: 'vital-signs-strange', at, device, model: id, score, threshold, features };
}

function bitsOf(word: number): number {
  let bits = 0;
  for (let rest = word; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
}
