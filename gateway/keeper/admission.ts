import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Intake, IntakeQueue } from '../core/intake.ts';
import { noBytes } from '../core/protocol.ts';
import type { Signal } from '../core/signal.ts';
import type { AdmissionCounts } from '../core/site-state.ts';
import { AdmissionFigures } from './admission-figures.ts';
import { type Batch, type OpenBatch, openBatch, type Stamp } from './batch.ts';
import type { HeldTurn } from './held-turns.ts';
import type {
  FromKeeper,
  KeeperCalls,
  KeeperData,
  KeeperSettings,
  ToKeeper,
} from './keeper-thread.ts';
import type { Kept } from './kept.ts';

/** TypeScript where the sources are run as they are, JavaScript in a package. */
const keeperThread = join(import.meta.dirname, `keeper-thread${extname(import.meta.filename)}`);

/** Three semi-spaces of 16 MiB: smaller ones cost a fifth of the thread’s time, larger ones stay. */
const youngGenerationMb = 48;

/** A batch this large does not wait for company. */
const companyCount = 256;
/** The most that waits altogether; beyond it nothing is taken. */
const waitingCountMax = 32_768;
/** Above this links stop reading from their sockets; below half of it they go on. */
const overloadCount = 16_384;
const overloadBytes = 8 * 2 ** 20;
/** Signals of one batch; an attacker’s noise beyond it is counted. */
const signalsMax = 4_096;

/** The main thread's end of admission: collects what links offer, and answers once it is kept. */
export interface Admission {
  readonly queue: IntakeQueue;
  isOverloaded(): boolean;
  /** False while the last batch could not be kept: nothing is acknowledged then. */
  isKeeping(): boolean;
  counts(): AdmissionCounts;
  /** Calls the listener whenever the queue has room again. */
  onDrain(listener: () => void): void;
  call<Name extends keyof KeeperCalls>(
    name: Name,
    ...given: Parameters<KeeperCalls[Name]>
  ): Promise<Awaited<ReturnType<KeeperCalls[Name]>>>;
  /**
   * Other settings for all that is admitted from now on.
   *
   * @throws GatewayError `profile-unknown`: nothing changed.
   */
  configure(settings: KeeperSettings, commitPauseMs: number): Promise<void>;
  /** Commits what is open, then ends the thread. */
  close(): Promise<void>;
}

export interface AdmissionOptions {
  readonly data: KeeperData;
  /** The longest a small batch waits for company. */
  readonly commitPauseMs: number;
  /** Now, on the clock nobody sets. */
  readonly stamp: () => Stamp;
  readonly log: Log;
  /** Something new waits in the outbox. */
  /** On disk, and for consumers that are there. */
  readonly onFed: (fed: Kept['fed']) => void;
  /** What looks like an attack, once it is on disk. */
  readonly onFindings: (findings: Kept['findings']) => void;
  /** Who fell silent, and who was heard again. */
  readonly onVoices: (voices: Kept['voices']) => void;
  readonly onDepartures: (withAlerts: boolean) => void;
  /** The thread ended by a fault of ours: nothing can be kept any more. */
  readonly onFault: (error: unknown) => void;
}

/** A batch that is full and waits for its turn. */
interface FullBatch {
  readonly batch: Batch;
  readonly offers: readonly Offer[];
}

interface Offer {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

export async function startAdmission(options: AdmissionOptions): Promise<Admission> {
  const worker = new Worker(keeperThread, {
    workerData: options.data,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });
  const admission = new RunningAdmission(worker, options);
  await admission.ready;
  return admission;
}

/**
 * One batch is in the worker, one is open, and what does not fit waits between them: the time of a
 * commit decides how large batches get, up to their limit.
 */
class RunningAdmission implements Admission {
  readonly queue: IntakeQueue;
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #options: AdmissionOptions;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #idle: (() => void)[] = [];
  readonly #drainListeners: (() => void)[] = [];
  #commitPauseMs: number;
  #callCount = 0;
  #open: OpenBatch = openBatch();
  #offers: Offer[] = [];
  readonly #full: FullBatch[] = [];
  /** Messages and bytes that wait, full batches and the open one together. */
  #waitingCount = 0;
  #waitingBytes = 0;
  readonly #figures = new AdmissionFigures();
  #signalCount = 0;
  #signalsDropped = 0;
  /** The offers of the batch that is in the worker. */
  #inWorker: readonly Offer[] | undefined;
  #spareBuffer: ArrayBuffer | undefined;
  #handedOverAt = 0;
  #keptAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #wasOverloaded = false;
  #isKeeping = true;

