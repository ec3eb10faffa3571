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
import { joined, type Part, partOf, passed, readCharts, rowsOf, type Stay } from './charts.ts';
import {
  byRefusal,
  byRules,
  type Judge,
  judgeTrial,
  meanArea,
  type Trial,
  thresholdOf,
  trialOf,
  twoOfThree,
} from './judging.ts';
import { spikes, tamperings } from './tampering.ts';

const name = 'vitals-pca';
/** What did best on the validation part. */
const options: PcaOptions = { rank: 8, clip: 5, ordinaryShare: 0.99 };

const usage = `Trains ${name} and judges it on patients it never saw; the same options give the same bytes.
Usage: node models/${name}/train/main.ts --data physionet2012_ab.csv.gz [--out DIR] [--key FILE] [--seed N] [--part validation]
`;

const { values: chosen } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, '..') },
    key: { type: 'string' },
    seed: { type: 'string', default: '20261122' },
    part: { type: 'string', default: 'test' },
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
  const checked = readCharts(data, true);
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
  const model = await byModel(bytes);
  const told = either([twoOfThree(model), threshold], [byRules, 0.5]);
  const best = await bestFeature(scaling, validation);
  const ofModel: readonly NamedJudge[] = [
    [name, model, threshold],
    ['max-z', byMaximum(scaling), undefined],
    [`only ${vitalsFeatures[best]}`, byFeature(scaling, best), undefined],
  ];
  const ofGateway: readonly NamedJudge[] = [
    [`${name}, two looks of three`, twoOfThree(model), threshold],
    ['the rules', byRules, 0.5],
    ['the gateway’s findings', told, 1],
    ['set aside', byRefusal, 0.5],
    ['found or set aside', either([told, 1], [byRefusal, 0.5]), 1],
  ];
  const judgedBy = async (title: string, trial: Trial, some: readonly NamedJudge[]) => {
    const evaluation = { data: title, judges: [] as ModelFigures[] };
    for (const [each, judge, limit] of some) {
      const own = limit ?? (await thresholdOf(validation, judge));
      const judged = await judgeTrial(each, judge, own, trial);
      remark(`${title}: ${each}: mean area under the curve ${meanArea(judged)}`);
      evaluation.judges.push(judged);
    }
    return evaluation;
  };
  const wanted = chosen.part === 'validation' ? 'validation' : 'test';
  const seed = Number(chosen.seed) + 1;
  const asItIs = trialOf(part(wanted), seed);
  const asChecked = checked.filter((stay) => partOf(stay) === wanted);
  const checkedTrial = (families: Parameters<typeof trialOf>[2]) =>
    trialOf(asChecked, seed, families, passed);
  const evaluations = [
    await judgedBy('PhysioNet/CinC 2012, tampered with', asItIs, ofModel),
    await judgedBy('the same, as the gateway checks it', checkedTrial(tamperings), ofGateway),
    await judgedBy('spikes by how far they go', checkedTrial(spikes), ofGateway.slice(-3)),
  ];
  const sha256 = modelSha256(bytes);
  const figures = { sha256, bytes: bytes.length, evaluations };
  writeFileSync(join(chosen.out, 'figures.json'), `${JSON.stringify(figures, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify({ name, bytes: bytes.length, sha256 })}\n`);
}

type NamedJudge = readonly [title: string, judge: Judge, threshold: number | undefined];

/** Whichever of two is further above its own threshold; the second one is a yes or no. */
function either(
  [one, oneLimit]: readonly [Judge, number],
  [other, otherLimit]: readonly [Judge, number],
): Judge {
  return async (rows, looks) => {
    const second = await other(rows, looks);
    return (await one(rows, looks)).map((score, look) =>
      Math.max(score / oneLimit, (second[look] ?? 0) > otherLimit ? 2 : 0),
    );
  };
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
