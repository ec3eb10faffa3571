const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;

/** MLLP, release 1: `VT message FS CR`. */
export function framed(text: string): Buffer {
  return Buffer.from(`\x0b${text}\x1c\r`, 'utf8');
}

/** An answer is a few segments; a receiver that says more than this has lost its way. */
const answerBytesMax = 65_536;

/** What came so far, read as one frame. */
export type FrameReading =
  | { readonly state: 'incomplete' }
  /** No frame can come of it. */
  | { readonly state: 'broken' }
  /** `isAlone`: nothing stands behind it. */
  | { readonly state: 'whole'; readonly text: string; readonly isAlone: boolean };

/** However the bytes were cut on their way, `bytes` is all that came. */
export function readFrame(bytes: Buffer): FrameReading {
  if (bytes.length > 0 && bytes[0] !== VT) return { state: 'broken' };
  const end = bytes.indexOf(FS);
  if (bytes.length > answerBytesMax) return { state: 'broken' };
  if (end < 0 || end + 1 >= bytes.length) return { state: 'incomplete' };
  if (bytes[end + 1] !== CR) return { state: 'broken' };
  const text = bytes.toString('utf8', 1, end);
  return { state: 'whole', text, isAlone: bytes.length === end + 2 };
}
