import {
  type GraphNode,
  type GraphTensor,
  graphContributions,
  graphInput,
  graphScore,
} from '../core/model-graph.ts';

/** What of a model is its own: how it explains rows, and the constants that takes. */
export type GraphBody = { readonly nodes: readonly GraphNode[] } & {
  readonly constants: Readonly<Record<string, GraphTensor>>;
};

/** How far ordinary rows go: one over it, by feature. */
export interface Reaches {
  readonly remainderWeight: Float32Array;
  readonly weight: Float32Array;
}

/**
 * Ends a model that explains rows: what is left of a row, or the row itself, by how far ordinary ones
 * go; the larger one squared is the feature's contribution, their mean the score.
 *
 * @param row what was explained: the input, or what a step before made of it
 */
export function judged(
  explained: string,
  reaches: Reaches,
  body: GraphBody,
  row = graphInput,
): GraphBody {
  const { remainderWeight, weight } = reaches;
  const width = weight.length;
  const step = (operator: string, inputs: readonly string[], output: string): GraphNode => ({
    operator,
    inputs,
    outputs: [output],
  });
  return {
    constants: {
      ...body.constants,
      remainder_weight: { shape: [width], values: remainderWeight },
      weight: { shape: [width], values: weight },
    },
    nodes: [
      ...body.nodes,
      step('Sub', [row, explained], 'remainder'),
      step('Mul', ['remainder', 'remainder_weight'], 'strange'),
      step('Mul', [row, 'weight'], 'far'),
      step('Mul', ['strange', 'strange'], 'strange_squared'),
      step('Mul', ['far', 'far'], 'far_squared'),
      step('Max', ['strange_squared', 'far_squared'], graphContributions),
      {
        ...step('ReduceMean', [graphContributions], graphScore),
        attributes: {
          axes: { kind: 'ints', value: [1] },
          keepdims: { kind: 'int', value: 0 },
        },
      },
    ],
  };
}