  constructor(worker: Worker, options: AdmissionOptions) {
    this.#worker = worker;
    this.#options = options;
    this.#commitPauseMs = options.commitPauseMs;
    this.ready = this.#ready.promise;
    this.queue = {
      offer: (intake) => this.#offer(intake),
      signal: (signal) => this.#signal(signal),
    };
    worker.on('message', (message: FromKeeper) => this.#receive(message));
    worker.on('error', (error) => this.#fault(error));
    worker.on('exit', () => this.#fault(new Error('the keeper thread ended')));
  }

  isOverloaded(): boolean {
    const count = this.#waitingCount;
    const bytes = this.#waitingBytes;
    const isOverloaded = count >= overloadCount || bytes >= overloadBytes;
    if (isOverloaded && !this.#wasOverloaded) {
      this.#options.log('intake.overloaded', { count, bytes });
      this.#wasOverloaded = true;
    }
    return isOverloaded;
  }

  isKeeping(): boolean {
    return this.#isKeeping;
  }

  counts(): AdmissionCounts {
    return this.#figures.snapshot(this.#waitingCount, this.#waitingBytes);
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  call<Name extends keyof KeeperCalls>(
    name: Name,
    ...given: Parameters<KeeperCalls[Name]>
  ): Promise<Awaited<ReturnType<KeeperCalls[Name]>>> {
    const answer = Promise.withResolvers<unknown>();
    this.#callCount += 1;
    this.#calls.set(this.#callCount, answer);
    this.#send({ kind: 'call', id: this.#callCount, name, arguments: given });
    return answer.promise as Promise<Awaited<ReturnType<KeeperCalls[Name]>>>;
  }

  async configure(settings: KeeperSettings, commitPauseMs: number): Promise<void> {
    await this.call('configure', settings);
    this.#commitPauseMs = commitPauseMs;
  }

  async close(): Promise<void> {
    while (this.#inWorker || !this.#isEmpty) {
      this.#schedule(true);
      const idle = Promise.withResolvers<void>();
      this.#idle.push(idle.resolve);
      await idle.promise;
    }
    this.#worker.removeAllListeners('exit');
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.call('close');
    await ended;
  }

  #offer(intake: Intake): Promise<Uint8Array> {
    if (this.#waitingCount >= waitingCountMax) {
      return Promise.reject(new GatewayError('store-full', 'too much waits for its commit'));
    }
    const stamp = this.#options.stamp();
    if (!this.#open.add(intake, stamp)) {
      this.#fill();
      this.#open.add(intake, stamp);
    }
    this.#waitingCount += 1;
    this.#waitingBytes += intake.bytes.length;
    this.#figures.offered();
    const offer = Promise.withResolvers<Uint8Array>();
    this.#offers.push(offer);
    this.#schedule();
    return offer.promise;
  }

  #signal(signal: Signal): void {
    if (this.#signalCount >= signalsMax) {
      this.#signalsDropped += 1;
      this.#figures.signalDropped();
      return;
    }
    this.#signalCount += 1;
    this.#open.addSignal(signal);
    this.#schedule();
  }

  /** Hands the open batch over when the worker is free: at once, or after a pause for company. */
  #schedule(isUrgent = false): void {
    if (this.#inWorker || this.#isScheduled || this.#isEmpty) return;
    const waitMs = this.#keptAt + this.#commitPauseMs - performance.now();
    if (isUrgent || waitMs <= 0 || this.#waitingCount >= companyCount) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#isScheduled = true;
      // After this turn of the loop, so that everything its sockets brought goes together.
      setImmediate(() => this.#handOver());
    } else {
      this.#timer ??= setTimeout(() => this.#handOver(), waitMs);
    }
  }

  #handOver(): void {
    this.#isScheduled = false;
    this.#timer = undefined;
    if (this.#inWorker || this.#isEmpty) return;
    if (this.#full.length === 0) this.#fill();
    const next = this.#full.shift();
    if (!next) return;
    const { batch, offers } = next;
    this.#inWorker = offers;
    this.#handedOverAt = performance.now();
    this.#waitingCount -= offers.length;
    this.#waitingBytes -= batch.bytes.length;
    this.#send({ kind: 'batch', batch }, [batch.bytes.buffer]);
  }

  /** The open batch takes no more: it waits for its turn, and another one is opened. */
  #fill(): void {
    this.#full.push({ batch: this.#open.close(), offers: this.#offers });
    this.#offers = [];
    this.#open = openBatch(this.#spareBuffer);
    this.#spareBuffer = undefined;
    this.#reportDroppedSignals();
  }

  get #isEmpty(): boolean {
    return this.#full.length === 0 && this.#open.isEmpty;
  }

  #reportDroppedSignals(): void {
    if (this.#signalsDropped > 0) {
      this.#options.log('intake.overloaded', { signalsDropped: this.#signalsDropped });
    }
    this.#signalCount = 0;
    this.#signalsDropped = 0;
  }

  #receive(message: FromKeeper): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve();
        break;
      case 'not-started':
        this.#ready.reject(new GatewayError(message.code, message.detail));
        break;
      case 'kept':
        this.#spareBuffer = message.buffer;
        this.#settle(message.kept);
        break;
      case 'released':
        this.#tellReleased(message.turn);
        break;
      case 'not-kept':
        this.#options.log('intake.refused', { code: message.code });
        this.#refuse(new GatewayError(message.code, message.detail));
        break;
      case 'answer':
        this.#calls.get(message.id)?.resolve(message.value);
        this.#calls.delete(message.id);
        break;
      case 'failure':
        this.#calls.get(message.id)?.reject(new GatewayError(message.code, message.detail));
        this.#calls.delete(message.id);
        break;
    }
  }

