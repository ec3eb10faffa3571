import type { Signal } from '../core/signal.ts';
import { count, type DampedCounts, halfLivesMs, settle, startCounts } from './damped-counts.ts';
import { isNews, type MessageForms } from './message-forms.ts';
import { tallies, tallyOf, timesOf } from './traffic-tally.ts';
import { deviationOf, learn, startUsual, type Usual } from './usual.ts';

type Message = Extract<Signal, { readonly kind: 'message' }>;

/** What is remembered of how one identity speaks. Plain data of a bounded size: it survives JSON. */
export interface TrafficState {
  readonly counts: DampedCounts;
  readonly gap: Usual;
  readonly size: Usual;
  readonly entropy: Usual;
  /** The gap before the last message. */
  lastGapMs: number;
  readonly forms: MessageForms;
  /** When it connected last; 0: never. */
  connectedAt: number;
  /** When it spoke last, not counting alarms; 0: never. */
  spokeAt: number;
  /** Messages seen, up to where what is usual has settled. */
  seen: number;
}

/** A gap above so many usual ones is a silence: the device was off, its rhythm is what it was. */
const silenceGaps = 5;
/** What follows within this time belongs to the same moment of the device: pieces of one answer. */
const momentMs = 50;
/** Two gaps together below so many usual ones: nothing was late before that is made up for now. */
const twoGapsMax = 1.6;
/** This far from what is usual, in deviations, is out of turn, or of another kind. */
const oddDeviations = 4;
/** Entropy moves this much between messages of one kind, in bits a byte. */
const entropyDeviationMin = 0.15;
/** The entropy of fewer bytes says nothing. */
const entropyBytesMin = 16;
const gapDeviationShare = 0.02;
/** How long after a connection what comes twice is said again, and is no replay. */
const resendMs = 30_000;
/** Before so many messages nobody knows what is usual. */
const settledCount = 16;

const place = Object.fromEntries(tallies.map((tally, index) => [tally, index])) as Readonly<
  Record<(typeof tallies)[number], number>
>;

/** Levels beside the counters; each is compressed by log1p like them, but for those named so. */
const levels = ['gap-ms', 'gap-variation', 'size-bytes', 'size-variation', 'entropy-bits'] as const;

const countFeatures = tallies.flatMap((tally) =>
  halfLivesMs.map((life) => `${tally}-${life / 1_000}s`),
);

/** What stands where in a vector. A model is made for these names in this order. */
export const trafficFeatures: readonly string[] = [...countFeatures, ...levels];
/** The first features are counters, of which only too many is news: silence is another detection's. */
export const trafficCountFeatures = countFeatures.length;

export function startTraffic(): TrafficState {
  return {
    counts: startCounts(tallies.length),
    gap: startUsual(),
    size: startUsual(),
    entropy: startUsual(),
    lastGapMs: 0,
    forms: [],
    connectedAt: 0,
    spokeAt: 0,
    seen: 0,
  };
}

/** Takes in one signal; what it costs is bounded, whatever came before. */
export function seeTraffic(state: TrafficState, signal: Signal, isEnrolling: boolean): void {
  const tally = tallyOf(signal);
  if (tally === undefined) return;
  if (signal.kind === 'connected') state.connectedAt = signal.at;
  // Whoever comes back says again what it is not sure was heard.
  if (tally === 'duplicates' && signal.at - state.connectedAt < resendMs) return;
  count(state.counts, place[tally], timesOf(signal));
  if (signal.kind === 'message' && tally === 'messages') seeMessage(state, signal, isEnrolling);
}

function seeMessage(state: TrafficState, message: Message, isEnrolling: boolean): void {
  const { counts, size } = state;
  const { at, bytes, channel } = message;
  const isSettled = state.seen >= settledCount;
  count(counts, place.bytes, bytes);
  // Pieces off a cable are cut anywhere: neither their form nor their rhythm is the device's.
  if (channel !== 'line') {
    seeForm(state, message, isEnrolling, isSettled);
    seeGap(state, at - state.spokeAt, isSettled);
  }
  learn(size, bytes);
  state.spokeAt = at;
  if (state.seen < settledCount) state.seen += 1;
}

function seeForm(
  { counts, entropy, forms }: TrafficState,
  { at, bytes, channel, records, entropyBits = 0 }: Message,
  isEnrolling: boolean,
  isSettled: boolean,
): void {
  if (records === 0) count(counts, place.empty);
  if (isNews(forms, channel, bytes, at, isEnrolling)) count(counts, place.novel);
  if (bytes < entropyBytesMin) return;
  const reach = oddDeviations * Math.max(entropyDeviationMin, deviationOf(entropy));
  if (isSettled && Math.abs(entropyBits - entropy.mean) > reach) count(counts, place.odd);
  learn(entropy, entropyBits);
}

function seeGap(state: TrafficState, gapMs: number, isSettled: boolean): void {
  const { gap, counts } = state;
  if (gapMs <= momentMs || state.spokeAt === 0) return;
  const usualMs = gap.mean;
  const shortestMs =
    usualMs - oddDeviations * Math.max(gapDeviationShare * usualMs, deviationOf(gap));
  const isMadeUp = gapMs + state.lastGapMs > twoGapsMax * usualMs;
  if (isSettled && gapMs < shortestMs && !isMadeUp) count(counts, place.early);
  state.lastGapMs = gapMs;
  if (!isSettled || gapMs <= usualMs * silenceGaps) learn(gap, gapMs);
}

/** Lets `elapsedMs` pass and writes what is then into `vector`, one figure a feature, from `offset`. */
export function readTraffic(
  state: TrafficState,
  elapsedMs: number,
  vector: Float32Array,
  offset = 0,
): void {
  settle(state.counts, elapsedMs);
  const { values } = state.counts;
  for (let index = 0; index < values.length; index += 1) {
    vector[offset + index] = Math.log1p(values[index] ?? 0);
  }
  const { gap, size, entropy } = state;
  const variation = (usual: Usual) => (usual.mean > 0 ? deviationOf(usual) / usual.mean : 0);
  const told = [gap.mean, variation(gap), size.mean, variation(size), entropy.mean].map(Math.log1p);
  for (const [index, value] of told.entries()) vector[offset + values.length + index] = value;
}
