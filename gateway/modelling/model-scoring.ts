import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import { readFleet, seeCrowd, startFleet } from '../features/fleet-state.ts';
import { isStrange, startStrangeness } from '../features/strangeness.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import { type TrafficRow, type TrafficTick, watchTraffic } from '../features/traffic-watch.ts';
import type { Scores } from '../inference/onnx-runtime.ts';
import { createSlots, type ModelSlot } from './model-slots.ts';
import { createStrainGauge } from './strain.ts';

/** The features that a finding tells of. */
const toldFeatures = 5;
/** A score below this share of the threshold is nothing unusual: the baseline follows. */
const calmShare = 0.5;
/** Identities that are told of at one tick; an attacker’s many addresses are one attack. */
const toldMax = 256;

/** How all identities of this gateway behave, by the model that is active. */
export interface ModelScoring {
  /** Takes in what was committed. */
  see(signals: readonly Signal[]): void;
  /** Once a second: what is strange now, as signals. Never more than one at a time. */
  tick(now: Instant): Promise<readonly Signal[]>;
  close(): Promise<void>;
}

export interface ScoringOptions {
  /** The site directory. */
  readonly directory: string;
  /** The most messages a second of a healthy device of that name. */
  readonly perSecondMaxOf: (device: string) => number;
  /** What the model in shadow would have said. */
  readonly onShadow: (id: string, about: string) => void;
  /** A tick as all models saw it. */
  readonly onTick: (tick: TrafficTick, active: Scores | undefined, threshold: number) => void;
}

export function createScoring(options: ScoringOptions): ModelScoring {
  const { directory, perSecondMaxOf } = options;
  const watch = watchTraffic(perSecondMaxOf);
  const slots = createSlots(directory, 'traffic');
  const strain = createStrainGauge();
  const fleet = startFleet();
  let tickedAt: number | undefined;

  return {
    see(signals) {
      watch.see(signals);
      for (const signal of signals) {
        if (signal.kind === 'crowd') seeCrowd(fleet, signal.waiting, signal.lagMs);
      }
    },
    async tick(now) {
      const refused = await slots.refresh(now);
      const elapsedMs = tickedAt === undefined ? 0 : Math.max(0, now - tickedAt);
      tickedAt = now;
      const tick = watch.tick(now);
      if (tick.rows.length === 0) return refused;
      const active = slots.get('active');
      const scores = await active?.model.run(tick.z, tick.rows.length);
      options.onTick(tick, scores, active?.model.threshold ?? 0);
      const told: Signal[] = [];
      if (active && scores) {
        const { threshold } = active.model;
        const strange = strangeRows(active, tick, scores, now, elapsedMs);
        for (const [index, row] of tick.rows.entries()) {
          const score = scores.scores[index] ?? 0;
          if (score < threshold * calmShare) watch.calm(row.about);
          if (row.device && row.isEnrolled) strain.see(now, row.about, score > threshold);
        }
        told.push(...strain.report(now, active.id));
        const present = tick.rows.map(({ about }) => about);
        const together = strange.slice(0, toldMax).map((each) => ({
          about: each.row.about,
          feature: topFeatures(each.row, scores.contributions, 1)[0]?.name ?? '',
        }));
        const many = readFleet(fleet, { at: now, elapsedMs, present, strange: together });
        if (many) told.push({ kind: 'fleet-strange', at: now, model: active.id, ...many });
        for (const each of strange.slice(0, toldMax)) {
          told.push(strangeSignal(each, active, tick, scores, now));
        }
      }
      const shadow = slots.get('shadow');
      if (shadow) {
        const other = await shadow.model.run(tick.z, tick.rows.length);
        for (const { row } of strangeRows(shadow, tick, other, now, elapsedMs)) {
          options.onShadow(shadow.id, row.about);
        }
      }
      return [...refused, ...told];
    },
    close: () => slots.close(),
  };
}

interface StrangeRow {
  readonly row: TrafficRow;
  readonly score: number;
  readonly threshold: number;
}

function strangeRows(
  { model, strangeness }: ModelSlot,
  { rows }: TrafficTick,
  { scores }: Scores,
  now: number,
  elapsedMs: number,
): readonly StrangeRow[] {
  const present = new Set<string>();
  const strange: StrangeRow[] = [];
  for (const [index, row] of rows.entries()) {
    present.add(row.about);
    const state = strangeness.get(row.about) ?? startStrangeness();
    strangeness.set(row.about, state);
    const score = scores[index] ?? 0;
    if (!isStrange(state, score, model.threshold, now, elapsedMs)) continue;
    strange.push({ row, score, threshold: model.threshold * state.caution });
  }
  // Whom the watch has forgotten is forgotten here too.
  for (const about of strangeness.keys()) if (!present.has(about)) strangeness.delete(about);
  return strange.sort((one, other) => other.score - one.score);
}

function strangeSignal(
  { row, score, threshold }: StrangeRow,
  { id }: ModelSlot,
  { z }: TrafficTick,
  { contributions }: Scores,
  at: Instant,
): Signal {
  const order = topFeatures(row, contributions, toldFeatures);
  const features = Object.fromEntries(order.map(({ name, index }) => [name, z[index] ?? 0]));
  const { isEnrolled, device } = row;
  const origin = device === undefined ? { address: row.about } : { device };
  return {
    kind: 'behaviour-strange',
    at,
    ...origin,
    model: id,
    score,
    threshold,
    isEnrolled,
    features,
  };
}

/** Those that contribute most, largest first, and where they stand. */
function topFeatures(
  { offset }: TrafficRow,
  contributions: Float32Array,
  count: number,
): readonly { readonly name: string; readonly index: number }[] {
  return trafficFeatures
    .map((name, index) => ({ name, index: offset + index }))
    .sort((one, other) => (contributions[other.index] ?? 0) - (contributions[one.index] ?? 0))
    .slice(0, count);
}
