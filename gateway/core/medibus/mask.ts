import type { Mask, MaskedFrame } from '../mask.ts';
import { medibusHexByte } from './response.ts';

const SOH = 0x01;
const CR = 0x0d;
const ESC = 0x1b;
const ETX = '\x03';

/**
 * Frames as long as before, their sums right again. Realtime data (bit 7 set) and flow control may
 * stand between any two characters of a frame and stay where they are.
 */
export function maskMedibus(capture: Uint8Array, mask: Mask): readonly MaskedFrame[] {
  const masked = Buffer.from(capture);
  const isKept = new Uint8Array(capture.length);
  let frame: number[] = [];
  for (const [index, byte] of capture.entries()) {
    if (byte >= 0x80 || byte === 0x11 || byte === 0x13) isKept[index] = 1;
    else if (byte === SOH || byte === ESC) frame = [index];
    else if (frame.length > 0) frame.push(index);
    if (byte !== CR || frame.length === 0) continue;
    const text = frame.map((at) => String.fromCharCode(capture[at] ?? 0)).join('');
    const replaced = maskFrame(text, mask);
    for (const [place, at] of frame.entries()) {
      if (replaced === undefined) continue;
      masked[at] = replaced.charCodeAt(place);
      isKept[at] = 1;
    }
    frame = [];
  }
  return runsOf(isKept).map(([start, end]) => ({ start, end, bytes: masked.subarray(start, end) }));
}

/** Start, code, data, two digits of the sum, carriage return. Undefined when the sum is wrong. */
function maskFrame(frame: string, mask: Mask): string | undefined {
  if (frame.length < 5 || frame.slice(-3, -1) !== sumOf(frame.slice(0, -3))) return undefined;
  const code = frame.charCodeAt(1);
  const covered = `${frame.slice(0, 2)}${maskData(code, frame.slice(2, -3), mask)}`;
  return `${covered}${sumOf(covered)}\r`;
}

function maskData(code: number, data: string, mask: Mask): string {
  switch (code) {
    // Measured data: two digits and four characters. Settings: two and five.
    case 0x24:
    case 0x2b:
      return maskFigures(data, 6, mask);
    case 0x29:
      return maskFigures(data, 7, mask);
    // Alarms: priority, two digits, and twelve characters that somebody may have written.
    case 0x27:
    case 0x2e:
      return data.replace(
        /(...)(.{1,12})/gs,
        (_, head: string, phrase: string) => head + mask.text(phrase),
      );
    case 0x2a:
      return maskTexts(data, mask);
    case 0x28:
      return /^[ \d:A-Za-z-]{0,24}$/.test(data) ? data : mask.text(data);
    default:
      // Who made the device and which one it is, and whatever is not of this interface.
      return mask.text(data);
  }
}

function maskFigures(data: string, length: number, mask: Mask): string {
  let masked = '';
  for (let offset = 0; offset < data.length; offset += length) {
    const entry = data.slice(offset, offset + length);
    const isFigure = /^[0-9A-F]{2}[ \d.+:/-]*$/.test(entry);
    masked += isFigure ? entry : `${entry.slice(0, 2)}${mask.text(entry.slice(2))}`;
  }
  return masked;
}

/** Two digits, a length, the text, ETX. */
function maskTexts(data: string, mask: Mask): string {
  let masked = '';
  for (const text of data.split(new RegExp(`(?<=${ETX})`))) {
    const isEnded = text.endsWith(ETX);
    const body = isEnded ? text.slice(3, -1) : text.slice(3);
    masked += `${text.slice(0, 3)}${mask.text(body)}${isEnded ? ETX : ''}`;
  }
  return masked;
}

function sumOf(text: string): string {
  return medibusHexByte(Buffer.from(text, 'latin1').reduce((sum, byte) => (sum + byte) & 0xff, 0));
}

function runsOf(isKept: Uint8Array): readonly (readonly [start: number, end: number])[] {
  const runs: [number, number][] = [];
  for (const [index, kept] of isKept.entries()) {
    const last = runs.at(-1);
    if (!kept) continue;
    if (last && last[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}
