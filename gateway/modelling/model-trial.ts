import { basename } from 'node:path';
import type { Evaluation } from '../core/model-card.ts';
import { families } from '../datasets/stealth.ts';
import { readStatement } from '../inference/onnx-format.ts';
import { readCaptures } from './captured-attacks.ts';
import { evaluate, modelJudge, plainJudges, type UnseenDevice } from './model-evaluation.ts';
import { startScoring } from './model-training.ts';
import { simulateWard, type Ward } from './simulated-ward.ts';
import { type Played, playTraffic } from './traffic-play.ts';

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
