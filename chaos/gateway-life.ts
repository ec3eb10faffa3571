import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, spawnGateway } from '../gateway/demo/gateway-process.ts';

/** The gateway through all its deaths. */
export interface GatewayLife {
  readonly starts: () => number;
  /** How often each event was logged. */
  readonly events: ReadonlyMap<string, number>;
  /** Ends that nothing here asked for. */
  readonly crashes: () => number;
  /** Once the gateway has the time its wall clock shows now, if it ever does within a minute. */
  noticesTime(): Promise<void>;
  start(): Promise<void>;
  /** Started anew if it crashed, as whoever supervises it would. */
  revive(): Promise<void>;
  /** SIGKILL, now. */
  kill(): Promise<void>;
  /** Whether it died by what it was told to die of, in time; it is killed otherwise. */
  died(withinMs: number): Promise<boolean>;
  /** SIGTERM without waiting: it may die of something else on its way. */
  terminate(): void;
  /** SIGTERM, and that it ended well. */
  stop(): Promise<void>;
}

/** It compares its clocks every second. */
const compareMs = 3_000;
const noticeMsMax = 60_000;
const lookMs = 20;

export function createLife(
  directory: string,
  variables: Readonly<Record<string, string>>,
): GatewayLife {
  const events = new Map<string, number>();
  let starts = 0;
  let crashes = 0;
  let gateway: GatewayProcess | undefined;
  let isExpected = true;
  let readyAt = Number.NEGATIVE_INFINITY;
  const timesLearned = () => (events.get('time.stepped') ?? 0) + (events.get('time.trusted') ?? 0);

  function onEvent({ event }: Readonly<Record<string, unknown>>): void {
    events.set(`${event}`, (events.get(`${event}`) ?? 0) + 1);
  }

  async function start(): Promise<void> {
    starts += 1;
    const born = await spawnGateway(directory, onEvent, variables);
    gateway = born;
    readyAt = performance.now();
    isExpected = false;
    void born.ended.then(() => {
      if (isExpected || gateway !== born) return;
      crashes += 1;
      gateway = undefined;
    });
  }

  return {
    starts: () => starts,
    events,
    crashes: () => crashes,
    async noticesTime() {
      const since = performance.now();
      const before = timesLearned();
      const isBornSince = () => readyAt > since && performance.now() - readyAt > compareMs;
      while (timesLearned() === before && !isBornSince()) {
        if (performance.now() - since > noticeMsMax) return;
        await delay(lookMs);
      }
    },
    start,
    async revive() {
      if (!gateway) await start();
    },
    async kill() {
      isExpected = true;
      await gateway?.kill();
    },
    async died(withinMs) {
      isExpected = true;
      const over = new AbortController();
      const late = delay(withinMs, false, { signal: over.signal }).catch(() => false);
      const hasDied = await Promise.race([gateway?.ended.then(() => true), late]);
      over.abort();
      if (hasDied !== true) await gateway?.kill();
      return hasDied === true;
    },
    terminate() {
      isExpected = true;
      if (gateway) process.kill(gateway.pid, 'SIGTERM');
    },
    async stop() {
      isExpected = true;
      try {
        await gateway?.stop();
      } catch {
        // It did not end well when it was asked to: that is a crash like any other.
        crashes += 1;
      }
    },
  };
}
