import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { GatewayError } from '../core/error.ts';
import { type ModelStatement, readStatement } from './onnx-format.ts';
import { type RunningModel, startModel } from './onnx-runtime.ts';

/** A model and the signature that vouches for it, as they lie beside each other. */
export interface ModelFile {
  /** What it is called there; what its file says of itself must be the same. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** Ed25519 over the bytes, base64. */
  readonly signature: string;
}

export interface OpenModel extends ModelStatement, RunningModel {
  readonly sha256: string;
}

export const modelSha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

export function signModel(bytes: Uint8Array, key: KeyObject): string {
  return sign(null, bytes, key).toString('base64');
}

/**
 * Whether a model may be used at all: somebody trusted vouches for it, it is what it was, and it is
 * for what is measured here. Nothing of it runs before.
 *
 * @throws GatewayError `model-refused`
 */
export function verifyModel(
  { id, bytes, signature }: ModelFile,
  keys: readonly KeyObject[],
  features: readonly string[],
): ModelStatement & { readonly sha256: string } {
  const signed = Buffer.from(signature, 'base64');
  if (!keys.some((key) => verify(null, bytes, key, signed))) {
    throw new GatewayError('model-refused', 'nobody who is trusted here has signed it');
  }
  const statement = readStatement(bytes);
  // A signature says who made it, not which one of theirs it is.
  if (statement.name !== id) {
    throw new GatewayError('model-refused', `it is ${statement.name}, under another name`);
  }
  if (statement.features.join(' ') !== features.join(' ')) {
    throw new GatewayError('model-refused', 'it is for other features');
  }
  return { ...statement, sha256: modelSha256(bytes) };
}

/** Verifies a model, starts it, and sees it answer in the right shape. Same error. */
export async function openModel(
  file: ModelFile,
  keys: readonly KeyObject[],
  features: readonly string[],
): Promise<OpenModel> {
  const statement = verifyModel(file, keys, features);
  const width = features.length;
  try {
    const running = await startModel(file.bytes, width);
    const { scores, contributions } = await running.run(new Float32Array(2 * width), 2);
    if (scores.length === 2 && contributions.length === 2 * width)
      return { ...statement, ...running };
    await running.close();
  } catch (cause) {
    throw new GatewayError('model-refused', 'it does not run', { cause });
  }
  throw new GatewayError('model-refused', 'its answer has another shape');
}
