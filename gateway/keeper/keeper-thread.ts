import { parentPort, workerData } from 'node:worker_threads';
import { createRefusals, type Refusals } from '../audit/refusals.ts';
import type { Device, DeviceId } from '../core/device.ts';
import { type FailureCode, GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { OutboxPage, Portion } from '../core/relay.ts';
import type { Response, ResponseState } from '../core/response.ts';
import type { LiveView } from '../core/site-state.ts';
import { type VulnerabilityCalls, vulnerabilityCalls } from '../exposure/vulnerability-calls.ts';
import { type AccountCalls, accountCalls } from '../people/account-calls.ts';
import { openPolicyMaker, type PolicyMaterial } from '../policy-maker.ts';
import { type RamaCalls, ramaCalls } from '../scoring/rama-calls.ts';
import { keepRama, type RamaKeeping } from '../scoring/rama-keeping.ts';
import type { RatingMaterial } from '../scoring/rama-subject.ts';
import { readStoreKey } from '../site/store-key.ts';
import type { AgeSample } from '../store/age.ts';
import type { AuditSigner } from '../store/audit.ts';
import { storeError } from '../store/database.ts';
import type { EntryName, OutboxBudget } from '../store/outbox.ts';
import type { ReloadOrder, ReloadResult } from '../store/reloads.ts';
import { openStore, type Store } from '../store/store.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { type AuditCalls, auditCalls } from '../trail/audit-calls.ts';
import { auditSigner } from '../trail/audit-trail.ts';
import { auditRefusals } from '../trail/auditing.ts';
import { type CertificateCalls, certificateCalls } from '../trust/certificate-calls.ts';
import type { ShownFrame } from '../ward/evidence.ts';
import { judgeEpisode } from '../ward/finding-orders.ts';
import type { Batch } from './batch.ts';
import { expire } from './expiry.ts';
import { type GlassCalls, glassCalls } from './glass-calls.ts';
import { scheduleHeld } from './held-schedule.ts';
import type { HeldTurn } from './held-turns.ts';
import type { Restraints } from './keeper-orders.ts';
import { type KeeperScoring, keeperScoring } from './keeper-scoring.ts';
import { type Keeper, startKeeper } from './keeping.ts';
import type { Kept } from './kept.ts';
import { type SiteCalls, siteCalls } from './site-calls.ts';

/**
 * The one thread that admits and commits. The gateway's main thread does sockets, TLS and MQTT
 * only; everything that judges or writes happens here, one batch at a time.
 */
export interface KeeperCalls
  extends SiteCalls,
    VulnerabilityCalls,
    AccountCalls,
    CertificateCalls,
    AuditCalls,
    GlassCalls,
    RamaCalls {
  device(id: string): Device | undefined;
  live(id: DeviceId): LiveView;
  describe: Keeper['describe'];
  next(relay: string, portion: Portion): OutboxPage;
  delivered(relay: string, names: readonly EntryName[]): void;
  setAside(relay: string, name: EntryName, cause: string, at: number): void;
  expire(aged: number, keptMs: number, now: Instant): number;
  /** The time by which things grow old. */
  age(sample: Pick<AgeSample, 'now' | 'isVouched'>): number;
  /** The newest time that was ever known here. */
  newestTime(): number;
  knowTime: Keeper['knowTime'];
  associate: Keeper['associate'];
  dissociate: Keeper['dissociate'];
  feed: Keeper['feed'];
  quarantine: Keeper['quarantine'];
  release: Keeper['release'];
  restraints(now: Instant, aged: number): Restraints;
  frames(episode: number, isClear: boolean, actor: string, now: number): readonly ShownFrame[];
  confirmResponse: Keeper['confirmResponse'];
  undoResponse: Keeper['undoResponse'];
  responses(countMax: number, state?: ResponseState): readonly Response[];
  isDenied(id: DeviceId): boolean;
  configure(settings: KeeperSettings): Promise<void>;
  reloadAsk(actor: string, at: number): number;
  reloadAsked(): ReloadOrder | undefined;
  reloadTouch(sequence: number, at: number): void;
  reloadAnswer(sequence: number, result: ReloadResult): void;
  /** What the models find strange now; at most one call at a time. */
  score: KeeperScoring['tick'];
  close(): Promise<void>;
}

export type ToKeeper =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly name: keyof KeeperCalls;
      readonly arguments: readonly unknown[];
    };

