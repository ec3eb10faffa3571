import type { KnownClock } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Finding } from '../core/finding.ts';
import type { Intake, Rejection } from '../core/intake.ts';
import { createMemory, type LivingMemory, type Memory } from '../core/memory.ts';
import type { Instant } from '../core/observation.ts';
import { isWithheld, type Quarantine } from '../core/quarantine.ts';
import type { DeviceDescription } from '../core/relay.ts';
import { feedRoot, releasedJson, releasedTopic } from '../core/released-json.ts';
import type { Response } from '../core/response.ts';
import type { Signal, Voice } from '../core/signal.ts';
import type { LiveView } from '../core/site-state.ts';
import type { BindingChange } from '../core/ward.ts';
import { type Admission, admit, type ClockStepped, type Policy } from '../pipeline.ts';
import { describeDevice, type PolicyMaker } from '../policy.ts';
import { clockBehindMsMax } from '../stages/clock-estimate.ts';
import { lineMemory } from '../stages/read.ts';
import type { OutboxBudget, Shed } from '../store/outbox.ts';
import type { Store } from '../store/store.ts';
import {
  type AssociateOrder,
  associateDevice,
  auditRefused,
  type DissociateOrder,
  dissociateDevice,
  keepBindings,
  keepDepartures,
  releaseHeld,
} from '../ward/association.ts';
import { createEvidence, type Evidence, framesOf, type ShownFrame } from '../ward/evidence.ts';
import {
  endQuarantines,
  type QuarantineOrder,
  quarantineDevice,
  type ReleaseOrder,
  type ReleaseOutcome,
  releaseDevice,
} from '../ward/quarantine.ts';
import { answerFindings } from '../ward/responding.ts';
import {
  confirmResponse,
  endHarmful,
  endResponses,
  type ResponseOrder,
  undoResponse,
} from '../ward/response-orders.ts';
import type { Circumstances } from '../ward/situation.ts';
import type { Batch } from './batch.ts';
import { intakesOf } from './batch.ts';
import { startClockKeeping } from './clock-keeping.ts';
import { createLiveValues } from './live-values.ts';
import { createSurroundings } from './surroundings.ts';

/** What the links hear of a batch once it is on disk. */
export interface Kept {
  /** Indexes of intakes that could not be kept and must not be acknowledged. */
  readonly refused: readonly number[];
  /** Devices whose intake met a fault of ours; it is among the refused. */
  readonly faults: readonly DeviceId[];
  /** Bytes owed to devices, by the index of their intake. */
  readonly replies: readonly (readonly [index: number, reply: Uint8Array])[];
  readonly rejected: readonly Rejection[];
  readonly findings: readonly Finding[];
  readonly clockSteps: readonly ClockStepped[];
  /** Which devices fell silent, and which were heard again. */
  readonly voices: readonly Voice[];
  readonly shed: readonly Shed[];
  readonly departures: number;
  /** For consumers that are there: topic and payload. */
  readonly fed: readonly (readonly [topic: string, payload: string])[];
  /** Whether alerts may be among them. */
  readonly withAlerts: boolean;
  /** Whom devices are bound to anew. */
  readonly bindings: readonly Pick<BindingChange, 'device' | 'kind' | 'by'>[];
}

/** What is in force on devices and addresses, and what waits for a person. */
export interface Restraints {
  readonly quarantines: readonly Quarantine[];
  readonly responses: readonly Response[];
}

/** Admits batches and keeps what came of them, one transaction each. */
export interface Keeper {
  keep(batch: Batch): Kept;
  /** The next batch is admitted by it already. */
  associate(order: AssociateOrder): ReturnType<typeof associateDevice>;
  dissociate(order: DissociateOrder): ReturnType<typeof dissociateDevice>;
  quarantine(order: QuarantineOrder): Quarantine;
  release(order: ReleaseOrder): ReleaseOutcome;
  /** What is in force, once what is over has ended. */
  restraints(now: Instant): Restraints;
  /** Raw frames around an episode, as somebody may see them who may see patients, or may not. */
  frames(episode: number, isClear: boolean): readonly ShownFrame[];
  confirmResponse(order: ResponseOrder): Response;
  undoResponse(order: ResponseOrder): Response;
  /**
   * Admits by other settings, from the next batch on.
   *
   * @throws GatewayError `profile-unknown`: nothing changed.
   */
  use(maker: PolicyMaker, budget: OutboxBudget): void;
  /** Whether anybody reads the live feed; nothing is made for nobody. */
  feed(isRead: boolean): void;
  /** What a device measured last. */
  live(device: DeviceId): LiveView;
  /** Of the device that a destination has this pseudonym for. */
  describe(relay: string, pseudonym: string): DeviceDescription | undefined;
  /**
   * The true time of this run of the machine is known. What was dated before is read back in true
   * time from now on, and what was held because nobody knew whose it was is looked at again.
   */
  knowTime(boot: string, anchorMs: number, now: number): void;
}

