import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelSha256, signModel } from '../gateway/inference/model-file.ts';

/** The ward of the shipped models. */
const shippedWard = { seed: 20_261_122, devicesPerProfile: 4, hours: 6 };

export type Ward = typeof shippedWard;

export interface Training {
  readonly name: string;
  train(ward: Ward, remark: (line: string) => void): Promise<Uint8Array>;
}

/**
 * Trains one model and writes it beside its card: `node models/NAME/train/main.ts [--out DIR]
 * [--key FILE] [--seed N] [--devices N] [--hours N]`. The same options give the same bytes. With the
 * release key it is signed as well.
 */
export async function trainingProgram({ name, train }: Training): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(import.meta.dirname, name) },
      key: { type: 'string' },
      seed: { type: 'string', default: String(shippedWard.seed) },
      devices: { type: 'string', default: String(shippedWard.devicesPerProfile) },
      hours: { type: 'string', default: String(shippedWard.hours) },
    },
  });
  const ward = {
    seed: Number(values.seed),
    devicesPerProfile: Number(values.devices),
    hours: Number(values.hours),
  };
  const bytes = await train(ward, (line) => process.stderr.write(`${line}\n`));
  writeFileSync(join(values.out, 'model.onnx'), bytes);
  if (values.key !== undefined) {
    const signature = signModel(bytes, createPrivateKey(readFileSync(values.key)));
    writeFileSync(join(values.out, 'model.onnx.sig'), `${signature}\n`);
  }
  process.stdout.write(
    `${JSON.stringify({ name, bytes: bytes.length, sha256: modelSha256(bytes) })}\n`,
  );
}
