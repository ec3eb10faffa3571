import { EventEmitter, once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { EventFields, EventName } from '../../gateway/core/event.ts';
import type { Intake } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { type Line, type LineOptions, startLine } from '../../gateway/links/line.ts';
import type { LineTiming } from '../../gateway/links/line-wire.ts';

/** Short waits, and no silence unless a test asks for one. */
export const quick: LineTiming = {
  pollPresenceMs: 20,
  reopenMinMs: 10,
  reopenMaxMs: 80,
  stableAfterMs: 10_000,
  silentCloseMs: 60_000,
  openTimeoutMs: 5_000,
  writeTimeoutMs: 5_000,
  closeTimeoutMs: 2_000,
};

export interface LineUnderTest {
  readonly line: Line;
  readonly taken: readonly Intake[];
  readonly signals: readonly Signal[];
  readonly logged: readonly { readonly event: EventName; readonly fields: EventFields }[];
  /** Everything heard so far as one piece. */
  bytes(): Buffer;
  /** Resolves as soon as it holds; looked at whenever the line did anything. */
  until(condition: () => boolean): Promise<void>;
  opened(): number;
  closedBy(): string[];
  /** How long each retry was put off, in milliseconds. */
  waits(): number[];
}

/** Of a port; a pseudo-terminal takes any. */
export const portSettings = { baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

type Settings = Pick<LineOptions, 'endpoint'> &
  Partial<LineOptions> & {
    /** Answers like the intake after its commit; by default it keeps everything and owes nothing. */
    readonly answer?: (intake: Intake) => Promise<Uint8Array>;
  };

/** A real line into an intake that remembers. Closed with the test. */
export function openLine({ answer, ...settings }: Settings): LineUnderTest {
  const changes = new EventEmitter();
  const taken: Intake[] = [];
  const signals: Signal[] = [];
  const logged: { event: EventName; fields: EventFields }[] = [];
  const line = startLine({
    device: 'oxi-12' as DeviceId,
    timing: quick,
    now: () => Date.now() as Instant,
    intake: {
      async offer(intake) {
        taken.push(intake);
        changes.emit('change');
        return answer ? answer(intake) : new Uint8Array();
      },
      signal(signal) {
        signals.push(signal);
        changes.emit('change');
      },
    },
    log(event, fields = {}) {
      logged.push({ event, fields });
      changes.emit('change');
    },
    ...settings,
  });
  onTestFinished(() => line.close());
  return {
    line,
    taken,
    signals,
    logged,
    bytes: () => Buffer.concat(taken.map(({ bytes }) => bytes)),
    async until(condition) {
      while (!condition()) await once(changes, 'change');
    },
    opened: () => signals.filter(({ kind }) => kind === 'line-opened').length,
    closedBy: () => signals.flatMap((each) => (each.kind === 'line-closed' ? [each.cause] : [])),
    waits: () =>
      logged.flatMap(({ fields: { retryInMs } }) =>
        typeof retryInMs === 'number' ? [retryInMs] : [],
      ),
  };
}