/** The most rejections of one batch that are written down one by one; the rest are counted. */
const rejectionsPerBatchMax = 1_000;

export function startKeeper(
  store: Store,
  first: PolicyMaker,
  firstBudget: OutboxBudget,
  onKept: (admission: Admission, policy: Policy) => void = () => undefined,
): Keeper {
  let maker = first;
  let budget = firstBudget;
  const memory = createMemory();
  const live = createLiveValues();
  let version = store.version();
  const clocks = startClockKeeping();
  let policy = maker.make(store);
  const surroundings = createSurroundings();
  const evidence = createEvidence();
  let isFeedRead = false;
  store.transact(() => releaseUnrouted(store, policy));

  function remake(): void {
    policy = maker.make(store);
  }

  function refresh(): void {
    const now = store.version();
    if (now === version) return;
    remake();
    version = now;
  }

  return {
    keep(batch) {
      refresh();
      const all = intakesOf(batch).map((intake, index) => ({ intake, index }));
      const known = all.filter(({ intake }) => policy.devices.has(intake.device));
      const used = isFeedRead ? policy : unread(policy);
      const { admission, admitted } = admitSound(known, batch.signals, used, memory);
      const { clockAnchors, changes, announced, bindings, stays } = admission;
      const clockChanges = clocks.changed(clockAnchors, changes, policy);
      const keep = () => {
        store.trustedTime.note(newestOf(admitted));
        const intakes = admitted.map(({ intake }) => intake);
        surroundings.keepSightings(store, batch.signals, intakes);
        const said = { policy, heardAt: surroundings.heardAt, evidence, intakes };
        return write(store, maker, admission, clockChanges, budget, said);
      };
      surroundings.hear(known.map(({ intake }) => intake));
      const { shed, released, hasAnswered } = keepOrForgetLines(store, memory, keep, known);
      memory.remember(changes);
      for (const observations of admission.observed) live.see(observations);
      clocks.saved(clockChanges);
      onKept(admission, policy);
      if (hasAnswered || announced.size + bindings.length + stays.size > 0) remake();
      return keptOf(admission, { all, known, admitted }, shed, released);
    },
    ...ordersOf(store, () => ({ maker, policy, heardAt: surroundings.heardAt }), remake),
    use(nextMaker, nextBudget) {
      // Throws before anything is changed, where a device has no profile any more.
      const next = nextMaker.make(store);
      [maker, budget, policy] = [nextMaker, nextBudget, next];
      store.transact(() => releaseUnrouted(store, policy));
    },
    feed(isRead) {
      isFeedRead = isRead;
    },
    live: (device) => live.of(device),
    frames: (episode, isClear) => framesOf(store, policy, episode, isClear),
    describe: (relay, pseudonym) => describeDevice(policy, relay, pseudonym),
    knowTime: (boot, anchorMs, now) =>
      store.transact(() => {
        store.trustedTime.keepAnchor(boot, anchorMs);
        store.trustedTime.note(now);
        store.held.date(boot, anchorMs, now);
        releaseUnrouted(store, policy);
      }),
  };
}

/** What people order. What this process changes itself raises no version: the policy is made anew. */
function ordersOf(
  store: Store,
  current: () => Circumstances & { readonly maker: PolicyMaker },
  changed: () => void,
): Pick<
  Keeper,
  | 'associate'
  | 'dissociate'
  | 'quarantine'
  | 'release'
  | 'restraints'
  | 'confirmResponse'
  | 'undoResponse'
