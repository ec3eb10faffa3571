/**
 * The text of laboratory records after ASTM E1394 (CLSI LIS2-A2): delimiters, fields, repetitions,
 * components and escapes, and where one record ends and the next begins.
 */

/**
 * Fields of one record: `field(4)` is the fourth, `parts(4)` its components, `part(4)` the first,
 * `codes(4)` the first of each repetition.
 */
export interface Fields {
  readonly field: (number: number) => string;
  readonly parts: (number: number) => readonly string[];
  readonly part: (number: number) => string;
  readonly codes: (number: number) => readonly string[];
}

export function startsMessage(content: string): boolean {
  return delimitersOf(content) !== undefined;
}

/** True where a record begins, and not the middle of one. */
export function startsRecord(content: string, delimiters: string | undefined): boolean {
  const [, after] = content;
  return /^[HPORCMQSL]/.test(content) && after === delimiters?.[0];
}

/** One whole manufacturer's record (LIS2-A2, 14), or the beginning of one. */
export function isManufacturersRecord(content: string, delimiters: string | undefined): boolean {
  return startsRecord(content, delimiters) && /^M[^\r]*\r?$/.test(content);
}

/**
 * A record ends with CR (LIS2-A2 6.4.1). Some analysers write LF instead, or both; an LF that no
 * record follows is only a fold in a long line.
 */
export function recordLinesOf(text: string, separator: string | undefined): string[] {
  return text.split('\r').flatMap((line) => {
    if (!line.includes('\n')) return [line];
    const pieces: string[] = [];
    for (const piece of line.split('\n')) {
      const isRecord = /^[HPORCMQSL]/.test(piece) && piece[1] === separator;
      if (isRecord || pieces.length === 0) pieces.push(piece);
      else pieces.push(`${pieces.pop()}${piece}`);
    }
    return pieces;
  });
}

/** Four different marks after the `H`; the escape mark may be left out. */
export function delimitersOf(line: string): string | undefined {
  if (line[0] !== 'H') return undefined;
  const field = line[1] ?? '';
  const marks = line.slice(1, line[4] === field ? 4 : 5);
  const areMarks = /^[!-/:-@[-`{-~]{3,4}$/.test(marks) && new Set(marks).size === marks.length;
  return areMarks ? marks : undefined;
}

export function fieldsOf(line: string, delimiters: string): Fields {
  const texts = line.split(delimiters[0] ?? '');
  const field = (number: number) => texts[number - 1] ?? '';
  const partsOf = (text: string) =>
    text.split(delimiters[2] ?? '').map((part) => unescaped(part, delimiters).trim());
  const parts = (number: number) => partsOf(field(number));
  return {
    field: (number) => unescaped(field(number), delimiters),
    parts,
    part: (number) => parts(number)[0] ?? '',
    codes: (number) =>
      field(number)
        .split(delimiters[1] ?? '')
        .map((text) => partsOf(text)[0] ?? ''),
  };
}

/** LIS2-A2 6.4.2: `&F&` is the field delimiter itself; highlighting has no meaning here. */
function unescaped(text: string, [field, repeat, component, mark]: string): string {
  if (mark === undefined || !text.includes(mark)) return text;
  const meanings = new Map([
    ['F', field],
    ['R', repeat],
    ['S', component],
    ['E', mark],
    ['H', ''],
    ['N', ''],
  ]);
  const pieces = text.split(mark);
  let plain = pieces[0] ?? '';
  for (let index = 1; index < pieces.length; index += 1) {
    const meaning = index + 1 < pieces.length ? meanings.get(pieces[index] ?? '') : undefined;
    if (meaning === undefined) plain += `${mark}${pieces[index]}`;
    else {
      plain += `${meaning}${pieces[index + 1]}`;
      index += 1;
    }
  }
  return plain;
}
