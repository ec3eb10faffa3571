import { SerialPort } from 'serialport';
import type { DeviceProfile } from '../core/device-profile.ts';
import { chunkBytesMax } from './line-intake.ts';
import { wait, within } from './line-wait.ts';
import type { LineTiming, Opening, Wire, WireEvents, WireOpener } from './line-wire.ts';
import { followModemLines, type ModemLines, noModemWatch } from './modem-lines.ts';
import {
  readAdapter as readAdapterFromSysfs,
  readNode,
  type SerialNode,
} from './serial-adapter.ts';

export type LineSettings = Pick<
  Extract<DeviceProfile['link'], { kind: 'line' }>,
  'baudRate' | 'dataBits' | 'parity' | 'stopBits'
>;

export interface SerialOptions {
  readonly path: string;
  readonly settings: LineSettings;
  readonly timing: Pick<LineTiming, 'pollPresenceMs' | 'openTimeoutMs' | 'closeTimeoutMs'>;
  readonly readAdapter?: ((deviceNumber: number) => Promise<string | undefined>) | undefined;
}

/**
 * Opens a serial port or pseudo-terminal under an exclusive lock. The adapter found at the first
 * opening is the only one accepted from then on: a swapped cable would file one patient's data
 * under another. The list of ports is never asked for, since that needs udevadm.
 */
export function serialOpener(options: SerialOptions): WireOpener {
  const { path, timing, readAdapter = readAdapterFromSysfs } = options;
  let known: { readonly adapter: string | undefined } | undefined;

  return {
    async open(events, signal): Promise<Opening> {
      const node = await readNode(path);
      if (!node) return { cause: 'missing' };
      if (!node.isPort) return { cause: 'not-a-port' };
      // Before the port is opened: opening raises DTR, which a strange device may act upon.
      const adapter = await readAdapter(node.deviceNumber);
      if (known && known.adapter !== adapter) return { cause: 'adapter-changed' };

      const port = await openPort(options);
      if (typeof port === 'string') return { cause: port };
      const wire = toWire(port, node, options, events);
      const isSame = (await readNode(path))?.key === node.key;
      if (!isSame || signal.aborted) {
        await within(wire.close(), timing.closeTimeoutMs);
        return { cause: isSame ? 'stopped' : 'node-changed' };
      }
      known = { adapter };
      return { wire };
    },

    async awaitChange(signal) {
      let before = await readNode(path);
      while (!signal.aborted) {
        await wait(timing.pollPresenceMs, signal);
        const node = await readNode(path);
        if (node && node.key !== before?.key) return;
        before = node;
      }
    },
  };
}

async function openPort({
  path,
  settings: { baudRate, dataBits, parity, stopBits },
  timing,
}: SerialOptions): Promise<SerialPort | 'open-refused' | 'open-timeout'> {
  const port = new SerialPort({
    path,
    baudRate,
    dataBits,
    parity,
    stopBits,
    lock: true,
    autoOpen: false,
    highWaterMark: chunkBytesMax,
  });
  // Without a listener an error event ends the process; what it means is read off the calls.
  port.on('error', () => {});
  const opened = new Promise<boolean>((resolve) => {
    port.open((error) => resolve(!error));
  });
  if (!(await within(opened, timing.openTimeoutMs))) {
    // The driver may still answer; the port must not stay locked then.
    void opened.then((isOpen) => isOpen && port.close());
    return 'open-timeout';
  }
  return (await opened) ? port : 'open-refused';
}

function toWire(
  port: SerialPort,
  node: SerialNode,
  { path, timing }: SerialOptions,
  events: WireEvents,
): Wire {
  const over = new AbortController();
  port.pause();
  port.on('data', (bytes: Uint8Array) => {
    if (!over.signal.aborted) events.onBytes(bytes);
  });
  port.on('close', () => events.onClosed('unplugged'));
  port.on('error', () => events.onClosed('reset'));
  void watchPresence(path, node, timing.pollPresenceMs, events, over.signal);
  void watchModemLines(port, timing.pollPresenceMs, events, over.signal);

  return {
    resume: () => void port.resume(),
    pause: () => void port.pause(),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        port.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      over.abort();
      if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
      else if (port.closing) await new Promise((resolve) => port.once('close', resolve));
    },
  };
}

/** A pseudo-terminal, and some adapters, have no such lines: then nobody asks again. */
async function watchModemLines(
  port: SerialPort,
  pollMs: number,
  { onClosed }: WireEvents,
  signal: AbortSignal,
): Promise<void> {
  let watch = noModemWatch;
  while (!signal.aborted) {
    await wait(pollMs, signal);
    if (signal.aborted || !port.isOpen) return;
    const lines = await new Promise<ModemLines | undefined>((resolve) => {
      port.get((error, status) => resolve(error ? undefined : status));
    });
    if (!lines) return;
    const look = followModemLines(watch, lines);
    watch = look.watch;
    if (!look.isLost || signal.aborted) continue;
    onClosed('cable-pulled');
    return;
  }
}

/**
 * node-serialport may never learn of an unplugged adapter: a read of a port that hung up returns no
 * bytes and no error, and the binding then reads again without end. Closing it stops that too.
 */
async function watchPresence(
  path: string,
  opened: SerialNode,
  pollPresenceMs: number,
  { onClosed }: WireEvents,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await wait(pollPresenceMs, signal);
    if (signal.aborted) return;
    const node = await readNode(path);
    if (node?.key === opened.key) continue;
    onClosed(node ? 'node-changed' : 'unplugged');
    return;
  }
}
