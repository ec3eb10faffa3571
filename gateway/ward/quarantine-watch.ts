import type { DeviceId } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Instant } from '../core/observation.ts';
import type { Quarantine } from '../core/quarantine.ts';
import type { Response } from '../core/response.ts';
import type { Admission } from '../keeper/admission.ts';

/** How often the register is asked: a denial bites within this time. */
const lookEveryMs = 500;

export interface QuarantineWatchOptions {
  readonly call: Admission['call'];
  readonly log: Log;
  readonly now: () => Instant;
  /** The time by which things grow old; asked once. */
  readonly aged: () => Promise<number>;
  readonly onFault: (error: unknown) => void;
}

export interface QuarantineWatch {
  readonly denied: ReadonlySet<DeviceId>;
  /** Addresses that may not connect. */
  readonly blocked: ReadonlySet<string>;
  /** Calls the listener after each look from now on, one after another. */
  follow(listener: () => Promise<void>): void;
  close(): void;
}

/** Follows who is in quarantine, whoever decided it: a command in another process, a user, or time. */
export async function watchQuarantines({
  call,
  log,
  now,
  aged,
  onFault,
}: QuarantineWatchOptions): Promise<QuarantineWatch> {
  let known: ReadonlyMap<DeviceId, Quarantine> = new Map();
  let pending: ReadonlyMap<string, Response> = new Map();
  let denied: ReadonlySet<DeviceId> = new Set();
  let blocked: ReadonlySet<string> = new Set();
  let listener = async () => {};
  let isLooking = false;
  const agedAtStart = await aged();

  async function look(): Promise<void> {
    const { quarantines: rows, responses } = await call('restraints', now(), agedAtStart);
    pending = tellResponses(pending, responses, log);
    const isBlock = ({ action, state }: Response) =>
      action === 'block-address' && state === 'active';
    blocked = new Set(responses.filter(isBlock).map(({ object }) => object));
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
    get blocked() {
      return blocked;
    },
    follow(next) {
      listener = next;
    },
    close: () => clearInterval(timer),
  };
}

/** Says what is new and what is over since the last look, whoever did it. */
function tellResponses(
  before: ReadonlyMap<string, Response>,
  responses: readonly Response[],
  log: Log,
): ReadonlyMap<string, Response> {
  const now = new Map(responses.map((one) => [`${one.sequence} ${one.state}`, one]));
  for (const [key, { sequence, action, object, threat, state, episode }] of now) {
    if (before.has(key)) continue;
    const event = state === 'held' ? 'response.held' : 'response.taken';
    log(event, { sequence, action, object, threat, finding: episode });
  }
  const left = new Set(responses.map(({ sequence }) => sequence));
  for (const { sequence, action, object } of before.values()) {
    if (!left.has(sequence)) log('response.ended', { sequence, action, object });
  }
  return now;
}
