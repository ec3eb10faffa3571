import { EventEmitter, once } from 'node:events';
import { onTestFinished } from 'vitest';
import vitalSigns from '../../device-profiles/generic/vital-signs-monitor.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { EventFields, EventName } from '../../gateway/core/event.ts';
import type { Intake, IntakeQueue } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { type MqttBroker, startMqttBroker } from '../../gateway/links/mqtt-broker.ts';
import { defaultMqttLimits, type MqttLimits } from '../../gateway/links/mqtt-limits.ts';
import type { TestAuthority } from './mqtt-certificates.ts';
import { ManualStanding } from './standing.ts';

/** An intake that keeps what it is offered when the test says so. */
class ManualIntake implements IntakeQueue {
  readonly offered: Intake[] = [];
  readonly signals: Signal[] = [];
  readonly changes = new EventEmitter();
  /** True: everything is kept at once. */
  isEager = true;
  isOverloaded = false;
  drained: () => void = () => {};
  readonly #waiting: PromiseWithResolvers<Uint8Array>[] = [];

  offer(intake: Intake): Promise<Uint8Array> {
    // The bytes are a view of the socket's buffer.
    this.offered.push({ ...intake, bytes: Uint8Array.from(intake.bytes) });
    const waiting = Promise.withResolvers<Uint8Array>();
    if (this.isEager) waiting.resolve(new Uint8Array());
    else this.#waiting.push(waiting);
    this.changes.emit('change');
    return waiting.promise;
  }

  signal(signal: Signal): void {
    this.signals.push(signal);
    this.changes.emit('change');
  }

  /** Commits the oldest `count` offers; the newest first when asked to. */
  keep(count = this.#waiting.length, order: 'oldest' | 'newest' = 'oldest'): void {
    const batch = this.#waiting.splice(0, count);
    if (order === 'newest') batch.reverse();
    for (const waiting of batch) waiting.resolve(new Uint8Array());
  }

  lose(): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new Error('disk full'));
  }

  async until(isDone: (intake: this) => boolean): Promise<void> {
    while (!isDone(this)) await once(this.changes, 'change');
  }

  async untilSignal(wanted: Partial<Record<string, unknown>>): Promise<Signal> {
    const matches = (signal: Signal) =>
      Object.entries(wanted).every(([key, value]) => Reflect.get(signal, key) === value);
    await this.until(({ signals }) => signals.some(matches));
    const found = this.signals.find(matches);
    if (found === undefined) throw new Error('no such signal');
    return found;
  }

  get texts(): string[] {
    return this.offered.map(({ bytes }) => Buffer.from(bytes).toString());
  }
}

export interface BrokerUnderTest {
  readonly broker: MqttBroker;
  readonly intake: ManualIntake;
  readonly lines: { readonly event: EventName; readonly fields: EventFields }[];
  readonly registered: Set<string>;
  readonly standing: ManualStanding;
}

/** A broker of this test's own on a free port, for devices that are vital-signs monitors. */
export async function startBroker(
  authority: TestAuthority,
  limits: Partial<MqttLimits> = {},
): Promise<BrokerUnderTest> {
  const intake = new ManualIntake();
  const lines: { event: EventName; fields: EventFields }[] = [];
  const standing = new ManualStanding();
  const registered = new Set(['oxi-12', 'vent-2', 'oxi-13']);
  const broker = await startMqttBroker({
    host: '127.0.0.1',
    port: 0,
    tls: { ...(await authority.server()), ca: [authority.ca] },
    standing,
    limits: { ...defaultMqttLimits, sweepMs: 20, ...limits },
    device: async (id: DeviceId) => (registered.has(id) ? vitalSigns : undefined),
    intake,
    isOverloaded: () => intake.isOverloaded,
    onDrain: (listener) => {
      intake.drained = listener;
    },
    now: () => Date.now() as Instant,
    log: (event, fields = {}) => void lines.push({ event, fields }),
  });
  onTestFinished(() => broker.close());
  return { broker, intake, lines, registered, standing };
}