> {
  function done<Result>(result: Result): Result {
    changed();
    return result;
  }
  let startedAt: number | undefined;
  return {
    associate: (order) => done(associateDevice(store, current().maker, order)),
    dissociate: (order) => done(dissociateDevice(store, order)),
    quarantine: (order) => done(quarantineDevice(store, current().maker, order)),
    release: (order) => done(releaseDevice(store, current().maker, order)),
    confirmResponse: (order) => done(confirmResponse(store, current().maker, order)),
    undoResponse: (order) => done(undoResponse(store, current().maker, order)),
    restraints(now) {
      const { maker, policy, heardAt } = current();
      startedAt ??= now;
      // Whoever was not heard yet since the start may still speak.
      const since = startedAt;
      const circumstances = { policy, heardAt: (id: DeviceId) => heardAt(id) ?? since };
      const hasEnded = [
        endQuarantines(store, maker, now),
        endResponses(store, now),
        endHarmful(store, maker, circumstances, now),
      ];
      if (hasEnded.includes(true)) changed();
      releaseUnlimited(store, current().policy);
      const responses = store.responses.pendings();
      return { quarantines: store.quarantines.list(), responses };
    },
  };
}

/** Bytes that were not kept leave a gap in their line: what follows must not be joined to it. */
function keepOrForgetLines<Result>(
  store: Store,
  memory: LivingMemory,
  change: () => Result,
  batch: readonly Placed[],
): Result {
  try {
    return store.transact(change);
  } catch (error) {
    for (const { intake } of batch) {
      if (intake.channel === 'line') memory.forget(lineMemory, intake.device);
    }
    throw error;
  }
}

function unread(policy: Policy): Policy {
  return { ...policy, feed: undefined };
}

/** What the links hear of it. */
function keptOf(
  { departures, fed, replies, rejected, findings, clockSteps, voices, bindings }: Admission,
  { all, known, admitted }: Readonly<Record<'all' | 'known' | 'admitted', readonly Placed[]>>,
  shed: readonly Shed[],
  released: number,
): Kept {
  return {
    refused: without(all, admitted).map(({ index }) => index),
    faults: without(known, admitted).map(({ intake }) => intake.device),
    replies: replies
      .map((reply, position) => [admitted[position]?.index ?? 0, reply] as const)
      .filter(([, reply]) => reply.length > 0),
    rejected,
    findings,
    clockSteps,
    voices,
    shed,
    departures: departures.length + released,
    fed: fed.map(({ lane, observations }) => [
      releasedTopic(feedRoot, lane, observations),
      releasedJson(observations),
    ]),
    withAlerts: released > 0 || departures.some(({ lane }) => lane === 'alert'),
    bindings: bindings.map(({ device, kind, by }) => ({ device, kind, by })),
  };
}

/** The newest time of a batch that is known to be true; 0 where none is. */
function newestOf(admitted: readonly Placed[]): number {
  const { intake } = admitted.at(-1) ?? {};
  return !intake || intake.provisional ? 0 : intake.receivedAt;
}

/** An intake and its place in the batch. */
interface Placed {
  readonly intake: Intake;
  readonly index: number;
}

/**
 * Admits the batch. Where a fault of ours stops it, what cannot be admitted even alone is left out:
 * one message must not stop a ward, nor come again and stop it again. Admission is pure, so a trial
 * leaves nothing behind.
 */
function admitSound(
  placed: readonly Placed[],
  signals: readonly Signal[],
  policy: Policy,
  memory: Memory,
): { readonly admission: Admission; readonly admitted: readonly Placed[] } {
  const admitAll = (some: readonly Placed[], seen: readonly Signal[]) =>
    admit(
      some.map(({ intake }) => intake),
      seen,
      policy,
      memory,
    );
  try {
    return { admission: admitAll(placed, signals), admitted: placed };
  } catch (fault) {
    const admitted = placed.filter((each) => {
      try {
        admitAll([each], []);
        return true;
      } catch {
        return false;
      }
    });
    // No single one is to blame: whoever supervises the process must know.
    if (admitted.length === placed.length) throw fault;
    return { admission: admitAll(admitted, signals), admitted };
  }
}

