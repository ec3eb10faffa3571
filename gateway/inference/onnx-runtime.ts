import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphContributions, graphInput, graphScore } from '../core/model-graph.ts';

/** What a model says of some rows. */
export interface Scores {
  /** One a row. */
  readonly scores: Float32Array;
  /** One a feature and row, row after row. */
  readonly contributions: Float32Array;
}

export interface RunningModel {
  /** @param values rows of the model's features, one after another */
  run(values: Float32Array, rowCount: number): Promise<Scores>;
  close(): Promise<void>;
}

/** A batch a second leaves nothing to share among threads, and no arena keeps what is not needed. */
const options: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 3,
};

export async function startModel(bytes: Uint8Array, width: number): Promise<RunningModel> {
  const session = await InferenceSession.create(bytes, options);
  return {
    async run(values, rowCount) {
      const input = new Tensor('float32', values, [rowCount, width]);
      const result = await session.run({ [graphInput]: input });
      const scores = result[graphScore]?.data as Float32Array;
      const contributions = result[graphContributions]?.data as Float32Array;
      return { scores, contributions };
    },
    close: () => session.release(),
  };
}
