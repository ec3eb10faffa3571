import type { DeviceId } from '../core/device.ts';
import type { Doubt } from '../core/doubt.ts';
import type { Recollection } from '../core/memory.ts';
import type { Numeric, Observation } from '../core/observation.ts';
import { changeLimits, stillLimits, stillTogether } from '../core/physiology.ts';
import { type Course, courseDoubts, noCourse } from './doubt-course.ts';
import { noReplay, type Replay, replayDoubts } from './doubt-replay.ts';
import { meanDoubts, noPulse, type Pulse, pulseDoubts } from './doubt-sense.ts';
import { noSpikes, type Spikes, spikeDoubts } from './doubt-spike.ts';

/** A numeric with a value. */
export type Figure = Numeric & { readonly value: number };

export interface Doubted {
  /** By which it was noticed. */
  readonly figure: Figure;
  readonly check: Doubt;
  /** Of a spike: since the reading before. */
  readonly apartMs?: number;
}

/** What is remembered of one device’s patient: plain data, bounded by the tables of metrics. */
interface Remembered {
  /** Since when the device is this patient’s: another patient’s course is another course. */
  readonly since: number;
  readonly course: Course;
  readonly pulse: Pulse;
  readonly replay: Replay;
  readonly spikes: Spikes;
}

export interface Doubting {
  /** The same array when nothing is doubted. */
  readonly observations: readonly Observation[];
  readonly doubted: readonly Doubted[];
}

const looked: ReadonlySet<string> = new Set([
  ...Object.keys(changeLimits),
  ...Object.keys(stillLimits),
  ...stillTogether.flat(),
]);

/**
 * Looks at a record beside those before it of the same patient, and marks as questionable what a
 * body hardly does. The value stays what it was, and goes on; alerts and waveforms are not looked
 * at, for a line that went flat may be a heart that stopped.
 *
 * @param since when the device was bound to whoever it is bound to now; 0 for nobody.
 */
export function doubt(
  device: DeviceId,
  observations: readonly Observation[],
  since: number,
  memory: Recollection,
): Doubting {
  const figures = observations.filter(isFigure);
  if (figures.length === 0) return { observations, doubted: [] };
  const known = memory.get('doubt', device) as Remembered | undefined;
  const before = known?.since === since ? known : undefined;
  const { course, doubted: moved } = courseDoubts(before?.course ?? noCourse, figures);
  const { pulse, doubted: beaten } = pulseDoubts(before?.pulse ?? noPulse, figures);
  const { replay, doubted: replayed } = replayDoubts(before?.replay ?? noReplay, figures);
  const { spikes, doubted: spiked } = spikeDoubts(before?.spikes ?? noSpikes, figures);
  memory.set('doubt', device, { since, course, pulse, replay, spikes } satisfies Remembered);
  const marks = [...moved, ...beaten, ...replayed, ...meanDoubts(figures)];
  // Whether a figure stood alone is known when it has gone on; nobody who falls ill is marked for it.
  const doubted = [...marks, ...spiked];
  if (marks.length === 0) return { observations, doubted };
  const marked = new Set<Observation>(marks.map(({ figure }) => figure));
  return {
    observations: observations.map((one) =>
      marked.has(one) ? ({ ...one, quality: 'questionable' } as Observation) : one,
    ),
    doubted,
  };
}

function isFigure(one: Observation): one is Figure {
  return one.kind === 'numeric' && one.value !== undefined && looked.has(one.metric);
}
