import type { Signal } from '../core/signal.ts';
import { count, type DampedCounts, halfLivesMs, settle, startCounts } from './damped-counts.ts';
import { type MessageForms, noveltyOf } from './message-forms.ts';
import { keepTime, momentMs, silenceGaps, type Turn } from './rhythm.ts';
import { type Habit, learnHabit, startHabit, surpriseOf } from './surprise.ts';
import { befalls, remembered, tallies, tallyOf, timesOf } from './traffic-tally.ts';
import { deviationOf, learn, startUsual, type Usual } from './usual.ts';

type Message = Extract<Signal, { readonly kind: 'message' }>;
type Handshake = Extract<Signal, { readonly kind: 'handshake' }>;

/** What is remembered of how one identity speaks. Plain data of a bounded size: it survives JSON. */
export interface TrafficState {
  readonly counts: DampedCounts;
  readonly gap: Usual;
  readonly size: Usual;
  readonly entropy: Usual;
  readonly forms: MessageForms;
  /** How often its messages are of a form not seen before. */
  readonly novelty: Habit;
  /** Moments above what its rhythms let expect; and the last moment: when, how early, how far ahead. */
  readonly turn: { excess: number; at: number; early: number; ahead: number };
  /** TLS version, cipher and certificate of the last handshake; '': none yet. */
  tls: string;
  /** When it connected last; 0: never. */
  connectedAt: number;
  /** When it spoke last, not counting alarms; 0: never. */
  spokeAt: number;
}

/** The entropy of fewer bytes says nothing. */
const entropyBytesMin = 16;
const tlsLengthMax = 160;
/**
 * How long whoever comes back says again what it is not sure was heard, and subscribes: no replay, and
 * no news.
 */
const resendMs = 30_000;
/** So few gaps are learned from as they are. */
const rhythmGaps = 4;
/** Messages above what rhythms let expect: no more are counted, and they are forgotten by half in this time. */
const excessMax = 4;
const excessHalfLifeMs = 180_000;

const place = Object.fromEntries(tallies.map((tally, index) => [tally, index])) as Readonly<
  Record<(typeof tallies)[number], number>
>;

/** Levels beside the counters; each is compressed by log1p like them, but for those named so. */
const levels = ['gap-ms', 'gap-variation', 'size-bytes', 'size-variation', 'entropy-bits'] as const;

const countFeatures = tallies.flatMap((tally) =>
  halfLivesMs.map((life) => `${tally}-${life / 1_000}s`),
);

const slowFeatures = remembered.map((tally) => `${tally}-slow`);
const slowPlaces = remembered.map((tally) => place[tally]);
/** By counter: so much of it is nothing yet. */
const nothingYet = tallies.map((tally) => befalls[tally] ?? 0);
const newsFeatures = [...countFeatures, ...slowFeatures, 'excess'];

/** What stands where in a vector. A model is made for these names in this order. */
export const trafficFeatures: readonly string[] = [...newsFeatures, ...levels];
/** The first features are counters, of which only too many is news: silence is another detection's. */
export const trafficCountFeatures = newsFeatures.length;

export function startTraffic(): TrafficState {
  return {
    counts: startCounts(tallies.length),
    gap: startUsual(),
    size: startUsual(),
    entropy: startUsual(),
    forms: [],
    novelty: startHabit(),
    turn: { excess: 0, at: 0, early: 0, ahead: 0 },
    tls: '',
    connectedAt: 0,
    spokeAt: 0,
  };
}

/** What of it is the device’s own way, and outlives a restart: the rest is of the last minutes. */
export type Manner = Pick<
  TrafficState,
  'gap' | 'size' | 'entropy' | 'forms' | 'novelty' | 'tls' | 'spokeAt'
>;

export function mannerOf({ gap, size, entropy, forms, novelty, tls, spokeAt }: Manner): Manner {
  return { gap, size, entropy, forms, novelty, tls, spokeAt };
}

export function withManner(state: TrafficState, manner: Manner): TrafficState {
  return { ...state, ...manner };
}

