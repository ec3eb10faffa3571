/**
 * HL7 v2 messages as text: segments, fields, repetitions, components and escapes (HL7 v2.6 chapter
 * 2). Positions are counted as the standard counts them: `field(5)` of an OBX is OBX-5.
 */

/** A message control id is 199 characters at most (MSH-10, v2.6); some senders are generous. */
const controlIdCharactersMax = 256;
/** An escape sequence: a letter, or hexadecimal digits of a few characters. */
const escapeCharactersMax = 64;

/** Field separator, component, repetition, escape and subcomponent, as MSH-1 and MSH-2 give them. */
export interface Hl7Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
}

export interface Hl7Segment {
  readonly name: string;
  /** The whole segment as it was sent. */
  readonly text: string;
  /** A field as it was sent; empty when it is not there. */
  field(number: number): string;
  /** A component of a field's first repetition, without escapes and outer spaces. */
  part(number: number, component: number): string;
  /** One component, the first unless said, of all repetitions of a field. */
  codes(number: number, component?: number): readonly string[];
}

export interface Hl7Message {
  readonly delimiters: Hl7Delimiters;
  readonly header: Hl7Segment;
  /** MSH-9, such as `ORU` and `R01`. */
  readonly type: string;
  readonly trigger: string;
  /** MSH-10, exactly as it was sent. */
  readonly controlId: string;
  /** All segments, the header first. */
  readonly segments: readonly Hl7Segment[];
}

/** Undefined when the first segment is no header that could be answered. */
export function readHl7Message(text: string): Hl7Message | undefined {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const delimiters = delimitersOf(lines[0] ?? '');
  if (!delimiters) return undefined;
  const segments = lines.map((line) => segmentOf(line, delimiters));
  const [header] = segments;
  const controlId = header?.field(10) ?? '';
  if (!header || controlId === '' || controlId.length > controlIdCharactersMax) return undefined;
  return {
    delimiters,
    header,
    type: header.part(9, 1),
    trigger: header.part(9, 2),
    controlId,
    segments,
  };
}

/** Four different marks; the subcomponent mark behind them may be left out, or one more follow. */
function delimitersOf(header: string): Hl7Delimiters | undefined {
  const match = /^MSH([!-/:-@[-`{-~])([!-/:-@[-`{-~]{3,5})(?=\1)/.exec(header);
  const [, field = '', [component = '', repetition = '', mark = ''] = ''] = match ?? [];
  const marks = new Set([field, component, repetition, mark]);
  return match && marks.size === 4 ? { field, component, repetition, escape: mark } : undefined;
}

function segmentOf(text: string, delimiters: Hl7Delimiters): Hl7Segment {
  const texts = text.split(delimiters.field);
  const name = texts[0] ?? '';
  // MSH-1 is the separator itself, so the header's fields stand one place further on.
  const shift = name === 'MSH' ? 1 : 0;
  const field = (number: number) => texts[number - shift] ?? '';
  const partOf = (repetition: string, component: number) =>
    unescaped(repetition.split(delimiters.component)[component - 1] ?? '', delimiters).trim();
  const repetitions = (number: number) => field(number).split(delimiters.repetition);
  return {
    name,
    text,
    field,
    part: (number, component) => partOf(repetitions(number)[0] ?? '', component),
    codes: (number, component = 1) =>
      repetitions(number).map((repetition) => partOf(repetition, component)),
  };
}

/** Chapter 2.7. Highlighting and local escapes have no meaning here and are left as they stand. */
function unescaped(text: string, delimiters: Hl7Delimiters): string {
  const { field, component, repetition, escape: mark } = delimiters;
  if (!text.includes(mark)) return text;
  const meanings = new Map([
    ['F', field],
    ['S', component],
    ['R', repetition],
    ['E', mark],
    ['T', '&'],
    ['.br', '\n'],
  ]);
  const pieces = text.split(mark);
  let plain = pieces[0] ?? '';
  for (let index = 1; index < pieces.length; index += 1) {
    const piece = pieces[index] ?? '';
    const isClosed = index + 1 < pieces.length;
    const meaning = isClosed ? (meanings.get(piece) ?? charactersOf(piece)) : undefined;
    if (meaning === undefined) plain += `${mark}${piece}`;
    else {
      plain += `${meaning}${pieces[index + 1]}`;
      index += 1;
    }
  }
  return plain;
}

/** `X0D0A`: characters by their hexadecimal code. */
function charactersOf(sequence: string): string | undefined {
  if (sequence.length > escapeCharactersMax) return undefined;
  if (!/^X(?:[0-9A-Fa-f]{2})+$/.test(sequence)) return undefined;
  return Buffer.from(sequence.slice(1), 'hex').toString('latin1');
}
