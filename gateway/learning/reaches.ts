import { type Rows, rowCountOf } from './matrix.ts';

/** Features that hardly move are not blown up beyond this. */
const reachMin = 1;

/** One over the magnitude that so many rows stay within, by feature. */
export function reachesOf(rows: Rows, share: number): Float32Array {
  const { width, values } = rows;
  const count = rowCountOf(rows);
  const column = new Float32Array(count);
  return Float32Array.from({ length: width }, (_, feature) => {
    for (let row = 0; row < count; row += 1) {
      column[row] = Math.abs(values[row * width + feature] as number);
    }
    column.sort();
    return 1 / Math.max(reachMin, column[Math.floor(share * (count - 1))] as number);
  });
}
