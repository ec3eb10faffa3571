import { type GraphNode, graphContributions, graphInput, graphScore } from '../core/model-graph.ts';
import type { Random } from '../core/random.ts';
import type { GraphBody } from './graph.ts';
import { type Rows, rowCountOf } from './matrix.ts';
import { reachesOf } from './reaches.ts';

/** Splits or ends: the nodes of one tree, by number; the first one is its root. */
type TreeNode =
  | {
      readonly feature: number;
      readonly value: number;
      readonly notAbove: number;
      readonly above: number;
    }
  | { readonly path: number };

/** What stands apart is split off early (Liu, Ting and Zhou 2008: isolation forest). */
export interface Forest {
  readonly trees: readonly (readonly TreeNode[])[];
  /** The mean path of an ordinary row. */
  readonly expectedPath: number;
  /** Only to tell which features go furthest: a forest does not say. */
  readonly weight: Float32Array;
}

export interface ForestOptions {
  readonly trees: number;
  /** Rows that a tree is grown from. */
  readonly sampleRows: number;
  readonly ordinaryShare: number;
}

export function fitForest(rows: Rows, options: ForestOptions, random: Random): Forest {
  const { trees, sampleRows, ordinaryShare } = options;
  const count = rowCountOf(rows);
  const depthMax = Math.ceil(Math.log2(sampleRows));
  return {
    trees: Array.from({ length: trees }, () => {
      const sample = Array.from({ length: sampleRows }, () => Math.floor(random.next() * count));
      const nodes: TreeNode[] = [];
      grow(rows, sample, depthMax, nodes, random);
      return nodes;
    }),
    expectedPath: meanPath(sampleRows),
    weight: reachesOf(rows, ordinaryShare),
  };
}

/** Adds what splits these rows, and returns its number. */
function grow(
  rows: Rows,
  sample: readonly number[],
  depthLeft: number,
  nodes: TreeNode[],
  random: Random,
  depth = 0,
): number {
  const number = nodes.length;
  const ranges = depthLeft > 0 && sample.length > 1 ? rangesOf(rows, sample) : [];
  if (ranges.length === 0) {
    nodes.push({ path: depth + meanPath(sample.length) });
    return number;
  }
  const { feature, low, high } = random.pick(ranges);
  // As the file keeps it: both sides must agree about what lies on it.
  const value = Math.fround(random.between(low, high));
  const isAbove = (row: number) => (rows.values[row * rows.width + feature] as number) > value;
  nodes.push({ path: depth });
  const side = (some: readonly number[]) =>
    grow(rows, some, depthLeft - 1, nodes, random, depth + 1);
  const notAbove = side(sample.filter((row) => !isAbove(row)));
  const above = side(sample.filter(isAbove));
  nodes[number] = { feature, value, notAbove, above };
  return number;
}

/** The features in which these rows differ. */
function rangesOf({ width, values }: Rows, sample: readonly number[]) {
  const ranges: { readonly feature: number; readonly low: number; readonly high: number }[] = [];
  for (let feature = 0; feature < width; feature += 1) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const row of sample) {
      const value = values[row * width + feature] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high > low) ranges.push({ feature, low, high });
  }
  return ranges;
}

const eulerGamma = 0.5772156649015329;

/** How long an unsuccessful search in a tree of so many is, in the mean (equation 1 there). */
function meanPath(rows: number): number {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + eulerGamma) - (2 * (rows - 1)) / rows;
}

/** Its score is how many times shorter than expected the path to a row is. */
export function forestGraph({ trees, expectedPath, weight }: Forest): GraphBody {
  const width = weight.length;
  const step = (operator: string, inputs: readonly string[], output: string): GraphNode => ({
    ...{ operator, inputs, outputs: [output] },
  });
  return {
    constants: {
      expected: { shape: [1], values: Float32Array.of(expectedPath) },
      weight: { shape: [width], values: weight },
    },
    nodes: [
      treesNode(trees, 'path'),
      step('Div', ['expected', 'path'], 'shortness'),
      {
        ...step('ReduceMean', ['shortness'], graphScore),
        attributes: {
          axes: { kind: 'ints', value: [1] },
          keepdims: { kind: 'int', value: 0 },
        },
      },
      step('Mul', [graphInput, 'weight'], 'far'),
      step('Mul', ['far', 'far'], graphContributions),
    ],
  };
}

/** All trees as one operator of `ai.onnx.ml`: lists that run side by side, an entry a node. */
function treesNode(trees: Forest['trees'], output: string): GraphNode {
  const all = trees.flatMap((nodes, tree) => nodes.map((node, id) => ({ tree, id, node })));
  const leaves = all.flatMap(({ tree, id, node }) =>
    'path' in node ? [{ tree, id, path: node.path }] : [],
  );
  const ints = (value: readonly number[]) => ({ kind: 'ints', value }) as const;
  const floats = (value: readonly number[]) => ({ kind: 'floats', value }) as const;
  const ofSplit = (key: 'feature' | 'value' | 'notAbove' | 'above') =>
    all.map(({ node }) => ('path' in node ? 0 : node[key]));
  return {
    ...{ operator: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' },
    ...{ inputs: [graphInput], outputs: [output] },
    attributes: {
      aggregate_function: { kind: 'string', value: 'AVERAGE' },
      n_targets: { kind: 'int', value: 1 },
      nodes_falsenodeids: ints(ofSplit('above')),
      nodes_featureids: ints(ofSplit('feature')),
      nodes_modes: {
        kind: 'strings',
        value: all.map(({ node }) => ('path' in node ? 'LEAF' : 'BRANCH_LEQ')),
      },
      nodes_nodeids: ints(all.map(({ id }) => id)),
      nodes_treeids: ints(all.map(({ tree }) => tree)),
      nodes_truenodeids: ints(ofSplit('notAbove')),
      nodes_values: floats(ofSplit('value')),
      target_ids: ints(leaves.map(() => 0)),
      target_nodeids: ints(leaves.map(({ id }) => id)),
      target_treeids: ints(leaves.map(({ tree }) => tree)),
      target_weights: floats(leaves.map(({ path }) => path)),
    },
  };
}