  #settle(kept: Kept): void {
    const offers = this.#inWorker ?? [];
    const replies = new Map(kept.replies);
    const refused = new Set(kept.refused);
    for (const [index, offer] of offers.entries()) {
      if (refused.has(index)) offer.reject(new GatewayError('device-unknown', 'not admitted'));
      else offer.resolve(replies.get(index) ?? noBytes);
    }
    this.#isKeeping = true;
    const durationMs = performance.now() - this.#handedOverAt;
    this.#figures.kept(kept, offers.length - refused.size, refused.size, durationMs);
    this.#tell(kept);
    this.#finish();
  }

  #tell(kept: Kept): void {
    const { rejected, findings, clockSteps, voices, shed, departures, faults, bindings } = kept;
    const { log, onDepartures, onFed, onFindings, onVoices } = this.#options;
    for (const device of new Set(faults)) log('intake.fault', { device });
    // One line for each kind of rejection: a flood of them must not become a flood of lines.
    const kinds = Map.groupBy(
      rejected,
      ({ device, stage, reason }) => `${device} ${stage} ${reason}`,
    );
    for (const [first, ...more] of kinds.values()) {
      if (!first) continue;
      const { device, stage, reason } = first;
      log('intake.rejected', { device, stage, reason, count: 1 + more.length });
    }
    for (const { device, kind, by } of bindings) {
      const isBound = kind === 'begun' || kind === 'resumed';
      log(isBound ? 'device.associated' : 'device.dissociated', { device, kind, by });
    }
    for (const { threat, detector, about, severity } of findings) {
      log('finding.new', { threat, detector, about, severity });
    }
    // The last step of a batch says where the clock is now: a mad one must not flood the log.
    for (const [device, steps] of Map.groupBy(clockSteps, (step) => step.device)) {
      const { cause, stepMs } = steps.at(-1) ?? {};
      log('device.clock-stepped', { device, cause, stepMs, count: steps.length });
    }
    for (const { kind, device, quietMs } of voices) log(`device.${kind}`, { device, quietMs });
    for (const { relay, lane, entries } of shed) log('outbox.shed', { relay, lane, entries });
    if (kept.fed.length > 0) onFed(kept.fed);
    if (findings.length > 0) onFindings(findings);
    if (voices.length > 0) onVoices(voices);
    if (departures > 0) onDepartures(kept.withAlerts);
  }

  #tellReleased({ device, departures, withAlerts, done }: HeldTurn): void {
    const { log, onDepartures } = this.#options;
    if (done && done.released > 0) log('held.released', { device, ...done });
    if (departures > 0) onDepartures(withAlerts);
  }

  #refuse(error: GatewayError): void {
    this.#isKeeping = false;
    this.#figures.notKept(this.#inWorker?.length ?? 0);
    for (const offer of this.#inWorker ?? []) offer.reject(error);
    this.#finish();
  }

  #finish(): void {
    this.#inWorker = undefined;
    this.#keptAt = performance.now();
    const hasRoom =
      this.#waitingCount <= overloadCount / 2 && this.#waitingBytes <= overloadBytes / 2;
    if (this.#wasOverloaded && hasRoom) {
      this.#wasOverloaded = false;
      for (const listener of this.#drainListeners) listener();
    }
    for (const resolve of this.#idle.splice(0)) resolve();
    this.#schedule();
  }

  #fault(error: unknown): void {
    this.#ready.reject(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
    const waiting = this.#full.flatMap(({ offers }) => offers);
    for (const offer of [...(this.#inWorker ?? []), ...waiting, ...this.#offers]) {
      offer.reject(error);
    }
    this.#options.onFault(error);
  }

  #send(message: ToKeeper, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
