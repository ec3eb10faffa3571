import type { Mask, MaskedFrame } from '../mask.ts';

/** Fields that say what was measured and when. Every other field is masked, the text of C whole. */
const harmless: Readonly<Record<string, readonly number[]>> = {
  H: [1, 2, 12, 13, 14],
  P: [1, 2],
  O: [1, 2, 5, 6, 7, 8, 12, 16, 23, 26],
  R: [1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 13],
  L: [1, 2, 3],
  C: [1, 2],
  M: [1, 2],
  Q: [1, 2],
};
const resultValue = 4;

const [STX, ETX, EOT, ENQ, ACK] = ['\x02', '\x03', '\x04', '\x05', '\x06'];
const [NAK, ETB] = ['\x15', '\x17'];

/** ENQ, EOT, ACK, NAK and line ends; or STX, number, text, ETX or ETB, two digits, line end. */
const unitForm = new RegExp(
  `[${EOT}${ENQ}${ACK}${NAK}\\r\\n]|` +
    `${STX}([0-7])([^${STX}${ETX}${EOT}${ENQ}${ACK}${NAK}${ETB}]*)([${ETX}${ETB}])([0-9A-Fa-f]{2})`,
  'g',
);

interface Frame {
  readonly start: number;
  readonly end: number;
  readonly number: string;
  readonly text: string;
  readonly terminator: string;
}

/**
 * Frame by frame, each as long as before and with a right checksum. A record may go on in the next
 * frame, so a message is masked whole. A frame with a wrong checksum is withheld.
 */
export function maskAstm(capture: Uint8Array, mask: Mask): readonly MaskedFrame[] {
  const text = Buffer.from(capture).toString('latin1');
  const masked: MaskedFrame[] = [];
  let message: Frame[] = [];
  const flush = () => {
    masked.push(...maskMessage(message, mask));
    message = [];
  };
  for (const match of text.matchAll(unitForm)) {
    const [whole, number, content, terminator, checksum] = match;
    const start = match.index;
    const end = start + whole.length;
    if (number === undefined || content === undefined || terminator === undefined) {
      // Answers and line ends stand between the frames of one message.
      if (whole === EOT || whole === ENQ) flush();
      masked.push({ start, end, bytes: capture.subarray(start, end) });
    } else if (checksum?.toUpperCase() === checksumOf(`${number}${content}${terminator}`)) {
      if (/^H/.test(content)) flush();
      message.push({ start, end, number, text: content, terminator });
    }
  }
  flush();
  return masked.sort((a, b) => a.start - b.start);
}

function maskMessage(frames: readonly Frame[], mask: Mask): readonly MaskedFrame[] {
  const masked = maskRecords(frames.map(({ text }) => text).join(''), mask);
  let offset = 0;
  return frames.map(({ start, end, number, text, terminator }) => {
    const covered = `${number}${masked.slice(offset, offset + text.length)}${terminator}`;
    offset += text.length;
    return { start, end, bytes: Buffer.from(`${STX}${covered}${checksumOf(covered)}`, 'latin1') };
  });
}

function maskRecords(message: string, mask: Mask): string {
  let separator = '|';
  return message
    .split(/([\r\n]+)/)
    .map((record) => {
      if (/^[\r\n]*$/.test(record)) return record;
      const type = record.charAt(0);
      if (type === 'H') separator = record.charAt(1);
      const kept = new Set(harmless[type] ?? []);
      return record
        .split(separator)
        .map((field, index) => {
          const isFigure = type === 'R' && index + 1 === resultValue && figureForm.test(field);
          const isSpecimen = type === 'O' && [3, 4].includes(index + 1) && controlForm.test(field);
          return kept.has(index + 1) || isFigure || isSpecimen ? field : mask.text(field);
        })
        .join(separator);
    })
    .join('');
}

/** A figure with what limits it, or what stands for none; anything longer is text. */
const figureForm = /^[<>=~ ]{0,3}[\d.,+-]{0,14}(?:\^[\d.,+-]{0,14})?$/;
/** A control specimen stays one, or its results would be decoded as a patient’s. */
const controlForm = /^(?:QC|CTRL|CONTROL)[^\d]*$/i;

function checksumOf(covered: string): string {
  const sum = Buffer.from(covered, 'latin1').reduce((total, byte) => (total + byte) & 0xff, 0);
  return sum.toString(16).toUpperCase().padStart(2, '0');
}
