import type { Rows } from './matrix.ts';

/** How columns of any unit usually are: logarithms, about their median, by their deviation. */
export interface ColumnScale {
  readonly centre: readonly number[];
  readonly spread: readonly number[];
}

/** A column that never moves is not blown up beyond it. */
const spreadMin = 0.05;

const logarithm = (value: number) => Math.sign(value) * Math.log1p(Math.abs(value));

export function fitColumns(rows: readonly Float32Array[]): ColumnScale {
  const width = rows[0]?.length ?? 0;
  const centre: number[] = [];
  const spread: number[] = [];
  for (let column = 0; column < width; column += 1) {
    const values = Float64Array.from(rows, (row) => logarithm(row[column] ?? 0)).sort();
    const middle = values[values.length >> 1] ?? 0;
    const square = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
    centre.push(middle);
    spread.push(Math.max(spreadMin, Math.sqrt(square / values.length)));
  }
  return { centre, spread };
}

/** Rows in deviations, one after another; not cut. */
export function scaled({ centre, spread }: ColumnScale, rows: readonly Float32Array[]): Rows {
  const width = centre.length;
  const values = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) {
    for (let column = 0; column < width; column += 1) {
      const distance = logarithm(row[column] ?? 0) - (centre[column] ?? 0);
      values[index * width + column] = distance / (spread[column] ?? 1);
    }
  }
  return { width, values };
}
