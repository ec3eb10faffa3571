import { readFileSync } from 'node:fs';
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

const Line = z.object({
  t: z.number().min(0),
  conn: z.number(),
  src: z.string().min(1).max(64),
  type: z.string().max(16),
  hex: z
    .string()
    .max(1_000_000)
    .regex(/^([0-9a-fA-F]{2})*$/)
    .optional(),
});

const recordingBytesMax = 256 * 2 ** 20;
const packetsMax = 1_000_000;

/** Reads JSON lines of `{t, conn, src, type, hex}`, also packed by gzip, in the order of their time. */
export function readRecording(path: string): readonly Packet[] {
  const file = readFileSync(path);
  const isPacked = file[0] === 0x1f && file[1] === 0x8b;
  const text = (
    isPacked ? gunzipSync(file, { maxOutputLength: recordingBytesMax }) : file
  ).toString();
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > packetsMax) throw new RangeError(`${path}: more than ${packetsMax} packets`);
  return lines
    .map((line, index) => packetOf(line, `${path}:${index + 1}`))
    .sort((one, other) => one.t - other.t);
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
