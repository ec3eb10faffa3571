import type { DeviceProfile } from '../core/device-profile.ts';
import { LineIntake, type LineIntakeOptions } from './line-intake.ts';
import { countStrangers } from './line-strangers.ts';
import { untilAborted, wait, within } from './line-wait.ts';
import type { LineCause, LineTiming, Wire, WireOpener } from './line-wire.ts';
import { type LineSettings, serialOpener } from './serial-line.ts';
import { tcpOpener } from './tcp-line.ts';
import { tcpListenerOpener } from './tcp-listener-line.ts';
import { type UdpEndpoint, udpOpener } from './udp-line.ts';

/**
 * A serial port by its path (best under /dev/serial/by-id), a serial device server that is called,
 * one that calls, or a device that exchanges datagrams.
 */
export type LineEndpoint =
  | { readonly kind: 'serial'; readonly path: string; readonly settings: LineSettings }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'tcp-listener';
      readonly host: string;
      readonly port: number;
      readonly from: string;
    }
  | ({ readonly kind: 'udp' } & UdpEndpoint);

export interface LineOptions extends Omit<LineIntakeOptions, 'writeTimeoutMs'> {
  readonly endpoint: LineEndpoint;
  readonly timing: LineTiming;
  /** A number in [0, 1): spreads the attempts of many lines. */
  readonly chance?: () => number;
  /** Which adapter a device number belongs to; read from sysfs unless told otherwise. */
  readonly readAdapter?: (deviceNumber: number) => Promise<string | undefined>;
}

export type LineState = 'open' | 'closed' | 'refused';

/** A continuous byte stream from one device, kept open until it is closed. */
export interface Line {
  /** `refused`: another adapter answers on the path, and no byte of it is read. */
  readonly state: LineState;
  /** Writes the replies still owed, then releases the port. Bounded; never rejects. */
  close(): Promise<void>;
}

/** A line is opened anew after this many of the profile's silences in a row ... */
const silencesMax = 3;
/** ... yet never more often than this, and no later than a timer can wait (2³¹ - 1 ms). */
const silentCloseMsMin = 5_000;
const timerMsMax = 2_147_483_647;
/** Each reopening that brought no byte doubles the silence waited for, up to this or the first. */
const silentCloseMsMax = 600_000;

/** The waits of a line whose device is called silent after `silentAfterMs`. */
export function lineTiming({ silentAfterMs }: Pick<DeviceProfile, 'silentAfterMs'>): LineTiming {
  return {
    pollPresenceMs: 1_000,
    reopenMinMs: 250,
    reopenMaxMs: 30_000,
    stableAfterMs: 10_000,
    silentCloseMs: Math.min(Math.max(silencesMax * silentAfterMs, silentCloseMsMin), timerMsMax),
    openTimeoutMs: 10_000,
    writeTimeoutMs: 5_000,
    closeTimeoutMs: 2_000,
  };
}

/**
 * Opens the line and keeps it open: after unplugging, silence or a broken connection it is opened
 * anew, with exponential back-off. It never throws: a line that is not there yet is waited for.
 */
export function startLine(options: LineOptions): Line {
  return new KeptLine(options, openerOf(options));
}

function openerOf({ endpoint, timing, readAdapter, ...options }: LineOptions): WireOpener {
  const { device, intake, now } = options;
  switch (endpoint.kind) {
    case 'serial':
      return serialOpener({ ...endpoint, timing, readAdapter });
    case 'tcp':
      return tcpOpener({ ...endpoint, timing });
    case 'tcp-listener':
      return tcpListenerOpener({ ...endpoint, timing, onStranger: countStrangers(options) });
    case 'udp': {
      const onDropped = () =>
        intake.signal({ kind: 'limit', limit: 'udp-datagrams-held', device, at: now() });
      return udpOpener({ ...endpoint, timing, onStranger: countStrangers(options), onDropped });
    }
  }
}

/**
 * How long to wait before attempt `attempt` (from 1): doubled each time up to the maximum, and of
 * that a random half to the whole, so that lines which broke together do not return together.
 */
export function reopenDelayMs(
  attempt: number,
  { reopenMinMs, reopenMaxMs }: Pick<LineTiming, 'reopenMinMs' | 'reopenMaxMs'>,
  chance: () => number,
): number {
  const wholeMs = Math.min(reopenMinMs * 2 ** (attempt - 1), reopenMaxMs);
  return Math.round(wholeMs * (0.5 + 0.5 * chance()));
}

/** A device that is switched off for the night must not make its line close every few seconds. */
export function silenceLimitMs(silentCloseMs: number, silencesInRow: number): number {
  return Math.min(silentCloseMs * 2 ** silencesInRow, Math.max(silentCloseMs, silentCloseMsMax));
}

