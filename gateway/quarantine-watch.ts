import type { Admission } from './admission.ts';
import type { DeviceId } from './core/device.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import type { Quarantine } from './core/quarantine.ts';

/** How often the register is asked: a denial bites within this time. */
const lookEveryMs = 500;

export interface QuarantineWatchOptions {
  readonly call: Admission['call'];
  readonly log: Log;
  readonly now: () => Instant;
  readonly onFault: (error: unknown) => void;
}

export interface QuarantineWatch {
  readonly denied: ReadonlySet<DeviceId>;
  /** Calls the listener after each look from now on, one after another. */
  follow(listener: () => Promise<void>): void;
  close(): void;
}

/** Follows who is in quarantine, whoever decided it: a command in another process, a user, or time. */
export async function watchQuarantines({
  call,
  log,
  now,
  onFault,
}: QuarantineWatchOptions): Promise<QuarantineWatch> {
  let known: ReadonlyMap<DeviceId, Quarantine> = new Map();
  let denied: ReadonlySet<DeviceId> = new Set();
  let listener = async () => {};
  let isLooking = false;

  async function look(): Promise<void> {
    const rows = await call('quarantines', now());
    for (const { device, mode, since } of rows) {
      if (known.get(device)?.since !== since) log('device.quarantined', { device, mode });
    }
    const next = new Map(rows.map((row) => [row.device, row]));
    for (const device of known.keys()) if (!next.has(device)) log('device.released', { device });
    known = next;
    denied = new Set(rows.filter(({ mode }) => mode === 'deny').map(({ device }) => device));
    await listener();
  }

  async function lookAgain(): Promise<void> {
    // A keeper that is busy is not asked twice.
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
    } catch (error) {
      // What was known before stays in force; the next look comes soon.
      if (!(error instanceof GatewayError)) return onFault(error);
      log('gateway.failed', { code: error.code, task: 'quarantine' });
    } finally {
      isLooking = false;
    }
  }

  await look();
  const timer = setInterval(() => void lookAgain(), lookEveryMs);
  return {
    get denied() {
      return denied;
    },
    follow(next) {
      listener = next;
    },
    close: () => clearInterval(timer),
  };
}
