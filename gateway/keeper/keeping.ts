import type { DeviceId } from '../core/device.ts';
import { createMemory, type LivingMemory } from '../core/memory.ts';
import type { DeviceDescription } from '../core/relay.ts';
import type { LiveView } from '../core/site-state.ts';
import type { Admission } from '../pipeline/admission.ts';
import type { Policy } from '../pipeline/policy.ts';
import { describeDevice, type PolicyMaker } from '../policy-maker.ts';
import { lineMemory } from '../stages/read.ts';
import type { OutboxBudget } from '../store/outbox.ts';
import type { Store } from '../store/store.ts';
import { createEvidence, framesOf, type ShownFrame } from '../ward/evidence.ts';
import { type Batch, intakesOf } from './batch.ts';
import { writeBatch } from './batch-writing.ts';
import { startClockKeeping } from './clock-keeping.ts';
import { createHeldTurns, type HeldTurn } from './held-turns.ts';
import { type KeeperOrders, ordersOf } from './keeper-orders.ts';
import { type Kept, keptOf } from './kept.ts';
import { createLiveValues } from './live-values.ts';
import { keepPolicy } from './policy-keeping.ts';
import { admitSound, type Placed } from './sound-admission.ts';
import { createSurroundings } from './surroundings.ts';

/** Admits batches and keeps what came of them, one transaction each. */
export interface Keeper extends KeeperOrders {
  keep(batch: Batch): Kept;
  /** Raw frames around an episode, as somebody may see them who may see patients, or may not. */
  frames(episode: number, isClear: boolean): readonly ShownFrame[];
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
  /** Something that is held may leave by now. */
  hasHeldDue(): boolean;
  /** Lets a portion of it go, in a transaction of its own. */
  turnHeld(): HeldTurn | undefined;
}

export function startKeeper(
  store: Store,
  first: PolicyMaker,
  firstBudget: OutboxBudget,
  onKept: (admission: Admission, policy: Policy) => void = () => undefined,
): Keeper {
  let budget = firstBudget;
  const memory = createMemory();
  const live = createLiveValues();
  const clocks = startClockKeeping();
  const surroundings = createSurroundings();
  const evidence = createEvidence();
  const turns = createHeldTurns();
  const inForce = keepPolicy(store, first, turns);
  let isFeedRead = false;

  return {
    keep(batch) {
      inForce.refresh();
      const { policy, maker } = inForce;
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
        return writeBatch(store, maker, admission, clockChanges, budget, said);
      };
      surroundings.hear(known.map(({ intake }) => intake));
      const { shed, released, hasAnswered } = keepOrForgetLines(store, memory, keep, known);
      memory.remember(changes);
      for (const observations of admission.observed) live.see(observations);
      clocks.saved(clockChanges);
      onKept(admission, policy);
      if (hasAnswered || announced.size + bindings.length + stays.size > 0) inForce.remake();
      return keptOf(admission, { all, known, admitted }, shed, released);
    },
    ...ordersOf(
      store,
      () => ({ maker: inForce.maker, policy: inForce.policy, heardAt: surroundings.heardAt }),
      inForce.remake,
    ),
    use(maker, nextBudget) {
      inForce.use(maker);
      budget = nextBudget;
    },
    feed(isRead) {
      isFeedRead = isRead;
    },
    live: (device) => live.of(device),
    frames: (episode, isClear) => framesOf(store, inForce.policy, episode, isClear),
    describe: (relay, pseudonym) => describeDevice(inForce.policy, relay, pseudonym),
    knowTime: (boot, anchorMs, at) =>
      store.transact(() => {
        knowTime(store, boot, anchorMs, at);
        turns.lookAtAll(store);
      }),
    hasHeldDue: () => !turns.isEmpty,
    turnHeld: () => turns.turn(store, inForce.policy),
  };
}

function knowTime(store: Store, boot: string, anchorMs: number, now: number): void {
  store.trustedTime.keepAnchor(boot, anchorMs);
  store.trustedTime.note(now);
  store.held.date(boot, anchorMs, now);
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

/** The newest time of a batch that is known to be true; 0 where none is. */
function newestOf(admitted: readonly Placed[]): number {
  const { intake } = admitted.at(-1) ?? {};
  return !intake || intake.provisional ? 0 : intake.receivedAt;
}
