import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import { rarityOf } from '../features/calm-scores.ts';
import { type FleetState, readFleet, seeCrowd, startFleet } from '../features/fleet-state.ts';
import { isStrange, ownThreshold, startStrangeness } from '../features/strangeness.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import {
  type TrafficRow,
  type TrafficTick,
  type TrafficWatch,
  watchTraffic,
} from '../features/traffic-watch.ts';
import type { Scores } from '../inference/onnx-runtime.ts';
import { type KeptBehaviour, keptDevicesMax, openBehaviour } from './kept-behaviour.ts';
import { createSlots, type ModelSlot } from './model-slots.ts';
import { createStrainGauge, type StrainGauge } from './strain.ts';

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
  const behaviour = openBehaviour(directory);
  const { kept } = behaviour;
  const watch = watchTraffic(perSecondMaxOf, undefined, kept.devices);
  const slots = createSlots(directory, 'traffic');
  const strain = createStrainGauge();
  const fleet = startFleet();
  let tickedAt: number | undefined;
  let isRestored = false;

  /** How strange they were counts for the model that found them so. */
  function restore({ id, strangeness }: ModelSlot): void {
    if (!isRestored && id === kept.model) {
      for (const [about, each] of kept.strangeness) strangeness.set(about, each);
    }
    isRestored = true;
  }

  function known(): KeptBehaviour {
    const active = slots.get('active');
    const strangeness = active?.strangeness ?? new Map();
    return { devices: watch.keep(keptDevicesMax), model: active?.id, strangeness };
  }

  async function refresh(now: Instant): Promise<readonly Signal[]> {
    const refused = await slots.refresh(now);
    const active = slots.get('active');
    if (active) restore(active);
    const damaged = behaviour.refusal();
    return damaged ? [...refused, { kind: 'model-refused', at: now, ...damaged }] : refused;
  }

  return {
    see(signals) {
      watch.see(signals);
      seeCrowds(fleet, signals);
    },
    async tick(now) {
      const refused = await refresh(now);
      const elapsedMs = tickedAt === undefined ? 0 : Math.max(0, now - tickedAt);
      tickedAt = now;
      const tick = watch.tick(now);
      if (tick.rows.length === 0) return refused;
      const active = slots.get('active');
      const scores = await active?.model.run(tick.z, tick.rows.length);
      options.onTick(tick, scores, active?.model.threshold ?? 0);
      const times = { tick, now, elapsedMs };
      const told =
        scores && active
          ? judged({ watch, strain, fleet }, { slot: active, scores, ...times })
          : [];
      const shadow = slots.get('shadow');
      if (shadow) {
        const other = await shadow.model.run(tick.z, tick.rows.length);
        for (const { row } of strangeRows({ slot: shadow, scores: other, ...times })) {
          options.onShadow(shadow.id, row.about);
        }
      }
      behaviour.tick(known);
      return [...refused, ...told];
    },
    async close() {
      behaviour.save(known());
      await slots.close();
    },
  };
}

/** One tick as one model sees it. */
interface Look {
  readonly slot: ModelSlot;
  readonly tick: TrafficTick;
  readonly scores: Scores;
  readonly now: Instant;
  readonly elapsedMs: number;
}

function seeCrowds(fleet: FleetState, signals: readonly Signal[]): void {
  for (const signal of signals) {
    if (signal.kind === 'crowd') seeCrowd(fleet, signal.waiting, signal.lagMs);
  }
}

/** What is told at each tick, and of whom. */
interface Watchers {
  readonly watch: TrafficWatch;
  readonly strain: StrainGauge;
  readonly fleet: FleetState;
}

/** What the active model says of each: whose baseline may follow, who is strange. */
function judged({ watch, strain, fleet }: Watchers, look: Look): readonly Signal[] {
  const { slot, tick, scores, now, elapsedMs } = look;
  const { threshold } = slot.model;
  const strange = strangeRows(look);
  for (const [index, row] of tick.rows.entries()) {
    const score = scores.scores[index] ?? 0;
    if (score < threshold * calmShare) watch.calm(row.about);
    if (row.device && row.isEnrolled) strain.see(now, row.about, score > threshold);
  }
  const present = tick.rows.map(({ about }) => about);
  const most = strange.slice(0, toldMax);
  const together = most.map(({ row }) => ({
    about: row.about,
    feature: topFeatures(row, scores.contributions, 1)[0]?.name ?? '',
  }));
  const many = readFleet(fleet, { at: now, elapsedMs, present, strange: together });
  const fleetStrange: readonly Signal[] = many
    ? [{ kind: 'fleet-strange', at: now, model: slot.id, ...many }]
    : [];
  const told = most.map((each) => strangeSignal(each, look));
  return [...strain.report(now, slot.id), ...fleetStrange, ...told];
}

interface StrangeRow {
  readonly row: TrafficRow;
  readonly score: number;
  readonly threshold: number;
  readonly rarity: number;
}

function strangeRows({ slot, tick, scores, now, elapsedMs }: Look): readonly StrangeRow[] {
  const { model, strangeness } = slot;
  const present = new Set<string>();
  const strange: StrangeRow[] = [];
  for (const [index, row] of tick.rows.entries()) {
    present.add(row.about);
    const state = strangeness.get(row.about) ?? startStrangeness();
    strangeness.set(row.about, state);
    const score = scores.scores[index] ?? 0;
    if (!isStrange(state, score, model.threshold, now, elapsedMs)) continue;
    const threshold = ownThreshold(state, model.threshold);
    const rarity = rarityOf(state.calm, score, model.threshold);
    strange.push({ row, score, threshold, rarity });
  }
  // Whom the watch has forgotten is forgotten here too.
  for (const about of strangeness.keys()) if (!present.has(about)) strangeness.delete(about);
  return strange.sort((one, other) => other.score - one.score);
}

function strangeSignal(
  { row, score, threshold, rarity }: StrangeRow,
  { slot, tick, scores, now }: Look,
): Signal {
  const { contributions } = scores;
  const order = topFeatures(row, contributions, toldFeatures);
  const features = Object.fromEntries(order.map(({ name, index }) => [name, tick.z[index] ?? 0]));
  const { isEnrolled, device } = row;
  const origin = device === undefined ? { address: row.about } : { device };
  return {
    kind: 'behaviour-strange',
    at: now,
    ...origin,
    model: slot.id,
    score,
    threshold,
    rarity,
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
