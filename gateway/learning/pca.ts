import { graphInput } from '../core/model-graph.ts';
import { type GraphBody, judged, type Reaches } from './graph.ts';
import { eigen, type Rows, rowCountOf } from './matrix.ts';
import { reachesOf } from './reaches.ts';

/**
 * What a row should look like, by the few directions in which ordinary rows differ. What is left
 * over is strange about it, feature by feature; so is what goes further than ordinary rows go.
 */
export interface PcaModel extends Reaches {
  readonly width: number;
  readonly rank: number;
  /** `width` × `rank`, row after row: orthonormal columns. */
  readonly basis: Float32Array;
}

export interface PcaOptions {
  readonly rank: number;
  /** Rows pull the directions no further than this: a rare event is not what rows are like. */
  readonly clip: number;
  /** The share of ordinary rows within one unit of the weights. */
  readonly ordinaryShare: number;
}

/** What does well on simulated wards; a site's own model is made alike. */
export const trafficPcaOptions: PcaOptions = { rank: 8, clip: 3, ordinaryShare: 0.997 };

export function fitPca(rows: Rows, { rank, clip, ordinaryShare }: PcaOptions): PcaModel {
  const { width, values } = rows;
  const basis = new Float32Array(width * rank);
  const directions = eigen(covarianceOf(rows, clip), width).slice(0, rank);
  for (const [column, { vector }] of directions.entries()) {
    for (let row = 0; row < width; row += 1) basis[row * rank + column] = vector[row] as number;
  }
  const remainders = new Float32Array(values.length);
  const one = new Float64Array(width);
  for (let start = 0; start < values.length; start += width) {
    remain({ width, rank, basis }, values, start, one);
    remainders.set(one, start);
  }
  const remainderWeight = reachesOf({ width, values: remainders }, ordinaryShare);
  return { width, rank, basis, remainderWeight, weight: reachesOf(rows, ordinaryShare) };
}

export function pcaGraph(
  { width, rank, basis, ...reaches }: PcaModel,
  row = graphInput,
): GraphBody {
  const turned = Float32Array.from({ length: width * rank }, (_, index) => {
    const [column, row] = [Math.floor(index / width), index % width];
    return basis[row * rank + column] as number;
  });
  const body: GraphBody = {
    constants: {
      basis: { shape: [width, rank], values: basis },
      basis_turned: { shape: [rank, width], values: turned },
    },
    nodes: [
      { operator: 'MatMul', inputs: [row, 'basis'], outputs: ['along'] },
      { operator: 'MatMul', inputs: ['along', 'basis_turned'], outputs: ['explained'] },
    ],
  };
  return judged('explained', reaches, body, row);
}

function covarianceOf(rows: Rows, clip: number): Float64Array {
  const { width, values } = rows;
  const sums = new Float64Array(width * width);
  const row = new Float64Array(width);
  for (let start = 0; start < values.length; start += width) {
    for (let feature = 0; feature < width; feature += 1) {
      row[feature] = Math.min(clip, Math.max(-clip, values[start + feature] as number));
    }
    for (let one = 0; one < width; one += 1) {
      const value = row[one] as number;
      if (value === 0) continue;
      for (let other = one; other < width; other += 1) {
        const index = one * width + other;
        sums[index] = (sums[index] as number) + value * (row[other] as number);
      }
    }
  }
  const count = rowCountOf(rows);
  for (let one = 0; one < width; one += 1) {
    for (let other = one; other < width; other += 1) {
      const value = (sums[one * width + other] as number) / count;
      sums[one * width + other] = value;
      sums[other * width + one] = value;
    }
  }
  return sums;
}

/** What is left of a row once what the directions explain is taken away. */
function remain(
  { width, rank, basis }: Pick<PcaModel, 'width' | 'rank' | 'basis'>,
  values: Float32Array,
  start: number,
  into: Float64Array,
): void {
  for (let feature = 0; feature < width; feature += 1) {
    into[feature] = values[start + feature] as number;
  }
  for (let column = 0; column < rank; column += 1) {
    let along = 0;
    for (let feature = 0; feature < width; feature += 1) {
      along += (basis[feature * rank + column] as number) * (values[start + feature] as number);
    }
    for (let feature = 0; feature < width; feature += 1) {
      const explained = along * (basis[feature * rank + column] as number);
      into[feature] = (into[feature] as number) - explained;
    }
  }
}