/** Takes in one signal; what it costs is bounded, whatever came before. */
export function seeTraffic(state: TrafficState, signal: Signal, isEnrolling: boolean): void {
  if (signal.kind === 'handshake') seeHandshake(state, signal);
  const tally = tallyOf(signal);
  if (tally === undefined) return;
  if (signal.kind === 'connected') state.connectedAt = signal.at;
  const isBack = signal.at - state.connectedAt < resendMs;
  if (isBack && (tally === 'duplicates' || tally === 'subscriptions')) return;
  count(state.counts, place[tally], timesOf(signal));
  if (signal.kind === 'message' && tally === 'messages') seeMessage(state, signal, isEnrolling);
}

/** A device keeps its TLS and its certificate for months. */
function seeHandshake(state: TrafficState, { version, cipher, certificate }: Handshake): void {
  const tls = `${version} ${cipher} ${certificate}`.slice(0, tlsLengthMax);
  if (state.tls !== '' && state.tls !== tls) count(state.counts, place.changes);
  state.tls = tls;
}

function seeMessage(state: TrafficState, message: Message, isEnrolling: boolean): void {
  const { counts, size } = state;
  const { at, bytes, channel } = message;
  count(counts, place.bytes, bytes);
  // Pieces off a cable are cut anywhere: neither their form nor their rhythm is the device's.
  if (channel !== 'line') {
    seeForm(state, message, isEnrolling);
    learnGap(state, at);
  }
  learn(size, bytes);
  state.spokeAt = at;
}

function seeForm(
  state: TrafficState,
  { at, bytes, channel, records, entropyBits = 0 }: Message,
  isEnrolling: boolean,
): void {
  const { counts, entropy, forms, novelty } = state;
  if (records === 0) count(counts, place.empty);
  const said = { bytes, entropyBits };
  const { novelty: what, rhythm } = noveltyOf(forms, channel, said, at, isEnrolling);
  const surprise = surpriseOf(novelty);
  learnHabit(novelty, what === 'new');
  if (what !== 'known' && !isEnrolling) count(counts, place.novel, surprise);
  seeTurn(state, keepTime(rhythm, at), at);
  if (bytes >= entropyBytesMin) learn(entropy, entropyBits);
}

/** A moment that came early is one thing, in however many pieces it came. */
function seeTurn({ counts, turn }: TrafficState, { early, ahead }: Turn, at: number): void {
  if (at - turn.at > momentMs) Object.assign(turn, { early: 0, ahead: 0 });
  turn.at = at;
  count(counts, place.early, Math.max(0, early - turn.early));
  turn.excess = Math.min(excessMax, turn.excess + Math.max(0, ahead - turn.ahead));
  turn.early = Math.max(turn.early, early);
  turn.ahead = Math.max(turn.ahead, ahead);
}

function learnGap({ gap, spokeAt }: TrafficState, at: number): void {
  const gapMs = at - spokeAt;
  if (gapMs <= momentMs || spokeAt === 0) return;
  if (gap.seen < rhythmGaps || gapMs <= gap.mean * silenceGaps) learn(gap, gapMs);
}

/** Lets `elapsedMs` pass and writes what is then into `vector`, one figure a feature, from `offset`. */
export function readTraffic(
  state: TrafficState,
  elapsedMs: number,
  vector: Float32Array,
  offset = 0,
): void {
  settle(state.counts, elapsedMs);
  const { values, slow } = state.counts;
  const beyond = (value: number | undefined, counter: number) =>
    Math.log1p(Math.max(0, (value ?? 0) - (nothingYet[counter] ?? 0)));
  for (let index = 0; index < values.length; index += 1) {
    const counter = Math.floor(index / halfLivesMs.length);
    vector[offset + index] = beyond(values[index], counter);
  }
  let at = offset + values.length;
  for (const counter of slowPlaces) vector[at++] = beyond(slow[counter], counter);
  state.turn.excess *= 2 ** (-elapsedMs / excessHalfLifeMs);
  vector[at++] = Math.log1p(state.turn.excess);
  const { gap, size, entropy } = state;
  const variation = (usual: Usual) => (usual.mean > 0 ? deviationOf(usual) / usual.mean : 0);
  const told = [gap.mean, variation(gap), size.mean, variation(size), entropy.mean].map(Math.log1p);
  for (const value of told) vector[at++] = value;
}
