/**
 * How text, figures and times are written in HL7 v2.6 (chapter 2): `|` between fields, `^` between
 * components, `~` between repetitions, `\` before what is escaped.
 */
const marks: Readonly<Partial<Record<string, string>>> = {
  '|': 'F',
  '^': 'S',
  '~': 'R',
  '\\': 'E',
  '&': 'T',
};

/** The delimiters, and every control: a CR would begin a segment, an FS end the message. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass.
const special = /[|^~\\&\u0000-\u001f\u007f]/g;

/** Text that means itself, whatever it holds (2.7.1, 2.7.4). */
export function escaped(text: string): string {
  return text.replace(special, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    return `\\${marks[character] ?? `X${code}`}\\`;
  });
}

/** Components of plain text; those at the end that say nothing are left out. */
export function components(...texts: readonly string[]): string {
  return texts.map(escaped).join('^').replace(/\^+$/, '');
}

/** A segment of fields that are encoded already; those at the end that say nothing are left out. */
export function segment(name: string, fields: readonly string[]): string {
  return [name, ...fields].join('|').replace(/\|+$/, '');
}

/** Digits behind the point that a figure of a device can mean. */
const fractionDigits = 20;

/** NM (2A.47): digits and a point. It has no exponent. */
export function decimal(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  if (Math.abs(value) >= 1) return BigInt(value).toString();
  return value.toFixed(fractionDigits).replace(/\.?0+$/, '');
}

/** DTM (2A.22) with milliseconds and the offset of UTC. */
export function timestamp(at: number): string {
  return `${new Date(at).toISOString().replace(/[-:TZ]/g, '')}+0000`;
}
