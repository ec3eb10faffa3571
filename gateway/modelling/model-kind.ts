import { GatewayError } from '../core/error.ts';
import { type ModelKind, modelKinds } from '../core/model-state.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import { vitalsFeatures } from '../features/vitals-state.ts';
import type { ModelFile } from '../inference/model-file.ts';
import { readStatement } from '../inference/onnx-format.ts';

/** The features that a model of a kind is made for: they stand in its file, under its signature. */
export const featuresOf: Readonly<Record<ModelKind, readonly string[]>> = {
  traffic: trafficFeatures,
  vitals: vitalsFeatures,
};

/**
 * What a model looks at, by the features it says it is for. It is said, not yet verified.
 *
 * @throws GatewayError `model-refused` where it is for neither.
 */
export function kindOf({ bytes }: ModelFile): ModelKind {
  const told = readStatement(bytes).features.join(' ');
  const kind = modelKinds.find((each) => featuresOf[each].join(' ') === told);
  if (kind === undefined) throw new GatewayError('model-refused', 'it is for other features');
  return kind;
}
