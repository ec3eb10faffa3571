/** Only so much of a payload is looked at: what it is shows in its beginning. */
const sampledBytesMax = 256;

/** c · log2(c) of every count there can be. */
const terms = Float64Array.from({ length: sampledBytesMax + 1 }, (_, count) =>
  count === 0 ? 0 : count * Math.log2(count),
);
const counts = new Uint16Array(256);

/** Shannon entropy of the first bytes, 0 to 8 bits a byte: text is near 4.5, what is sealed near 7. */
export function byteEntropy(bytes: Uint8Array): number {
  const length = Math.min(bytes.length, sampledBytesMax);
  if (length === 0) return 0;
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[index] as number;
    counts[byte] = (counts[byte] as number) + 1;
  }
  let sum = 0;
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[index] as number;
    sum += terms[counts[byte] as number] as number;
    counts[byte] = 0;
  }
  return Math.log2(length) - sum / length;
}
