import type { Mask } from '../mask.ts';
import { alarmLists } from './alarm.ts';
import { bytesOf, readerOf } from './bytes.ts';
import { readIntellivueMessage } from './message.ts';

/**
 * Attributes that say what is measured, how, when, and how it is alarmed. Everything else is masked
 * whole: names, bed labels, serial numbers, network addresses, strings on the screen.
 */
const harmless: ReadonlySet<number> = new Set([
  ...[0x0924, 0x092f, 0x0946, 0x094b, 0x0950, 0x0967, 0x096d, 0x096e, 0x096f],
  ...[0x0986, 0x0987, 0x098d, 0x098f, 0x0990, 0x0996],
]);

const lists = new Set<number>(Object.values(alarmLists));

/**
 * One message with what it names masked, as long as before; undefined when its kind is not one that
 * is known to the last byte.
 */
export function maskIntellivueMessage(message: Uint8Array, mask: Mask): Uint8Array | undefined {
  const read = readIntellivueMessage(message);
  if (!read) return undefined;
  if (read.kind === 'association') return maskAssociation(message);
  if (read.kind === 'other') return undefined;
  const masked = Buffer.from(message);
  const attributes =
    read.kind === 'poll-result'
      ? read.objects.flatMap((each) => [...each.attributes])
      : [...read.attributes];
  for (const [id, value] of attributes) {
    // Attributes are views into the message: their place in it is their own.
    const offset = value.byteOffset - message.byteOffset;
    if (lists.has(id)) masked.set(maskAlarms(value), offset);
    else if (!harmless.has(id)) masked.set(maskValue(id, value, mask), offset);
  }
  return masked;
}

/** Attribute of the response that grants extended polls: id, length and two words. */
const pollProfileExtension = Buffer.from([0xf0, 0x01, 0x00, 0x08]);
const pollProfileExtensionBytes = 12;

/** Its head and what decides how the gateway may poll; nothing proves what else stands in it. */
function maskAssociation(message: Uint8Array): Uint8Array {
  const masked = Buffer.alloc(message.length);
  const headBytes = message[1] === 0xff ? 4 : 2;
  masked.set(message.subarray(0, headBytes));
  const granted = Buffer.from(message).indexOf(pollProfileExtension);
  if (granted !== -1) {
    masked.set(message.subarray(granted, granted + pollProfileExtensionBytes), granted);
  }
  return masked;
}

const systemId = 0x0984;

/** The system id is a length and an id, and only the id tells one monitor from another. */
function maskValue(id: number, value: Uint8Array, mask: Mask): Uint8Array {
  if (id !== systemId || value.length < 2) return mask.bytes(value);
  const length = readerOf(value).u16();
  const name = value.subarray(2, 2 + length);
  return Buffer.concat([
    bytesOf([length, 2]),
    mask.bytes(name),
    new Uint8Array(value.length - 2 - name.length),
  ]);
}

const entryHeadBytes = 16;
const instanceBytes = 2;

/** The text on the screen is blanked: it stands behind the instance, in what an entry tells more. */
function maskAlarms(list: Uint8Array): Uint8Array {
  const masked = Buffer.from(list);
  for (let offset = 4; offset + entryHeadBytes + 2 <= list.length; ) {
    const length = masked.readUInt16BE(offset + entryHeadBytes);
    const text = offset + entryHeadBytes + 2 + instanceBytes;
    const end = Math.min(offset + entryHeadBytes + 2 + length, list.length);
    if (text < end) masked.fill(0, text, end);
    offset += entryHeadBytes + 2 + length;
  }
  return masked;
}
