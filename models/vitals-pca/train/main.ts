import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ModelFigures } from '../../../gateway/core/model-card.ts';
import { vitalsFeatures } from '../../../gateway/features/vitals-state.ts';
import { modelSha256, signModel } from '../../../gateway/inference/model-file.ts';
import { writeOnnx } from '../../../gateway/inference/onnx-format.ts';
import { startModel } from '../../../gateway/inference/onnx-runtime.ts';
import { fitPca, type PcaOptions, pcaGraph } from '../../../gateway/learning/pca.ts';
import { fitScaling, type Scaling, scale, scaledGraph } from '../../../gateway/learning/scaling.ts';
import { joined, type Part, partOf, readCharts, rowsOf, type Stay } from './charts.ts';
import { byRules, type Judge, judgeTrial, meanArea, thresholdOf, trialOf } from './judging.ts';

const name = 'vitals-pca';
/** What did best on the validation part. */
const options: PcaOptions = { rank: 8, clip: 5, ordinaryShare: 0.99 };

const usage = `Trains ${name} and judges it on patients it never saw; the same options give the same bytes.
Usage: node models/${name}/train/main.ts --data physionet2012_ab.csv.gz [--out DIR] [--key FILE] [--seed N]
`;

const { values: chosen } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, '..') },
    key: { type: 'string' },
    seed: { type: 'string', default: '20261122' },
    help: { type: 'boolean', default: false },
  },
});
if (chosen.data === undefined || chosen.help) {
  process.stdout.write(usage);
  process.exitCode = chosen.help ? 0 : 2;
} else await train(chosen.data);

async function train(data: string): Promise<void> {
  const remark = (line: string) => void process.stderr.write(`${line}\n`);
  const stays = readCharts(data);
  const part = (wanted: Part): readonly Stay[] => stays.filter((stay) => partOf(stay) === wanted);
  const rows = joined(part('training').map(({ looks }) => rowsOf(looks)));
  remark(`${stays.length} stays, ${rows.values.length / rows.width} rows to learn from`);
  const scaling = fitScaling(rows);
  const pca = fitPca(scale(scaling, rows), options);
  const body = scaledGraph(scaling, (row) => pcaGraph(pca, row));
  const graph = { name, version: '1', features: vitalsFeatures, ...body };
  const validation = trialOf(part('validation'), Number(chosen.seed));
  const measured = await thresholdOf(
    validation,
    await byModel(writeOnnx({ ...graph, threshold: 1 })),
  );
  const threshold = Number(measured.toPrecision(4));
  const bytes = writeOnnx({ ...graph, threshold });
  writeFileSync(join(chosen.out, 'model.onnx'), bytes);
  if (chosen.key !== undefined) {
    const signature = signModel(bytes, createPrivateKey(readFileSync(chosen.key)));
    writeFileSync(join(chosen.out, 'model.onnx.sig'), `${signature}\n`);
  }
  const evaluation = { data: 'PhysioNet/CinC 2012, tampered with', judges: [] as ModelFigures[] };
  const test = trialOf(part('test'), Number(chosen.seed) + 1);
  const model = await byModel(bytes);
  const withRules: Judge = async (some, looks) => {
    const rules = await byRules(some, looks);
    return (await model(some, looks)).map((score, look) =>
      Math.max(score / threshold, 2 * (rules[look] ?? 0)),
    );
  };
  const best = await bestFeature(scaling, validation);
  for (const [title, judge, limit] of [
    [name, model, threshold],
    ['max-z', byMaximum(scaling), undefined],
    [`only ${vitalsFeatures[best]}`, byFeature(scaling, best), undefined],
    ['the rules alone', byRules, 0.5],
    ['the rules and the model', withRules, 1],
  ] as const) {
    const judged = await judgeTrial(
      title,
      judge,
      limit ?? (await thresholdOf(validation, judge)),
      test,
    );
    remark(`${title}: mean area under the curve ${meanArea(judged)}`);
    evaluation.judges.push(judged);
  }
  const sha256 = modelSha256(bytes);
  const figures = { sha256, bytes: bytes.length, evaluations: [evaluation] };
  writeFileSync(join(chosen.out, 'figures.json'), `${JSON.stringify(figures, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify({ name, bytes: bytes.length, sha256 })}\n`);
}

async function byModel(bytes: Uint8Array): Promise<Judge> {
  const model = await startModel(bytes, vitalsFeatures.length);
  return async ({ values, width }) => (await model.run(values, values.length / width)).scores;
}

/** Uncut: a rule has no reason to stop counting where the model does. */
function byMaximum({ centre, weight }: Scaling): Judge {
  return async ({ values, width }) =>
    Float32Array.from({ length: values.length / width }, (_, row) => {
      let largest = 0;
      for (let feature = 0; feature < width; feature += 1) {
        const value = values[row * width + feature] as number;
        if (Number.isNaN(value)) continue;
        const z = (value - (centre[feature] as number)) * (weight[feature] as number);
        largest = Math.max(largest, Math.abs(z));
      }
      return largest;
    });
}

function byFeature({ centre, weight }: Scaling, feature: number): Judge {
  return async ({ values, width }) =>
    Float32Array.from({ length: values.length / width }, (_, row) => {
      const value = values[row * width + feature] as number;
      if (Number.isNaN(value)) return 0;
      return Math.abs(value - (centre[feature] as number)) * (weight[feature] as number);
    });
}

/** The one feature that alone tells most attacks of the validation part. */
async function bestFeature(
  scaling: Scaling,
  validation: ReturnType<typeof trialOf>,
): Promise<number> {
  const areas: number[] = [];
  for (const feature of vitalsFeatures.keys()) {
    const judged = await judgeTrial('', byFeature(scaling, feature), 1, validation);
    areas.push(meanArea(judged));
  }
  return areas.indexOf(Math.max(...areas));
}
