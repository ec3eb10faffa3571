import { episodeMs } from '../core/alarm-rule.ts';
import type { ModelGraph } from '../core/model-graph.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import { writeOnnx } from '../inference/onnx-format.ts';
import { startModel } from '../inference/onnx-runtime.ts';
import type { GraphBody } from '../learning/graph.ts';
import { type Budget, calibrate, smoothed } from '../learning/judge.ts';
import type { Rows } from '../learning/matrix.ts';
import { simulateWard, type Ward } from './simulated-ward.ts';
import { type Played, playTraffic, tickMs } from './traffic-play.ts';

/** Ticks are alike: one in so many is enough to learn from. */
const tickStride = 5;
/** Rows scored at once. */
const batchRows = 1_024;
export const episodeTicks = episodeMs / tickMs;

/** Stricter than what is promised: new devices are a little stranger than known ones. */
export const shippedBudget: Budget = { nominal: 0.0015, alarmsPerDay: 0.9 };

export interface TrainingSet {
  readonly training: Rows;
  readonly validation: readonly Played[];
}

/** What the shipped traffic models are made from: a simulated ward, by a seed. */
export async function simulatedTraining(
  ward: Ward,
  onDevice: (id: string) => void = () => undefined,
): Promise<TrainingSet> {
  const training: Float32Array[] = [];
  const validation: Played[] = [];
  for await (const { id, part, script, signals, from, until } of simulateWard(ward)) {
    onDevice(id);
    if (part === 'test') continue;
    const played = playTraffic(signals, id, script.perSecondMax, { from, until });
    if (part === 'training') training.push(thinned(played));
    else validation.push(played);
  }
  return { training: joined(training), validation };
}

function thinned({ width, values }: Played): Float32Array {
  const count = Math.ceil(values.length / width / tickStride);
  const kept = new Float32Array(count * width);
  for (let row = 0; row < count; row += 1) {
    const start = row * tickStride * width;
    kept.set(values.subarray(start, start + width), row * width);
  }
  return kept;
}

function joined(parts: readonly Float32Array[]): Rows {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    values.set(part, offset);
    offset += part.length;
  }
  return { width: trafficFeatures.length, values };
}

/** Puts the threshold to a model that was fitted: by what ordinary devices it has not seen score. */
export async function calibrated(
  name: string,
  version: string,
  body: GraphBody,
  validation: readonly Played[],
  budget: Budget,
): Promise<Uint8Array> {
  const graph: ModelGraph = { name, version, features: trafficFeatures, threshold: 1, ...body };
  const score = await startScoring(writeOnnx(graph));
  const scores: Float32Array[] = [];
  for (const played of validation) scores.push(smoothed((await score(played)).scores));
  const threshold = calibrate(scores, budget, episodeTicks);
  return writeOnnx({ ...graph, threshold: Number(threshold.toPrecision(4)) });
}

export type Score = (
  rows: Rows,
) => Promise<{ readonly scores: Float32Array; readonly contributions: Float32Array }>;

/** Scores any number of rows by a model, some at a time. */
export async function startScoring(
  bytes: Uint8Array,
  width = trafficFeatures.length,
): Promise<Score> {
  const model = await startModel(bytes, width);
  return async ({ values }) => {
    const count = values.length / width;
    const scores = new Float32Array(count);
    const contributions = new Float32Array(values.length);
    for (let start = 0; start < count; start += batchRows) {
      const end = Math.min(count, start + batchRows);
      const some = await model.run(values.slice(start * width, end * width), end - start);
      scores.set(some.scores, start);
      contributions.set(some.contributions, start * width);
    }
    return { scores, contributions };
  };
}