function without(all: readonly Placed[], some: readonly Placed[]): readonly Placed[] {
  if (some.length === all.length) return [];
  const left = new Set(some);
  return all.filter((each) => !left.has(each));
}

function write(
  store: Store,
  maker: PolicyMaker,
  admission: Admission,
  clocks: ReadonlyMap<DeviceId, KnownClock>,
  budget: OutboxBudget,
  circumstances: Circumstances & Said,
): Written {
  const { departures, held, announced, quarantined, rejected, losses, findings } = admission;
  keepDepartures(store, admission);
  for (const { device, cause, observations } of held) {
    store.held.add(device, observations, cause, observations[0]?.receivedAt ?? 0);
  }
  for (const [device, serialNumber] of announced) store.devices.announce(device, serialNumber);
  for (const [device, counter] of admission.counters) store.deviceKeys.count(device, counter);
  for (const [device, clock] of clocks) store.deviceClocks.save(device, clock);
  const released = keepBindings(store, maker, admission);
  auditRefused(store, rejected);
  keepRejections(store, rejected);
  for (const [device, { discardedBytes, missedMessages, lateMessages }] of losses) {
    store.counters.add(`discarded-bytes/${device}`, discardedBytes);
    store.counters.add(`missed-messages/${device}`, missedMessages);
    store.counters.add(`late-messages/${device}`, lateMessages);
  }
  for (const [device, count] of quarantined) store.counters.add(`quarantined/${device}`, count);
  const numbers = store.journal.addFindings(findings);
  circumstances.evidence.keep(store, circumstances.intakes, findings, numbers);
  const responses = answerFindings(store, findings, numbers, circumstances);
  const isFuller = departures.length + released > 0;
  const shed = isFuller ? store.outbox.shed(budget) : [];
  return { shed, released, hasAnswered: responses.some(({ state }) => state === 'active') };
}

interface Said {
  readonly evidence: Evidence;
  readonly intakes: readonly Intake[];
}

interface Written {
  readonly shed: readonly Shed[];
  readonly released: number;
  /** Something is in force from the next batch on. */
  readonly hasAnswered: boolean;
}

function keepRejections(store: Store, rejected: readonly Rejection[]): void {
  store.journal.addRejections(rejected.slice(0, rejectionsPerBatchMax));
  const beyond = rejected.length - rejectionsPerBatchMax;
  if (beyond > 0) store.counters.add('rejections-not-written', beyond);
}

/** Lets go what was beyond the limit of a device, once that has ended, whoever ended it. */
function releaseUnlimited(store: Store, policy: Policy): void {
  const devices = store.held.depths().filter(({ cause }) => cause === 'limited');
  for (const { device } of devices) {
    const known = policy.devices.get(device);
    // Whoever is in quarantine by now: a person decides about that too.
    if (known?.perSecondMax !== undefined || isWithheld(known?.quarantine)) continue;
    store.transact(() => {
      store.held.unblock(device, 'limited');
      if (known) releaseHeld(store, policy, device, 'unbound');
    });
  }
}

/** Lets go what waited for the site to have a destination, or for the time to be known. */
function releaseUnrouted(store: Store, policy: Policy): void {
  if (policy.destinations.length === 0) return;
  for (const { device, cause } of store.held.depths()) {
    const isReleasable = cause === 'no-relay' || cause === 'unbound';
    if (isReleasable && policy.devices.has(device)) releaseHeld(store, policy, device, cause);
  }
}

/**
 * Forgets what the site keeps only for a time, each expired observation with a record.
 *
 * @param aged the time by which things grow old; see `Age`
 */
export function expire(store: Store, aged: number, keptMs: number, now: Instant): number {
  return store.transact(() => {
    store.stays.forget(aged - 2 * clockBehindMsMax);
    const before = aged - keptMs;
    const expired = store.held.expire(before);
    store.journal.forget(before);
    store.responses.forget(before);
    store.frames.forget(before);
    store.journal.addRejections(
      expired.map(({ device, rows }) => ({
        device,
        at: now,
        stage: 'associate',
        reason: 'expired',
        detail: `${rows} records`,
      })),
    );
    return expired.reduce((sum, { rows }) => sum + rows, 0);
  });
}