/** What became of a batch or a call. A failure is named by its code; anything else ends the thread. */
export type FromKeeper =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-started'; readonly code: FailureCode; readonly detail: string }
  | { readonly kind: 'kept'; readonly kept: Kept; readonly buffer: ArrayBuffer }
  | { readonly kind: 'released'; readonly turn: HeldTurn }
  | { readonly kind: 'not-kept'; readonly code: FailureCode; readonly detail: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'failure';
      readonly id: number;
      readonly code: FailureCode;
      readonly detail: string;
    };

/** What may change while it runs. */
export interface KeeperSettings extends PolicyMaterial {
  readonly budget: OutboxBudget;
  /** The lines of the settings: a device’s score depends on how it is connected. */
  readonly serial?: RatingMaterial['serial'] | undefined;
}

/** What the thread is started with. It reads no settings: those who start it have done so. */
export interface KeeperData extends KeeperSettings {
  /** This run of the machine. */
  readonly boot: string;
}

async function main(data: KeeperData): Promise<void> {
  if (!parentPort) throw new RangeError('runs as a worker thread only');
  const port = parentPort;
  const key = readStoreKey(data.directory);
  const signer = auditSigner(data.directory);
  const store = openStore(data.directory, key, { mustExist: true, signer });
  const maker = await openPolicyMaker(data);
  const scoring = keeperScoring(data.directory, store);
  const rama = keepRama(store, ratingOf(data));
  const keeper = startKeeper(store, maker, data.budget, (admission, policy) => {
    scoring.onKept(admission, policy);
    rama.onKept(admission);
  });
  const refusals = createRefusals();
  const calls = keeperCalls(store, keeper, signer, refusals, data.boot, scoring, rama);

  const answer = (message: FromKeeper, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);

  function fail(message: ToKeeper, cause: unknown): void {
    const error = storeError(cause, 'the store');
    if (!(error instanceof GatewayError)) throw error;
    const { code, message: detail } = error;
    if (message.kind === 'batch') answer({ kind: 'not-kept', code, detail });
    else answer({ kind: 'failure', id: message.id, code, detail });
  }

  const turns = scheduleHeld(keeper, (turn) => answer({ kind: 'released', turn }));
  port.on('message', (message: ToKeeper) => {
    if (message.kind === 'call' && message.name === 'close') turns.close();
    try {
      if (message.kind === 'batch') {
        refusals.note(message.batch.signals);
        const kept = keeper.keep(message.batch);
        const { buffer } = message.batch.bytes;
        answer({ kind: 'kept', kept, buffer }, [buffer]);
      } else {
        const { id, name } = message;
        const call = calls[name] as (...given: readonly unknown[]) => unknown;
        const value = call(...message.arguments);
        for (const device of concerns(message)) rama.mark(device);
        const done = (result: unknown) => answer({ kind: 'answer', id, value: result });
        if (value instanceof Promise) value.then(done).catch((cause) => fail(message, cause));
        else done(value);
        if (name === 'close') void Promise.resolve(value).then(() => port.close());
      }
    } catch (cause) {
      fail(message, cause);
    }
    turns.check();
  });
  answer({ kind: 'ready' });
  turns.check();
}

/** Whose score an order may have changed. */
function concerns({
  name,
  arguments: given,
}: Extract<ToKeeper, { kind: 'call' }>): readonly string[] {
  const [order] = given as readonly Partial<Record<string, unknown>>[];
  if (!orders.has(name) || typeof order !== 'object') return [];
  return [order['device'], order['subject']].filter((each) => typeof each === 'string');
}

const orders = new Set<keyof KeeperCalls>(['quarantine', 'release', 'enrol', 'revoke']);

