import { createSecretKey, randomBytes } from 'node:crypto';
import type { DeviceId } from './core/device.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import { GatewayError } from './core/error.ts';
import type { EventFields, EventName } from './core/event.ts';
import type { Intake } from './core/intake.ts';
import { type MaskedFrame, maskWith } from './core/mask.ts';
import type { Instant } from './core/observation.ts';
import { type DeviceRecord, noBytes, type Protocol } from './core/protocol.ts';
import { type LineEndpoint, lineTiming, startLine } from './links/line.ts';
import { check } from './stages/check.ts';
import { arrivalOf, date } from './stages/date.ts';
import { decode, planDecoding } from './stages/decode.ts';

/** What a device said on its line, as it came. */
export interface Recording {
  readonly chunks: readonly { readonly atMs: number; readonly bytes: Uint8Array }[];
  readonly isFull: boolean;
}

export interface RecordingOptions {
  readonly profile: DeviceProfile;
  readonly protocol: Protocol;
  readonly endpoint: LineEndpoint;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly now: () => Instant;
  readonly log: (event: EventName, fields?: EventFields) => void;
}

/** A monitor with all its waves says this much in a quarter of an hour. */
const recordingBytesMax = 8 * 2 ** 20;

/**
 * Listens to a line that no gateway uses meanwhile. A device that must be asked is asked, but what a
 * device hands over is never acknowledged: nothing here is kept, and it must say it again.
 */
export async function recordLine(options: RecordingOptions): Promise<Recording> {
  const { profile, protocol, endpoint, signal, now, log } = options;
  const started = now();
  const full = new AbortController();
  const chunks: { atMs: number; bytes: Uint8Array }[] = [];
  let size = 0;
  let state = protocol.start;

  async function offer({ bytes, isTurn, isLast, isFirst }: Intake): Promise<Uint8Array> {
    if (isFirst) state = protocol.start;
    if (isTurn) {
      const spoken = isLast ? protocol.leave?.(state) : protocol.speak?.(state, now());
      state = spoken?.state ?? state;
      return spoken?.bytes ?? noBytes;
    }
    if (size + bytes.length > recordingBytesMax) full.abort();
    if (full.signal.aborted) return noBytes;
    size += bytes.length;
    chunks.push({ atMs: now() - started, bytes });
    const step = protocol.step(state, bytes);
    ({ state } = step);
    return step.records.length === 0 ? step.reply : noBytes;
  }

  const line = startLine({
    device: 'capture' as DeviceId,
    endpoint,
    timing: lineTiming(profile),
    speaks: protocol.speak !== undefined,
    intake: { offer, signal: () => undefined },
    now,
    log,
  });
  const over = AbortSignal.any([
    signal,
    full.signal,
    AbortSignal.timeout(Math.round(options.seconds * 1_000)),
  ]);
  if (!over.aborted) {
    await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve()));
  }
  await line.close();
  return { chunks, isFull: full.signal.aborted };
}

/** A capture that names nobody. */
export interface MaskedCapture {
  readonly bytes: Uint8Array;
  /** Where each frame begins in `bytes`, and where it began in the recording. */
  readonly frames: readonly (readonly [masked: number, recorded: number])[];
  readonly withheldBytes: number;
}

/**
 * Masks a capture and proves it: it still decodes to the same observations, and nothing that the
 * records name stands in it any more.
 *
 * @throws GatewayError `capture-not-masked`; then nothing may be written.
 */
export function maskCapture(
  recorded: Uint8Array,
  profile: DeviceProfile,
  protocol: Protocol,
): MaskedCapture {
  if (!protocol.mask) {
    throw new GatewayError('capture-not-masked', `${protocol.id} declares no mask`);
  }
  // Thrown away when this ends: nobody can go back, and no two captures can be joined.
  const key = createSecretKey(randomBytes(32));
  const masked = join(protocol.mask(recorded, maskWith(key)), recorded.length);
  const before = recordsOf(protocol, recorded);
  const after = recordsOf(protocol, masked.bytes);
  if (JSON.stringify(saidBy(before, profile)) !== JSON.stringify(saidBy(after, profile))) {
    throw new GatewayError('capture-not-masked', 'the masked capture decodes to something else');
  }
  for (const name of namesIn(before)) {
    if (writtenForms(name).some((form) => Buffer.from(masked.bytes).includes(form))) {
      throw new GatewayError('capture-not-masked', 'a name in it could not be masked');
    }
  }
  return masked;
}

function join(frames: readonly MaskedFrame[], recordedBytes: number): MaskedCapture {
  const places: [number, number][] = [];
  let offset = 0;
  let covered = 0;
  let coveredTo = 0;
  for (const { start, end, bytes } of frames) {
    places.push([offset, start]);
    offset += bytes.length;
    // Two frames may share the byte between them.
    covered += Math.max(0, end - Math.max(start, coveredTo));
    coveredTo = Math.max(coveredTo, end);
  }
  const bytes = Buffer.concat(frames.map((frame) => frame.bytes));
  return { bytes, frames: places, withheldBytes: recordedBytes - covered };
}

function recordsOf(protocol: Protocol, bytes: Uint8Array): readonly DeviceRecord[] {
  const { state, records } = protocol.step(protocol.start, bytes);
  return [...records, ...protocol.finish(state).records];
}

/** Observations without the names that the mask changes. */
function saidBy(records: readonly DeviceRecord[], profile: DeviceProfile): readonly unknown[] {
  const plan = planDecoding(profile);
  const device = 'capture' as DeviceId;
  const receivedAt = 0 as Instant;
  const arrival = arrivalOf({ receivedAt });
  return records.flatMap(
    ({ performer, note, subject, messageId, serialNumber, ...record }, index) =>
      check(
        decode({
          key: `${index}`,
          device,
          plan,
          record,
          receivedAt,
          dating: date(record, arrival, undefined),
        }).observations,
      ).observations.map(({ id, ...observation }) => observation),
  );
}

/** Shorter ones stand in any capture by chance. */
const nameCharactersMin = 5;

function namesIn(records: readonly DeviceRecord[]): ReadonlySet<string> {
  const names = records.flatMap(({ serialNumber, subject, performer, note }) => [
    serialNumber,
    subject,
    performer,
    note,
  ]);
  return new Set(
    names.filter((name): name is string => name !== undefined && name.length >= nameCharactersMin),
  );
}

/** How a name may stand in bytes: plain, as UTF-16 either way round, or its digits as nibbles. */
function writtenForms(name: string): readonly Buffer[] {
  const wide = Buffer.from(name, 'utf16le');
  const forms = [Buffer.from(name, 'utf8'), Buffer.from(name, 'latin1'), wide];
  forms.push(Buffer.from(wide).swap16());
  const isNibbles = /^(?:[0-9A-Fa-f]{2})+$/.test(name);
  return isNibbles ? [...forms, Buffer.from(name, 'hex')] : forms;
}
