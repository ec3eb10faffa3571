import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GatewayError } from '../core/error.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import type { TrafficTick } from '../features/traffic-watch.ts';
import type { Rows } from '../learning/matrix.ts';
import { replaceFile } from '../pki/file-swap.ts';
import { storeError } from '../store/database.ts';

/**
 * What a site keeps of its own ordinary traffic, to fit a model by: rows of features, no message and
 * no name. Bounded: the newest stay.
 */
const ordinaryRowsMax = 12_288;
/** Rows a model found notable and nobody was alarmed about: a threshold must know them. */
const notableRowsMax = 4_096;
/** One row of each device in so many ticks. */
const everyTicks = 30;
/** A row is notable above this share of the threshold. */
const notableShare = 0.25;
const saveEveryTicks = 600;
const headerBytesMax = 65_536;

const Header = z.strictObject({
  features: z.array(z.string()),
  ordinary: z.int().min(0).max(ordinaryRowsMax),
  notable: z.int().min(0).max(notableRowsMax),
  /** How many seconds of one device were looked at in all. */
  deviceSeconds: z.number().min(0),
});

export interface TrafficRecord {
  readonly ordinary: Rows;
  readonly notable: Rows;
  readonly deviceSeconds: number;
}

export interface TrafficLog {
  take(tick: TrafficTick, scores: Float32Array | undefined, threshold: number): void;
  close(): void;
}

const width = trafficFeatures.length;
const pathOf = (directory: string) => join(directory, 'models', 'traffic.log');

export function openTrafficLog(directory: string): TrafficLog {
  const before = existsSync(pathOf(directory)) ? readOrForget(directory) : undefined;
  const ordinary = new Ring(ordinaryRowsMax, before?.ordinary);
  const notable = new Ring(notableRowsMax, before?.notable);
  let deviceSeconds = before?.deviceSeconds ?? 0;
  let ticks = 0;

  function save(): void {
    const header = {
      features: trafficFeatures,
      ordinary: ordinary.count,
      notable: notable.count,
      deviceSeconds,
    };
    const head = Buffer.from(`${JSON.stringify(header)}\n`);
    mkdirSync(join(directory, 'models'), { recursive: true, mode: 0o700 });
    replaceFile(pathOf(directory), Buffer.concat([head, ordinary.bytes(), notable.bytes()]));
  }

  /** What was found strange must reach somebody, even while the disk takes nothing. */
  function saveOrLater(): void {
    try {
      save();
    } catch (cause) {
      if (!(storeError(cause, 'traffic.log') instanceof GatewayError)) throw cause;
    }
  }

  return {
    take({ rows, z: values }, scores, threshold) {
      ticks += 1;
      for (const [index, { device, isEnrolled, offset }] of rows.entries()) {
        if (device === undefined || !isEnrolled) continue;
        deviceSeconds += 1;
        const score = scores?.[index] ?? 0;
        // What is alarmed about is nothing to learn from.
        if (score > threshold) continue;
        const row = values.subarray(offset, offset + width);
        if ((ticks + index) % everyTicks === 0) ordinary.add(row);
        else if (score > threshold * notableShare) notable.add(row);
      }
      if (ticks % saveEveryTicks === 0) saveOrLater();
    },
    close() {
      if (ordinary.count + notable.count > 0) saveOrLater();
    },
  };
}

/** The last rows that were added, in a piece of memory that grows up to its bound. */
class Ring {
  readonly #rowsMax: number;
  #values: Float32Array;
  #next: number;
  count: number;

  constructor(rowsMax: number, before: Rows | undefined) {
    this.#rowsMax = rowsMax;
    this.#values = before?.values.slice() ?? new Float32Array(0);
    this.count = this.#values.length / width;
    this.#next = this.count % rowsMax;
  }

  add(row: Float32Array): void {
    const need = (this.#next + 1) * width;
    if (need > this.#values.length) {
      const grown = new Float32Array(Math.min(this.#rowsMax * width, Math.max(need, 2 * need)));
      grown.set(this.#values.subarray(0, this.count * width));
      this.#values = grown;
    }
    this.#values.set(row, this.#next * width);
    this.#next = (this.#next + 1) % this.#rowsMax;
    this.count = Math.min(this.#rowsMax, this.count + 1);
  }

  bytes(): Uint8Array {
    const bytes = Buffer.alloc(this.count * width * 4);
    for (let index = 0; index < this.count * width; index += 1) {
      bytes.writeFloatLE(this.#values[index] as number, index * 4);
    }
    return bytes;
  }
}

/** What cannot be read is begun anew: it is only what a model may be fitted by. */
function readOrForget(directory: string): TrafficRecord | undefined {
  try {
    return readTrafficLog(directory);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return undefined;
  }
}

/** @throws GatewayError `data-unreadable` where there is none, or one of another form. */
export function readTrafficLog(directory: string): TrafficRecord {
  const path = pathOf(directory);
  const refuse = (detail: string, cause?: unknown): never => {
    throw new GatewayError('data-unreadable', `${path}: ${detail}`, { cause });
  };
  const bytesMax = headerBytesMax + (ordinaryRowsMax + notableRowsMax) * width * 4;
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return refuse('the gateway has not yet kept any traffic');
  if (size > bytesMax) return refuse('too large');
  const bytes = readFileSync(path);
  const end = bytes.subarray(0, headerBytesMax).indexOf('\n');
  let header: z.output<typeof Header>;
  try {
    header = Header.parse(JSON.parse(bytes.subarray(0, Math.max(0, end)).toString()));
  } catch (cause) {
    return refuse('no traffic log', cause);
  }
  const rowBytes = width * 4;
  const isOfOurs = header.features.join(' ') === trafficFeatures.join(' ');
  const rest = bytes.subarray(end + 1);
  if (!isOfOurs || rest.length !== (header.ordinary + header.notable) * rowBytes) {
    return refuse('it is of other features, or cut');
  }
  const values = Float32Array.from({ length: rest.length / 4 }, (_, i) => rest.readFloatLE(i * 4));
  if (!values.every(Number.isFinite)) return refuse('it holds what is no number');
  const split = header.ordinary * width;
  return {
    ordinary: { width, values: values.slice(0, split) },
    notable: { width, values: values.slice(split) },
    deviceSeconds: header.deviceSeconds,
  };
}
