/** The middle one; of an even count the lower of the two, so that it is one that was measured. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('the median of nothing');
  return middle;
}

/** Rounded to `digits` significant ones: what a measurement of seconds can tell. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
