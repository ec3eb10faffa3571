import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GatewayError } from '../core/error.ts';
import type { Strangeness } from '../features/strangeness.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import type { KeptDevice } from '../features/traffic-watch.ts';
import { replaceFile } from '../pki/file-swap.ts';
import { storeError } from '../store/database.ts';

/**
 * How devices usually are, kept over a restart: a device that had to enrol anew would take whoever
 * speaks in its name then for usual. Figures only: no message, and no name but the device’s.
 */
export interface KeptBehaviour {
  readonly devices: readonly KeptDevice[];
  /** The model that found them so strange, and how strange. */
  readonly model: string | undefined;
  readonly strangeness: ReadonlyMap<string, Strangeness>;
}

/** Those heard last are kept; a file above so many bytes is not of ours. */
export const keptDevicesMax = 1_024;
const fileBytesMax = 32 * 2 ** 20;
/** Enough for figures that were measured. */
const digits = 6;

const fileName = 'behaviour.log';
const pathOf = (directory: string) => join(directory, 'models', fileName);
/** Of other features nothing can be read: it is begun anew after such an update. */
const features = createHash('sha256').update(trafficFeatures.join(' ')).digest('hex');
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
const nothing: KeptBehaviour = { devices: [], model: undefined, strangeness: new Map() };

const figure = z.number();
const figures = (max: number) => z.array(figure).max(max);
const Usual = z.strictObject({ mean: figure, variance: figure, seen: figure });
const Rhythm = z.strictObject({
  gap: Usual,
  lastGapMs: figure,
  spokeAt: figure,
  behind: figure,
  earlies: figure,
});
const Form = z.strictObject({
  code: figure,
  kind: figure,
  since: figure,
  isOwn: z.boolean(),
  last: figure,
  rhythm: Rhythm,
});
const width = trafficFeatures.length;
const Line = z.strictObject({
  about: z.string().min(1).max(256),
  seenAt: figure,
  manner: z.strictObject({
    gap: Usual,
    size: Usual,
    entropy: Usual,
    forms: z.array(Form).max(64),
    novelty: z.strictObject({ of: figure, times: figure }),
    tls: z.string().max(256),
    spokeAt: figure,
  }),
  baseline: z.strictObject({
    looks: z.array(z.never()),
    centre: figures(width).length(width),
    spread: figures(width).length(width),
    elapsedMs: figure,
  }),
  strangeness: z
    .strictObject({
      scores: figures(16),
      caution: figure.min(1).max(16),
      strangeAt: figure,
      calm: z.strictObject({ steps: figures(64), highest: figure, endsAt: figure }),
    })
    .optional(),
});
const Header = z.strictObject({
  features: z.string(),
  sha256: z.string(),
  model: z.string().optional(),
});

/** What devices usually are is written so often: this is what a power cut costs. */
const keepEveryTicks = 300;

/** The behaviour of a site that is kept: read once, written now and then. */
export interface BehaviourLog {
  readonly kept: KeptBehaviour;
  /** Told once: what was kept is damaged. */
  refusal(): { readonly model: string; readonly reason: string } | undefined;
  /** Once a tick. */
  tick(known: () => KeptBehaviour): void;
  save(known: KeptBehaviour): void;
}

/** What is damaged is not trusted: devices enrol anew. */
export function openBehaviour(directory: string): BehaviourLog {
  let kept = nothing;
  let refused: string | undefined;
  let ticks = 0;
  try {
    kept = readBehaviour(directory);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    refused = error.message;
  }

  /** A disk that takes nothing now may do so later: what is known is in memory. */
  function save(known: KeptBehaviour): void {
    if (known.devices.length === 0) return;
    try {
      write(directory, known);
    } catch (cause) {
      if (!(storeError(cause, fileName) instanceof GatewayError)) throw cause;
    }
  }

  return {
    kept,
    refusal() {
      const reason = refused;
      refused = undefined;
      return reason === undefined ? undefined : { model: 'behaviour', reason };
    },
    tick(known) {
      ticks += 1;
      if (ticks % keepEveryTicks === 0) save(known());
    },
    save,
  };
}

function write(directory: string, kept: KeptBehaviour): void {
  const lines = kept.devices.map((device) => {
    const strangeness = kept.strangeness.get(device.about);
    const line = { ...device, ...(strangeness && { strangeness }) };
    return `${JSON.stringify(line, (_, value: unknown) => shortened(value))}\n`;
  });
  const body = lines.join('');
  const header = { features, sha256: sha256Of(body), model: kept.model };
  mkdirSync(join(directory, 'models'), { recursive: true, mode: 0o700 });
  replaceFile(pathOf(directory), `${JSON.stringify(header)}\n${body}`);
}

/**
 * @throws GatewayError `data-unreadable` where the file is damaged: what is in it is not to be trusted.
 */
function readBehaviour(directory: string): KeptBehaviour {
  const path = pathOf(directory);
  if (!existsSync(path)) return nothing;
  try {
    if (statSync(path).size > fileBytesMax) throw new RangeError('too large');
    const text = readFileSync(path, 'utf8');
    const end = text.indexOf('\n');
    const header = Header.parse(JSON.parse(text.slice(0, Math.max(0, end))));
    if (header.features !== features) return nothing;
    const body = text.slice(end + 1);
    if (sha256Of(body) !== header.sha256) throw new RangeError('cut or changed');
    const lines = body.split('\n').filter((line) => line !== '');
    const read = lines.slice(0, keptDevicesMax).map((line) => Line.parse(JSON.parse(line)));
    const strange = read.flatMap(({ about, strangeness }) =>
      strangeness ? [[about, strangeness] as const] : [],
    );
    const devices = read.map(({ strangeness: _, ...device }) => device);
    return { devices, model: header.model, strangeness: new Map(strange) };
  } catch (cause) {
    throw new GatewayError('data-unreadable', path, { cause });
  }
}

function shortened(value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number(value.toPrecision(digits));
}
