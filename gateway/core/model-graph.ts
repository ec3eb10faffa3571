/** One step of a model: an operator of ONNX over named tensors. */
export interface GraphNode {
  readonly operator: string;
  /** `ai.onnx.ml` for trees; the standard operators have none. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, GraphAttribute>>;
}

export type GraphAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

/** A constant of a model. */
export interface GraphTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a model is apart from its file: rows of `z` in, a score and the features' shares of it out. */
export interface ModelGraph {
  readonly name: string;
  /** What stands in a row, in this order. */
  readonly features: readonly string[];
  /** A score above it is strange: from devices the model was not made from. */
  readonly threshold: number;
  /** Numbers it apart from others of its name: `1`, or a site's own. */
  readonly version: string;
  readonly nodes: readonly GraphNode[];
  readonly constants: Readonly<Record<string, GraphTensor>>;
}

/** The names of a model's input and outputs, the same for all. */
export const graphInput = 'z';
export const graphScore = 'score';
export const graphContributions = 'contributions';

/** The largest model that is made or read. */
export const modelBytesMax = 50_000;
