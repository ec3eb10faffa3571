import type { Log } from '../core/event.ts';
import {
  earliestBelievableTime,
  followTime,
  type GatewayTime,
  startTime,
  type TimeSample,
  type TimeService,
} from '../core/gateway-time.ts';
import type { Instant } from '../core/observation.ts';

/** The two clocks are compared this often. */
const compareEveryMs = 1_000;
/** The time service is asked this often while the time is known, and while it is not. */
const askEveryMs = 60_000;
const askUntrustedEveryMs = 2_000;
/** What was told once is told anew when a step, or many small corrections, made more than this of it. */
const toldMsMax = 500;

/** The one clock of the gateway: it never jumps, but when the time becomes known. */
export interface GatewayClock {
  now(): Instant;
  isTrusted(): boolean;
  /** A time service says that it is right. */
  isVouched(): boolean;
  /** Looks for the first time. `floorMs` is the newest time that was ever known here. */
  start(floorMs: number): Promise<void>;
  close(): void;
}

export interface GatewayClockOptions {
  readonly wall: () => number;
  /** The clock nobody sets. */
  readonly monotonicMs: () => number;
  readonly timeService: () => Promise<TimeService>;
  /**
   * The time is known from now on, or another one than before: true time minus monotonic time. Called
   * again until it succeeds.
   */
  readonly onTrusted: (anchorMs: number) => Promise<boolean>;
  /** Somebody set the wall clock. */
  readonly onStep: (step: { readonly stepMs: number; readonly isFollowed: boolean }) => void;
  readonly log: Log;
  readonly onFault: (error: unknown) => void;
}

export function createGatewayClock(options: GatewayClockOptions): GatewayClock {
  return new RunningClock(options);
}

class RunningClock implements GatewayClock {
  readonly #options: GatewayClockOptions;
  #time: GatewayTime;
  #floorMs = earliestBelievableTime;
  #service: TimeService = 'unsynchronised';
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isComparing = false;
  /** The anchor that the store knows; what is dated without one in this run of the machine is repaired by it. */
  #toldMs: number | undefined;

  constructor(options: GatewayClockOptions) {
    this.#options = options;
    this.#time = startTime(this.#sample(), this.#floorMs);
  }

  now(): Instant {
    return Math.round(this.#options.monotonicMs() + this.#time.anchorMs) as Instant;
  }

  isTrusted(): boolean {
    return this.#time.isTrusted;
  }

  isVouched(): boolean {
    return this.isTrusted() && this.#service === 'synchronised';
  }

  async start(floorMs: number): Promise<void> {
    this.#floorMs = floorMs;
    this.#service = await this.#options.timeService();
    this.#time = startTime(this.#sample(), floorMs);
    if (!this.isTrusted()) this.#options.log('time.untrusted', { service: this.#service });
    await this.#tell();
    const compare = () => void this.#compare().catch(this.#options.onFault);
    this.#timer = setInterval(compare, compareEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): TimeSample {
    return {
      wallMs: this.#options.wall(),
      monotonicMs: this.#options.monotonicMs(),
      service: this.#service,
    };
  }

  async #compare(): Promise<void> {
    if (this.#isComparing) return;
    this.#isComparing = true;
    try {
      const before = this.#time;
      // A jump is judged by what the time service says of it now.
      const isJump = followTime(before, this.#sample(), this.#floorMs).step !== undefined;
      const waitMs = before.isTrusted ? askEveryMs : askUntrustedEveryMs;
      if (isJump || this.#options.monotonicMs() - this.#askedAt >= waitMs) {
        this.#service = await this.#options.timeService();
        this.#askedAt = this.#options.monotonicMs();
      }
      const { time, step } = followTime(before, this.#sample(), this.#floorMs);
      this.#time = time;
      if (step) {
        this.#options.log('time.stepped', step);
        this.#options.onStep(step);
      }
      if (time.isTrusted && !before.isTrusted) {
        const repairedByMs = Math.round(time.anchorMs - before.anchorMs);
        this.#options.log('time.trusted', { repairedByMs });
      }
      await this.#tell();
    } finally {
      this.#isComparing = false;
    }
  }

  async #tell(): Promise<void> {
    const { isTrusted, anchorMs } = this.#time;
    const isNews = this.#toldMs === undefined || Math.abs(anchorMs - this.#toldMs) > toldMsMax;
    if (isTrusted && isNews && (await this.#options.onTrusted(anchorMs))) this.#toldMs = anchorMs;
  }
}
