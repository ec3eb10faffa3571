import {
  type Baseline,
  enrol,
  follow,
  isEnrolled,
  standardise,
  startBaseline,
} from './baseline.ts';

/** What is told of the whole gateway, each compressed by log1p. */
export const fleetFeatures = ['together', 'new-identities', 'waiting', 'lag-ms'] as const;
const [togetherPlace] = [fleetFeatures.indexOf('together')];

/** Strange within so long of each other is together; new within so long is new. */
const withinMs = 60_000;
/** A gateway that has just started sees everybody come at once. */
const settleMs = 30_000;
/** Of fewer each is a matter of its own. */
const togetherMin = 3;
/** So far beyond what this gateway is used to, in standard deviations. */
const zMin = 6;
/** Before it is used to anything: four together are beyond it, three are not. */
const priorSpread = 0.25;
/** Beyond so many identities it does not matter who else is strange. */
const identitiesMax = 8_192;

/** How all identities of a gateway behave together. Plain data of a bounded size. */
export interface FleetState {
  /** Of an identity: when it was strange last, and which feature contributed most. */
  readonly strange: Map<string, { readonly at: number; readonly feature: string }>;
  /** When identities were met. */
  readonly met: Map<string, number>;
  readonly baseline: Baseline;
  readonly vector: Float32Array;
  startedAt: number | undefined;
  waiting: number;
  lagMs: number;
}

/** One second of the gateway as a whole. */
export interface FleetTick {
  readonly at: number;
  readonly elapsedMs: number;
  /** Identities that are known: devices, and addresses of nobody. */
  readonly present: readonly string[];
  /** Those that are strange now, with the feature that contributes most. */
  readonly strange: readonly { readonly about: string; readonly feature: string }[];
}

/** Many that are strange together, as far as it goes beyond what is usual here. */
export interface FleetStrain {
  readonly together: number;
  readonly identities: number;
  /** Of how many each feature contributed most. */
  readonly features: Readonly<Record<string, number>>;
  /** How far each figure of the gateway is from usual, in standard deviations. */
  readonly z: Readonly<Record<(typeof fleetFeatures)[number], number>>;
}

export function startFleet(): FleetState {
  return {
    ...{ strange: new Map(), met: new Map(), baseline: startBaseline() },
    vector: new Float32Array(fleetFeatures.length),
    ...{ startedAt: undefined, waiting: 0, lagMs: 0 },
  };
}

/** How full the link is, as it says itself. */
export function seeCrowd(state: FleetState, waiting: number, lagMs: number): void {
  state.waiting = waiting;
  state.lagMs = lagMs;
}

/** Takes in one second. Undefined: nothing that goes beyond what is usual. */
export function readFleet(state: FleetState, tick: FleetTick): FleetStrain | undefined {
  const { at, elapsedMs, present, strange } = tick;
  state.startedAt ??= at;
  const isSettled = at - state.startedAt >= settleMs;
  const news = meet(state, present, at);
  remember(state, isSettled ? strange : [], at);
  const together = state.strange.size;
  for (const [place, figure] of [together, news, state.waiting, state.lagMs].entries()) {
    state.vector[place] = Math.log1p(figure);
  }
  const { baseline, vector } = state;
  if (!isEnrolled(baseline)) enrol(baseline, vector, elapsedMs);
  const z = new Float32Array(fleetFeatures.length);
  standardise(isEnrolled(baseline) ? baseline : prior, vector, fleetFeatures.length, z);
  const isBeyond = together >= togetherMin && (z[togetherPlace] ?? 0) >= zMin;
  // What is alarmed about is not what is usual.
  if (!isBeyond && isEnrolled(baseline)) follow(baseline, vector, elapsedMs);
  if (!isBeyond) return undefined;
  const told = fleetFeatures.map((name, place) => [name, Number((z[place] ?? 0).toFixed(1))]);
  return {
    together,
    identities: present.length,
    features: featuresOf(state),
    z: Object.fromEntries(told) as FleetStrain['z'],
  };
}

const prior: Baseline = {
  ...{ looks: [], elapsedMs: 0 },
  centre: fleetFeatures.map(() => 0),
  spread: fleetFeatures.map(() => priorSpread),
};

/** How many are met for the first time within the last minute. Who is gone may be met again. */
function meet({ met }: FleetState, present: readonly string[], at: number): number {
  if (met.size > present.length) {
    const here = new Set(present);
    for (const about of met.keys()) if (!here.has(about)) met.delete(about);
  }
  for (const about of present) {
    if (!met.has(about) && met.size < identitiesMax) met.set(about, at);
  }
  let news = 0;
  for (const since of met.values()) {
    // A clock that was set back makes nobody new.
    if (at >= since && at - since < withinMs) news += 1;
  }
  return news;
}

function remember({ strange: known }: FleetState, now: FleetTick['strange'], at: number): void {
  for (const { about, feature } of now) {
    if (known.has(about) || known.size < identitiesMax) known.set(about, { at, feature });
  }
  for (const [about, { at: seenAt }] of known) {
    if (Math.abs(at - seenAt) >= withinMs) known.delete(about);
  }
}

function featuresOf({ strange }: FleetState): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { feature } of strange.values()) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, one], [, other]) => other - one));
}
