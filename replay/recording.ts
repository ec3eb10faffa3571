import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

/** One MQTT control packet, or the begin or end of its connection, as somebody recorded it. */
export interface Packet {
  /** Seconds since the recording began. */
  readonly t: number;
  readonly conn: number;
  /** Who spoke: an address. */
  readonly src: string;
  readonly type: string;
  /** Empty for OPEN and CLOSE. */
  readonly bytes: Buffer;
}

const hexCharsMax = 1_000_000;
const lineBytesMax = hexCharsMax + 1_000;
/** A week; more is a time of day. */
const secondsMax = 604_800;

const Line = z.object({
  t: z.number().min(0).max(secondsMax, `seconds since it began, at most ${secondsMax}`),
  conn: z.number(),
  src: z.string().min(1).max(64),
  type: z.string().max(64),
  hex: z
    .string()
    .max(hexCharsMax)
    .regex(/^([0-9a-fA-F]{2})*$/)
    .optional(),
});

const recordingBytesMax = 256 * 2 ** 20;
const packetsMax = 1_000_000;
/** Each becomes a device with a certificate. */
const sourcesMax = 256;

/**
 * Reads JSON lines of `{t, conn, src, type, hex}`, also packed by gzip, in the order of their time.
 *
 * @throws RangeError with the file, and the line where there is one.
 */
export function readRecording(path: string): readonly Packet[] {
  const text = readText(path);
  const packets: Packet[] = [];
  const sources = new Set<string>();
  for (let [start, line] = [0, 1]; start < text.length; line += 1) {
    const lineEnd = text.indexOf('\n', start);
    const end = lineEnd === -1 ? text.length : lineEnd;
    if (end - start > lineBytesMax)
      throw new RangeError(`${path}:${line}: more than ${lineBytesMax} bytes`);
    const said = text.subarray(start, end).toString().trim();
    start = end + 1;
    if (said === '') continue;
    const packet = packetOf(said, `${path}:${line}`);
    packets.push(packet);
    sources.add(packet.src);
    if (packets.length > packetsMax)
      throw new RangeError(`${path}: more than ${packetsMax} packets`);
    if (sources.size > sourcesMax) throw new RangeError(`${path}: more than ${sourcesMax} sources`);
  }
  if (packets.length === 0) throw new RangeError(`${path}: there is no packet in it`);
  return packets.sort((one, other) => one.t - other.t);
}

function readText(path: string): Buffer {
  const status = statSync(path);
  if (!status.isFile()) throw new RangeError(`${path}: no file`);
  const tooLarge = `${path}: more than ${recordingBytesMax} bytes`;
  if (status.size > recordingBytesMax) throw new RangeError(tooLarge);
  const file = readFileSync(path);
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  try {
    return gunzipSync(file, { maxOutputLength: recordingBytesMax });
  } catch (cause) {
    const isLarge = cause instanceof RangeError;
    throw new RangeError(isLarge ? tooLarge : `${path}: damaged or cut gzip`, { cause });
  }
}

function packetOf(line: string, place: string): Packet {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new RangeError(`${place}: not JSON`, { cause });
  }
  const result = Line.safeParse(value);
  if (!result.success) throw new RangeError(`${place}: ${z.prettifyError(result.error)}`);
  const { hex = '', ...packet } = result.data;
  return { ...packet, bytes: Buffer.from(hex, 'hex') };
}
