import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelSha256, signModel } from '../gateway/inference/model-file.ts';
import { tryModel } from '../gateway/modelling/model-trial.ts';
import type { Ward } from '../gateway/modelling/simulated-ward.ts';

/** The ward of the shipped models' trial: another one, of other devices. */
const trialWard: Ward = { seed: 4_711, devicesPerProfile: 2, hours: 6 };
/** The ward of the shipped models. */
const shippedWard: Ward = { seed: 20_261_122, devicesPerProfile: 6, hours: 5 };

export interface Training {
  readonly name: string;
  train(ward: Ward, remark: (line: string) => void): Promise<Uint8Array>;
}

/**
 * Trains one model and writes it beside its card: `node models/NAME/train/main.ts [--out DIR]
 * [--key FILE] [--seed N] [--devices N] [--hours N] [--evaluate [--data DIR]]`. The same options give
 * the same bytes. With the release key it is signed as well; evaluated, its card's figures are written.
 */
export async function trainingProgram({ name, train }: Training): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(import.meta.dirname, name) },
      key: { type: 'string' },
      seed: { type: 'string', default: String(shippedWard.seed) },
      devices: { type: 'string', default: String(shippedWard.devicesPerProfile) },
      evaluate: { type: 'boolean', default: false },
      data: { type: 'string' },
      hours: { type: 'string', default: String(shippedWard.hours) },
    },
  });
  const ward = {
    seed: Number(values.seed),
    devicesPerProfile: Number(values.devices),
    hours: Number(values.hours),
  };
  const remark = (line: string) => void process.stderr.write(`${line}\n`);
  const bytes = await train(ward, remark);
  writeFileSync(join(values.out, 'model.onnx'), bytes);
  if (values.key !== undefined) {
    const signature = signModel(bytes, createPrivateKey(readFileSync(values.key)));
    writeFileSync(join(values.out, 'model.onnx.sig'), `${signature}\n`);
  }
  if (values.evaluate) {
    const { data } = values;
    const evaluations = await tryModel({ model: bytes, ward: trialWard, data, onStep: remark });
    const figures = { sha256: modelSha256(bytes), bytes: bytes.length, evaluations };
    writeFileSync(join(values.out, 'figures.json'), `${JSON.stringify(figures, null, 2)}\n`);
  }
  process.stdout.write(
    `${JSON.stringify({ name, bytes: bytes.length, sha256: modelSha256(bytes) })}\n`,
  );
}
