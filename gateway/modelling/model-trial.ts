import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GatewayError } from '../core/error.ts';
import type { Evaluation } from '../core/model-card.ts';
import { readCapture, signalsOf } from '../datasets/mqtt-packets.ts';
import { type Deed, families } from '../datasets/stealth.ts';
import { byteEntropy } from '../features/byte-entropy.ts';
import { readStatement } from '../inference/onnx-format.ts';
import {
  attackAfterMs,
  evaluate,
  modelJudge,
  plainJudges,
  type UnseenDevice,
} from './model-evaluation.ts';
import { startScoring } from './model-training.ts';
import { simulateWard, type Ward } from './simulated-ward.ts';
import { type Played, playTraffic } from './traffic-play.ts';

/** Captures above it are not read whole into memory. */
const captureBytesMax = 512 * 2 ** 20;
/** What a client of a capture may send, of whom no profile tells it. */
const capturedPerSecondMax = 5;
/** A device enrols and settles before an attack on it is played. */
const benignMsMin = attackAfterMs;
/** A capture has no date of its own. */
const captureStart = Date.UTC(2026, 0, 5, 8);

export interface TrialOptions {
  readonly model: Uint8Array;
  readonly ward: Ward;
  /** A folder of captures: `benign*.jsonl.gz`, and one file an attack. */
  readonly data?: string | undefined;
  readonly onStep: (what: string) => void;
}

/**
 * Judges a model as it is: on a simulated ward of other devices than it was made from, and on
 * captures of those who have some. Beside it the plain rules.
 */
export async function tryModel({ model, ward, data, onStep }: TrialOptions): Promise<Evaluation[]> {
  const { name, threshold } = readStatement(model);
  // First what may be wrong: the ward takes its time.
  const captures = data === undefined ? undefined : readCaptures(data, onStep);
  const score = await startScoring(model);
  const validation: Played[] = [];
  const devices: UnseenDevice[] = [];
  for await (const device of simulateWard(ward)) {
    const { id, script, signals, from, until } = device;
    const perSecondMax = script.perSecondMax;
    onStep(`ward: ${id}`);
    if (device.part === 'validation') {
      validation.push(playTraffic(signals, id, perSecondMax, { from, until }));
    } else if (device.part === 'test') {
      const isAttackable = device.isMessages;
      devices.push({ id, signals, perSecondMax, from, until, isAttackable });
    }
  }
  const judges = [modelJudge(name, threshold, score), ...(await plainJudges(validation))];
  const simulated = await evaluate('simulated ward', devices, families, judges, onStep);
  if (captures === undefined || data === undefined) return [simulated];
  const { devices: captured, deeds } = captures;
  const title = `captures in ${basename(data)}`;
  return [simulated, await evaluate(title, captured, deeds, judges, onStep)];
}

interface Captures {
  readonly devices: readonly UnseenDevice[];
  readonly deeds: Readonly<Record<string, Deed>>;
}

/** @throws GatewayError `data-unreadable` where nothing could be judged by them. */
function readCaptures(folder: string, onStep: (what: string) => void): Captures {
  const paths = globSync('*.{jsonl,jsonl.gz}', { cwd: folder }).sort();
  if (!paths.some(isBenign) || paths.every(isBenign)) {
    throw new GatewayError(
      'data-unreadable',
      `${folder}: no benign*.jsonl and an attack beside it`,
    );
  }
  const devices: UnseenDevice[] = [];
  const deeds: Record<string, Deed> = {};
  for (const path of paths) {
    const { packets, unreadable } = readCapture(readText(join(folder, path)));
    if (unreadable > 0) onStep(`${path}: ${unreadable} lines are no packets`);
    const seen = signalsOf(packets, captureStart, byteEntropy);
    if (isBenign(path)) {
      const until = captureStart + (packets.at(-1)?.t ?? 0) * 1_000;
      if (until - captureStart < benignMsMin) {
        onStep(`${path}: shorter than ${benignMsMin / 60_000} minutes, left out`);
        continue;
      }
      for (const [id, signals] of seen) {
        const span = { from: captureStart, until, isAttackable: true };
        devices.push({ id, signals, perSecondMax: capturedPerSecondMax, ...span });
      }
    } else {
      const events = [...seen.values()].flat();
      if (events.length === 0) {
        onStep(`${path}: nothing in it that a gateway would notice, left out`);
        continue;
      }
      deeds[basename(path).replace(/\.jsonl(\.gz)?$/, '')] = (origin, _own, random) => [
        { ...random.pick(events), ...origin },
      ];
    }
  }
  const refuse = (detail: string): never => {
    throw new GatewayError('data-unreadable', `${folder}: ${detail}`);
  };
  if (devices.length === 0)
    return refuse(`benign*.jsonl must show devices for at least ${benignMsMin / 60_000} minutes`);
  if (Object.keys(deeds).length === 0) return refuse('there is no packet of an attack');
  return { devices, deeds };
}

const isBenign = (path: string): boolean => basename(path).startsWith('benign');

function readText(path: string): string {
  try {
    if (statSync(path).size > captureBytesMax) throw new RangeError('too large');
    const bytes = readFileSync(path);
    const text = path.endsWith('.gz')
      ? gunzipSync(bytes, { maxOutputLength: captureBytesMax })
      : bytes;
    return text.toString('utf8');
  } catch (cause) {
    throw new GatewayError('data-unreadable', path, { cause });
  }
}