class KeptLine implements Line {
  readonly #options: LineOptions;
  readonly #opener: WireOpener;
  readonly #intake: LineIntake;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #state: LineState = 'closed';
  #silence: NodeJS.Timeout | undefined;
  #silencesInRow = 0;
  /** What was last reported while closed: an absent adapter is news once, not every attempt. */
  #reported: LineCause | undefined;

  constructor(options: LineOptions, opener: WireOpener) {
    this.#options = options;
    this.#opener = opener;
    this.#intake = new LineIntake({ ...options, writeTimeoutMs: options.timing.writeTimeoutMs });
    this.#ended = this.#keep();
  }

  get state(): LineState {
    return this.#state;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #keep(): Promise<void> {
    const { timing, chance = Math.random } = this.#options;
    let attempt = 0;
    while (!this.#stop.signal.aborted) {
      const { cause, wasStable } = await this.#openOnce();
      // A quiet line is no failing one: it is open again at once, or a device that wakes is missed.
      attempt = wasStable || cause === 'silent' ? 1 : attempt + 1;
      const retryInMs = reopenDelayMs(attempt, timing, chance);
      this.#report(cause, retryInMs);
      await this.#awaitRetry(retryInMs);
    }
  }

  /** One opening, from the attempt to the close. */
  async #openOnce(): Promise<{ cause: LineCause; wasStable: boolean }> {
    const closed = Promise.withResolvers<LineCause>();
    const { wire, cause } = await this.#opener.open(
      { onBytes: (bytes) => this.#hear(bytes), onClosed: closed.resolve },
      this.#stop.signal,
    );
    if (!wire) return { cause, wasStable: false };

    let wasStable = false;
    const stable = setTimeout(() => {
      wasStable = true;
    }, this.#options.timing.stableAfterMs);
    const onStop = () => closed.resolve('stopped');
    this.#stop.signal.addEventListener('abort', onStop);
    if (this.#stop.signal.aborted) onStop();

    this.#watchSilence(closed.resolve);
    this.#announce();
    this.#intake.begin(wire, () => closed.resolve('write-stalled'));
    const closedBy = await closed.promise;

    clearTimeout(stable);
    clearTimeout(this.#silence);
    this.#stop.signal.removeEventListener('abort', onStop);
    await this.#release(wire, closedBy);
    return { cause: closedBy, wasStable };
  }

  #hear(bytes: Uint8Array): void {
    this.#silencesInRow = 0;
    this.#silence?.refresh();
    this.#intake.accept(bytes);
  }

  /**
   * A port may go quiet without any error, and a TCP peer may be long gone. Closing also frees the
   * device node, without which a USB adapter that comes back gets another name.
   */
  #watchSilence(close: (cause: LineCause) => void): void {
    const { silentCloseMs } = this.#options.timing;
    this.#silence = setTimeout(
      () => {
        // While the gateway itself does not read, the silence says nothing about the device.
        if (this.#intake.isPaused) {
          this.#silence?.refresh();
          return;
        }
        this.#silencesInRow += 1;
        close('silent');
      },
      silenceLimitMs(silentCloseMs, this.#silencesInRow),
    );
  }

  #announce(): void {
    const { device, intake, log, now } = this.#options;
    this.#state = 'open';
    this.#reported = undefined;
    intake.signal({ kind: 'line-opened', device, at: now(), ...this.#address() });
    log('line.opened', { device });
  }

  async #release(wire: Wire, cause: LineCause): Promise<void> {
    const { closeTimeoutMs } = this.#options.timing;
    if (cause === 'stopped') await within(this.#intake.drain(), closeTimeoutMs);
    this.#intake.end();
    await within(wire.close(), closeTimeoutMs);
  }

  #report(cause: LineCause, retryInMs: number): void {
    const { device, intake, log, now } = this.#options;
    this.#state = cause === 'adapter-changed' ? 'refused' : 'closed';
    if (cause === this.#reported) return;
    this.#reported = cause;
    intake.signal({ kind: 'line-closed', cause, device, at: now(), ...this.#address() });
    log('line.closed', { device, cause, ...(cause !== 'stopped' && { retryInMs }) });
  }

  async #awaitRetry(retryInMs: number): Promise<void> {
    const over = new AbortController();
    const onStop = () => over.abort();
    this.#stop.signal.addEventListener('abort', onStop);
    if (this.#stop.signal.aborted) onStop();
    await Promise.race([
      wait(retryInMs, over.signal),
      this.#opener.awaitChange(over.signal),
      untilAborted(over.signal),
    ]);
    over.abort();
    this.#stop.signal.removeEventListener('abort', onStop);
  }

  #address(): { readonly address?: string } {
    const { endpoint } = this.#options;
    if (endpoint.kind === 'serial') return {};
    return { address: endpoint.kind === 'tcp-listener' ? endpoint.from : endpoint.host };
  }
}
