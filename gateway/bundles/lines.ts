/** A line longer than its limit. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/**
 * Lines of UTF-8 out of pieces of bytes, with what is not ended by a line feed as the last one.
 *
 * @throws LineTooLong
 */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncIterable<{ readonly text: string; readonly isEnded: boolean }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (): string => {
    const text = Buffer.concat(parts).toString('utf8');
    parts = [];
    length = 0;
    return text;
  };
  for await (const piece of pieces) {
    let from = 0;
    for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, from)) {
      parts.push(piece.subarray(from, at));
      from = at + 1;
      if (length + (at - from + 1) > bytesMax) throw new LineTooLong();
      yield { text: take(), isEnded: true };
    }
    parts.push(piece.subarray(from));
    length += piece.length - from;
    if (length > bytesMax) throw new LineTooLong();
  }
  if (length > 0) yield { text: take(), isEnded: false };
}
