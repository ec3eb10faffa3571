import type { DeviceId } from '../core/device.ts';
import type { AlertCondition, Enumeration, Numeric, Observation } from '../core/observation.ts';
import type { LiveValue, LiveView } from '../core/site-state.ts';

/** Metrics and alerts of one device, and of all: a device that says more is shown in part. */
const slotsPerDeviceMax = 128;
const slotsMax = 16_384;
/** Points of the course of one numeric, and how far apart they are at least. */
const pointsMax = 60;
const pointEveryMs = 1_000;
/** Numerics whose course is kept; beyond it only their latest values are. */
const coursesMax = 4_096;
/** A value that comes sooner after the one before is not looked at: this is a view, not a record. */
const refreshMs = 200;

/** A course: pairs of instant and value in a ring. */
interface Course {
  readonly points: Float64Array;
  count: number;
  lastAt: number;
}

interface Slot {
  latest: Numeric | Enumeration | AlertCondition;
  course: Course | undefined;
}

/**
 * The latest of what each device measured, and the last minute or so of its numerics, in memory
 * only. Somebody looks at it; nothing depends on it. Waveforms are not part of it.
 */
export interface LiveValues {
  see(observations: readonly Observation[]): void;
  of(device: DeviceId): LiveView;
}

export function createLiveValues(): LiveValues {
  const devices = new Map<string, Map<string, Slot>>();
  let slotCount = 0;
  let courseCount = 0;

  function begin(slots: Map<string, Slot>, name: string, latest: Slot['latest']): void {
    if (slots.size >= slotsPerDeviceMax || slotCount >= slotsMax) return;
    const hasCourse = latest.kind === 'numeric' && courseCount < coursesMax;
    const course = hasCourse
      ? { points: new Float64Array(2 * pointsMax), count: 0, lastAt: -Infinity }
      : undefined;
    slotCount += 1;
    if (hasCourse) courseCount += 1;
    const slot = { latest, course };
    slots.set(name, slot);
    addPoint(slot);
  }

  return {
    see(observations) {
      const [first] = observations;
      if (!first) return;
      const slots = devices.get(first.device) ?? new Map<string, Slot>();
      if (slots.size === 0) devices.set(first.device, slots);
      for (const observation of observations) {
        if (observation.kind === 'samples') continue;
        const name = nameOf(observation);
        const slot = slots.get(name);
        if (!slot) begin(slots, name, observation);
        else if (isNews(slot.latest, observation)) {
          slot.latest = observation;
          addPoint(slot);
        }
      }
    },
    of: (device) => ({
      values: [...(devices.get(device)?.values() ?? [])].map(({ latest, course }) => ({
        ...shown(latest),
        course: course ? pointsOf(course) : [],
      })),
    }),
  };
}

function nameOf(observation: Slot['latest']): string {
  if (observation.kind !== 'alert') return observation.metric;
  return `alert ${observation.event} ${observation.metric ?? ''}`;
}

/** An alert always is; a value when it is not older, and not so soon after the one before. */
function isNews(before: Slot['latest'], next: Slot['latest']): boolean {
  if (next.at < before.at) return false;
  return next.kind === 'alert' || next.receivedAt - before.receivedAt >= refreshMs;
}

function addPoint({ latest, course }: Slot): void {
  if (!course || latest.kind !== 'numeric' || latest.value === undefined) return;
  if (latest.at - course.lastAt < pointEveryMs) return;
  const place = 2 * (course.count % pointsMax);
  course.points[place] = latest.at;
  course.points[place + 1] = latest.value;
  course.count += 1;
  course.lastAt = latest.at;
}

/** Oldest first. */
function pointsOf({ points, count }: Course): readonly (readonly [at: number, value: number])[] {
  const first = Math.max(0, count - pointsMax);
  return Array.from({ length: count - first }, (_, index) => {
    const place = 2 * ((first + index) % pointsMax);
    return [points[place] ?? 0, points[place + 1] ?? 0] as const;
  });
}

/** Nothing that names a person: no subject, no performer, no note. */
function shown(latest: Slot['latest']): Omit<LiveValue, 'course'> {
  const { at, clock, receivedAt, quality } = latest;
  const common = { at, clock, receivedAt, quality };
  if (latest.kind === 'alert') {
    const { event, metric, phase, priority } = latest;
    return { ...common, kind: 'alert', event, metric, phase, priority };
  }
  const { kind, metric, value, absent } = latest;
  return { ...common, kind, metric, value, absent };
}
