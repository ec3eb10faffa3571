import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { defineCommand, dirOption } from '../command.ts';
import { alertEvents } from '../core/alert.ts';
import type { DeviceId } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import { metrics } from '../core/metric.ts';
import type { Instant, Observation } from '../core/observation.ts';
import type { ProtocolStep } from '../core/protocol.ts';
import { findProtocol, loadProtocols } from '../policy-maker.ts';
import { findProfile, loadProfiles } from '../site/profiles.ts';
import { check } from '../stages/check.ts';
import { arrivalOf, date } from '../stages/date.ts';
import { decode, planDecoding } from '../stages/decode.ts';

export default defineCommand({
  name: 'decode',
  summary: 'Reads a capture: one observation a line as JSON, rejections on stderr, then a summary.',
  arguments: ['<file>'],
  options: z.strictObject({
    dir: dirOption,
    profile: z.string().describe('Whose bytes they are: an id of wardgate profile list.'),
    chunk: z.int().min(1).max(65_536).default(65_536).describe('Bytes fed at a time.'),
  }),
  example: 'wardgate decode --profile masimo-radical-7 capture.txt',

  async run({ arguments: [file = '-'], options, print, remark }) {
    const profile = findProfile(await loadProfiles(options.dir), options.profile);
    const protocol = findProtocol(await loadProtocols(), profile);
    const plan = planDecoding(profile);
    const summary = {
      bytes: 0,
      records: 0,
      observations: 0,
      rejected: 0,
      omitted: 0,
      discardedBytes: 0,
    };
    const receivedAt = Date.now() as Instant;
    const arrival = arrivalOf({ receivedAt });
    let state = protocol.start;

    const take = ({ records, discardedBytes }: Pick<ProtocolStep<unknown>, Taken>) => {
      summary.discardedBytes += discardedBytes;
      for (const record of records) {
        summary.records += 1;
        const key = `${summary.records}`;
        const device = (record.serialNumber ?? profile.id) as DeviceId;
        // A capture says when nothing of it arrived, so no clock can be judged by it.
        const dating = date(record, arrival, undefined);
        const decoded = decode({ key, device, plan, record, receivedAt, dating });
        const checked = check(decoded.observations);
        for (const observation of checked.observations) print(lineOf(observation));
        for (const rejection of [...decoded.rejected, ...checked.rejected]) {
          remark(JSON.stringify({ rejected: rejection.reason, detail: rejection.detail }));
        }
        summary.observations += checked.observations.length;
        summary.omitted += decoded.omitted;
        summary.rejected += decoded.rejected.length + checked.rejected.length;
      }
    };
    const reader = watchReader(process.stdout);
    for await (const chunk of chunks(file, options.chunk, reader.gone)) {
      const step = protocol.step(state, chunk);
      state = step.state;
      summary.bytes += chunk.length;
      take(step);
      // Whoever read has seen enough: a capture without an end would be decoded for nobody.
      if (!(await reader.isReady())) return 0;
    }
    reader.leave();
    take(protocol.finish(state));
    print(JSON.stringify({ summary }));
    return 0;
  },
});

type Taken = 'records' | 'discardedBytes';

/** Decoding waits for a slow reader of its output, and ends with it. */
function watchReader(output: NodeJS.WriteStream) {
  const over = new AbortController();
  const { signal } = over;
  const onError = () => over.abort();
  output.once('error', onError);
  return {
    gone: signal,
    leave: () => void output.off('error', onError),
    async isReady(): Promise<boolean> {
      // Where the reader left, the drain never comes; the abort ends the wait.
      if (output.writableNeedDrain) await once(output, 'drain', { signal }).catch(() => undefined);
      return !signal.aborted;
    },
  };
}

/** Exactly `size` bytes at a time, but for the last. */
async function* chunks(file: string, size: number, gone: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream = file === '-' ? process.stdin : createReadStream(file);
  gone.addEventListener('abort', () => stream.destroy(), { once: true });
  let held = Buffer.alloc(0);
  try {
    for await (const piece of stream) {
      held = Buffer.concat([held, piece as Buffer]);
      let start = 0;
      for (; start + size <= held.length; start += size) yield held.subarray(start, start + size);
      held = held.subarray(start);
    }
  } catch (cause) {
    if (gone.aborted) return;
    throw new GatewayError('capture-unreadable', `${file}: ${String(cause)}`, { cause });
  }
  if (held.length > 0) yield held;
}

function lineOf(observation: Observation): string {
  const { device, deviceTime, quality, at, clock, uncertaintyMs } = observation;
  const common = { at: new Date(at).toISOString(), clock, uncertaintyMs, deviceTime, quality };
  if (observation.kind === 'alert') {
    const { event, metric, phase, priority } = observation;
    const code = alertEvents[event];
    return JSON.stringify({ device, alert: event, code, metric, phase, priority, ...common });
  }
  const { metric, value, absent } = observation;
  const { code, unit, loinc } = metrics[metric] as { code?: number; unit: string; loinc?: string };
  return JSON.stringify({ device, metric, code: code ?? loinc, value, unit, absent, ...common });
}
