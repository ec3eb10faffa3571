/** Rows of equal width, one after another. */
export interface Rows {
  readonly width: number;
  readonly values: Float32Array;
}

export const rowCountOf = ({ width, values }: Rows): number => values.length / width;

/** Sweeps until nothing off the diagonal is left; a handful is enough for a hundred features. */
const sweepsMax = 60;
const offDiagonalMin = 1e-18;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, largest first (Jacobi's rotations).
 *
 * @param matrix `size` × `size`, row after row
 */
export function eigen(
  matrix: Float64Array,
  size: number,
): readonly { readonly value: number; readonly vector: Float64Array }[] {
  const a = Float64Array.from(matrix);
  const v = Float64Array.from({ length: size * size }, (_, index) =>
    index % (size + 1) === 0 ? 1 : 0,
  );
  for (let sweep = 0; sweep < sweepsMax && offDiagonal(a, size) > offDiagonalMin; sweep += 1) {
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) rotate(a, v, size, p, q);
    }
  }
  return Array.from({ length: size }, (_, column) => ({
    value: a[column * size + column] as number,
    vector: Float64Array.from({ length: size }, (_, row) => v[row * size + column] as number),
  })).sort((one, other) => other.value - one.value);
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let row = 0; row < size; row += 1) {
    for (let column = row + 1; column < size; column += 1) {
      sum += (a[row * size + column] as number) ** 2;
    }
  }
  return sum;
}

/** Turns the plane of p and q so that their entry off the diagonal is gone. */
function rotate(a: Float64Array, v: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q] as number;
  if (apq === 0) return;
  const theta = ((a[q * size + q] as number) - (a[p * size + p] as number)) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(t * t + 1);
  const sine = t * cosine;
  for (let k = 0; k < size; k += 1) {
    const kp = a[k * size + p] as number;
    const kq = a[k * size + q] as number;
    a[k * size + p] = cosine * kp - sine * kq;
    a[k * size + q] = sine * kp + cosine * kq;
  }
  for (let k = 0; k < size; k += 1) {
    const pk = a[p * size + k] as number;
    const qk = a[q * size + k] as number;
    a[p * size + k] = cosine * pk - sine * qk;
    a[q * size + k] = sine * pk + cosine * qk;
    const vp = v[k * size + p] as number;
    const vq = v[k * size + q] as number;
    v[k * size + p] = cosine * vp - sine * vq;
    v[k * size + q] = sine * vp + cosine * vq;
  }
}
