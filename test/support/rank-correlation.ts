/**
 * Kendall's tau-b: 1 where two rankings agree on every pair, -1 where on none; ties count for
 * neither (Kendall 1945).
 */
export function tauB(a: readonly number[], b: readonly number[]): number {
  let agreed = 0;
  let tiedA = 0;
  let tiedB = 0;
  let pairs = 0;
  for (let i = 0; i < a.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const first = Math.sign((a[i] as number) - (a[j] as number));
      const second = Math.sign((b[i] as number) - (b[j] as number));
      pairs += 1;
      agreed += first * second;
      if (first === 0) tiedA += 1;
      if (second === 0) tiedB += 1;
    }
  }
  return agreed / Math.sqrt((pairs - tiedA) * (pairs - tiedB));
}
