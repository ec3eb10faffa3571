import type { Mask, MaskedFrame } from '../mask.ts';

/**
 * What of each segment says what was measured, when and in which form. Every other field is masked,
 * and of a segment that is not here everything but its name: PID, PV1, NTE and whatever a vendor added.
 */
const harmless: Readonly<Record<string, readonly number[]>> = {
  MSH: [1, 2, 7, 9, 11, 12, 15, 16, 17, 18, 19, 20, 21],
  MSA: [1],
  EVN: [1, 2],
  PID: [1],
  PV1: [1, 2],
  OBR: [1, 4, 7, 8, 22],
  OBX: [1, 2, 3, 4, 6, 8, 11, 14],
  ERR: [3, 4],
};

const VT = '\x0b';
const FS = '\x1c';

/** Segments of a message, or a frame of MLLP around them: VT ... FS CR. */
const messageForm = new RegExp(`(${VT}?)(MSH.[\\s\\S]*?)(${FS}\\r?|(?=${VT}|[\\r\\n]MSH)|$)`, 'g');

/** Each message of the capture with its frame; what stands between them is withheld. */
export function maskHl7(capture: Uint8Array, mask: Mask): readonly MaskedFrame[] {
  const text = Buffer.from(capture).toString('latin1');
  return [...text.matchAll(messageForm)].map((match) => {
    const [whole, start = '', message = '', end = ''] = match;
    const bytes = Buffer.from(`${start}${maskMessage(message, mask)}${end}`, 'latin1');
    return { start: match.index, end: match.index + whole.length, bytes };
  });
}

function maskMessage(message: string, mask: Mask): string {
  const separator = message.charAt(3);
  return message
    .split(/([\r\n]+)/)
    .map((segment) => (/^[\r\n]*$/.test(segment) ? segment : maskSegment(segment, separator, mask)))
    .join('');
}

function maskSegment(segment: string, separator: string, mask: Mask): string {
  const [name = '', ...fields] = segment.split(separator);
  if (!/^[A-Z][A-Z0-9]{2}$/.test(name)) return mask.text(segment);
  // The separator itself is the first field of a header.
  const first = name === 'MSH' ? 2 : 1;
  const kept = new Set(harmless[name] ?? []);
  const type = name === 'OBX' ? (fields[1] ?? '') : '';
  const masked = fields.map((field, index) => {
    const number = index + first;
    const isKept = kept.has(number) || (name === 'OBX' && number === 5 && isResult(type, field));
    return isKept ? field : mask.text(field);
  });
  return [name, ...masked].join(separator);
}

/** A figure, or a term of a nomenclature; a text may name anybody. */
function isResult(type: string, value: string): boolean {
  if (/^(?:NM|NA|SN)$/.test(type)) return /^[\d\s.^<>=+~-]*$/.test(value);
  return /^(?:\d{1,8}\^MDC_\w+\^MDC|start|update|end|continue|start_only|active|inactive|latched|enabled|)$/.test(
    value,
  );
}