function keeperCalls(
  store: Store,
  keeper: Keeper,
  signer: AuditSigner,
  refusals: Refusals,
  boot: string,
  scoring: KeeperScoring,
  rama: RamaKeeping,
): KeeperCalls {
  return {
    ...siteCalls(store),
    ...vulnerabilityCalls(store),
    ...accountCalls(store),
    ...certificateCalls(store),
    ...glassCalls(store),
    ...auditCalls(store, signer, refusals),
    ...ramaCalls(rama),
    judgeFinding(order) {
      const episode = judgeEpisode(store, order);
      rama.mark(episode.about);
      return episode;
    },
    device: (id) => store.devices.find(id),
    live: (id) => keeper.live(id),
    describe: (relay, pseudonym) => keeper.describe(relay, pseudonym),
    next: (relay, portion) =>
      store.outbox.next(relay, portion, { boot, monotonicMs: monotonicMs() }),
    delivered: (relay, names) => store.transact(() => store.outbox.delivered(relay, names)),
    setAside(relay, name, cause, at) {
      store.transact(() => store.outbox.setAside(relay, name, cause, at));
      refusals.noteRelay(relay, cause, at);
    },
    expire: (aged, keptMs, now) => expire(store, aged, keptMs, now),
    age: (sample) =>
      store.transact(() => store.age.advance({ ...sample, boot, monotonicMs: monotonicMs() })),
    newestTime: () => store.trustedTime.newest(),
    knowTime: (boot, anchorMs, now) => keeper.knowTime(boot, anchorMs, now),
    associate: (order) => keeper.associate(order),
    dissociate: (order) => keeper.dissociate(order),
    feed: (isRead) => keeper.feed(isRead),
    quarantine: (order) => keeper.quarantine(order),
    release: (order) => keeper.release(order),
    frames(episode, isClear, actor, at) {
      const frames = keeper.frames(episode, isClear);
      const detail = `${frames.length} frames, ${isClear ? 'clear' : 'masked'}`;
      const act = { at, actor, object: `${episode}`, outcome: 'success' } as const;
      store.transact(() => store.audit.add({ ...act, action: 'finding.frames', detail }));
      return frames;
    },
    restraints: (now, aged) => keeper.restraints(now, { aged, monotonicMs: monotonicMs() }),
    confirmResponse: (order) => keeper.confirmResponse(order),
    undoResponse: (order) => keeper.undoResponse(order),
    responses: (countMax, state) => store.responses.list(countMax, state),
    async configure(settings) {
      keeper.use(await openPolicyMaker(settings), settings.budget);
      rama.use(ratingOf(settings));
    },
    reloadAsk: (actor, at) => store.transact(() => store.reloads.ask(actor, at)),
    reloadAsked: () => store.reloads.asked(),
    reloadTouch: (sequence, at) => store.transact(() => store.reloads.touch(sequence, at)),
    reloadAnswer: (sequence, result) =>
      store.transact(() => store.reloads.answer(sequence, result)),
    isDenied: (id) => store.quarantines.find(id)?.mode === 'deny',
    score: (now) => scoring.tick(now),
    async close() {
      await scoring.close();
      noteLast(store, refusals);
      store.close();
    },
  };
}

/** Whoever was refused in the last moment came after the last look. */
function noteLast(store: Store, refusals: Refusals): void {
  try {
    auditRefusals(store, refusals);
  } catch (error) {
    // A full disk takes no entry any more; the gateway ends all the same.
    if (!(error instanceof GatewayError)) throw error;
  }
}

function ratingOf({ profiles, serial = [] }: KeeperSettings): RatingMaterial {
  return { profiles, serial };
}

try {
  await main(workerData as KeeperData);
} catch (cause) {
  // An error that ends a thread loses its class on the way: what the site can mend is said in words.
  const error = storeError(cause, 'the database');
  if (!(error instanceof GatewayError)) throw error;
  parentPort?.postMessage({
    kind: 'not-started',
    code: error.code,
    detail: error.message,
  } satisfies FromKeeper);
  parentPort?.close();
}
