import { type ByteReader, readerOf } from './bytes.ts';

/**
 * The messages of the Philips IntelliVue Data Export interface (Programming Guide 4535 642 59271
 * and 453564588011, chapter 5), without what carries them. Every length inside a message must fit
 * its content, or the message is none: what was damaged never becomes a value.
 */
export type IntellivueMessage =
  | { readonly kind: 'association'; readonly verdict: Verdict; readonly hasExtendedPoll: boolean }
  | MdsCreate
  | { readonly kind: 'connect-indication'; readonly attributes: Attributes }
  | PollResult
  /** A message that says nothing about a patient: requests, confirmations, errors. */
  | { readonly kind: 'other' };

export type Verdict = 'requested' | 'accepted' | 'refused' | 'ended';

/** The monitor introduces itself and waits for a confirmation. */
export interface MdsCreate {
  readonly kind: 'mds-create';
  readonly invokeId: number;
  /** Ticks of 125 µs. */
  readonly eventTime: number;
  readonly attributes: Attributes;
}

export interface PollResult {
  readonly kind: 'poll-result';
  /** The gateway's own number of the poll. */
  readonly poll: number;
  /** Of an extended poll only; rises with every result of one poll. */
  readonly sequence: number | undefined;
  /** Ticks of 125 µs since the monitor started, modulo 2³². */
  readonly relativeTime: number;
  /** Eight bytes of binary coded decimals, all ones where the monitor gives none. */
  readonly absoluteTime: Uint8Array;
  readonly objects: readonly PolledObject[];
}

export interface PolledObject {
  /** Unique within one monitor while it is associated. */
  readonly handle: number;
  readonly attributes: Attributes;
}

/** Values by attribute id. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** First byte of a message about the association (ISO 8327 session service). */
const sessionVerdicts: Readonly<Record<number, Verdict>> = {
  13: 'requested',
  14: 'accepted',
  12: 'refused',
  25: 'ended',
  9: 'ended',
  10: 'ended',
};

const sessionId = 0xe100;
/** A connect indication is broadcast before any session: it begins with the nomenclature version. */
const nomenclatureVersion = 0x0000_0100;

/** Remote operation (ROSE) kinds. */
const invoke = 1;
const result = 2;
const error = 3;
const linkedResult = 5;

/** Commands (CMISE). */
const eventReport = 0;
const confirmedEventReport = 1;
const confirmedAction = 7;

const mdsCreateEvent = 0x0d06;
const connectIndication = 0x0d17;
const pollAction = 0x0c16;
const extendedPollAction = 0xf13b;

/** Attribute of the association response that grants extended polls: id and length. */
const pollProfileExtension = Buffer.from([0xf0, 0x01, 0x00, 0x08]);

const other: IntellivueMessage = { kind: 'other' };

/** Undefined when the bytes are no whole message. */
export function readIntellivueMessage(message: Uint8Array): IntellivueMessage | undefined {
  const [first = 0] = message;
  const verdict = sessionVerdicts[first];
  if (verdict !== undefined) {
    // Says nothing about a patient, so whatever stands behind its head may be as it likes.
    return {
      kind: 'association',
      verdict,
      hasExtendedPoll: Buffer.from(message).includes(pollProfileExtension),
    };
  }
  const reader = readerOf(message);
  const isSession = reader.u16() === sessionId;
  const context = reader.u16();
  if (!isSession && context !== nomenclatureVersion) return undefined;
  const operation = reader.u16();
  const length = reader.u16();
  const body = reader.rest();
  if (reader.isShort || length !== body.length) return undefined;
  return readOperation(operation, readerOf(body));
}

/** How long the message that begins here is, by its own account; undefined when it is none. */
export function intellivueMessageLength(bytes: Uint8Array): number | 'more' | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === undefined) return 'more';
  if (sessionVerdicts[first] !== undefined) {
    // A length of 255 announces a longer one in the next two bytes.
    if (second === undefined) return 'more';
    if (second !== 0xff) return 2 + second;
    if (third === undefined || fourth === undefined) return 'more';
    return 4 + third * 256 + fourth;
  }
  const reader = readerOf(bytes);
  if (first !== sessionId >> 8 && first !== 0) return undefined;
  const head = reader.u16();
  const context = reader.u16();
  if (bytes.length >= 2 && head !== sessionId && head !== 0) return undefined;
  if (bytes.length >= 4 && head === 0 && context !== nomenclatureVersion) return undefined;
  reader.u16();
  const length = reader.u16();
  return reader.isShort ? 'more' : 8 + length;
}

function readOperation(operation: number, reader: ByteReader): IntellivueMessage | undefined {
  if (operation === error) return other;
  if (operation === linkedResult) {
    // First, middle or last part, and its count. Each part holds whole objects.
    reader.u16();
  } else if (operation !== invoke && operation !== result) return undefined;
  const invokeId = reader.u16();
  const command = reader.u16();
  const length = reader.u16();
  const body = reader.rest();
  if (reader.isShort || length !== body.length) return undefined;
  const isEvent = command === eventReport || command === confirmedEventReport;
  if (operation === invoke && isEvent) return readEvent(invokeId, readerOf(body));
  if (operation !== invoke && command === confirmedAction) return readAction(readerOf(body));
  return other;
}

const managedObjectBytes = 6;

function readEvent(invokeId: number, reader: ByteReader): IntellivueMessage | undefined {
  reader.take(managedObjectBytes);
  const eventTime = reader.u32();
  const type = reader.u16();
  const length = reader.u16();
  const body = reader.rest();
  if (reader.isShort || length !== body.length) return undefined;
  const content = readerOf(body);
  if (type === mdsCreateEvent) {
    content.take(managedObjectBytes);
    const attributes = readAttributes(content);
    return attributes && content.isAtEnd
      ? { kind: 'mds-create', invokeId, eventTime, attributes }
      : undefined;
  }
  if (type !== connectIndication) return other;
  const attributes = readAttributes(content);
  return attributes && content.isAtEnd ? { kind: 'connect-indication', attributes } : undefined;
}

function readAction(reader: ByteReader): IntellivueMessage | undefined {
  reader.take(managedObjectBytes);
  const action = reader.u16();
  const length = reader.u16();
  const body = reader.rest();
  if (reader.isShort || length !== body.length) return undefined;
  if (action !== pollAction && action !== extendedPollAction) return other;
  return readPoll(readerOf(body), action === extendedPollAction);
}

const polledTypeAndGroupBytes = 6;

function readPoll(reader: ByteReader, isExtended: boolean): PollResult | undefined {
  const poll = reader.u16();
  const sequence = isExtended ? reader.u16() : undefined;
  const relativeTime = reader.u32();
  const absoluteTime = reader.take(8);
  reader.take(polledTypeAndGroupBytes);
  const contexts = readList(reader, (context) => {
    context.u16();
    return readList(context, (object) => {
      const handle = object.u16();
      const attributes = readAttributes(object);
      return attributes && { handle, attributes };
    });
  });
  if (!contexts || !reader.isAtEnd) return undefined;
  const objects = contexts.flat();
  return { kind: 'poll-result', poll, sequence, relativeTime, absoluteTime, objects };
}

function readAttributes(reader: ByteReader): Attributes | undefined {
  const entries = readList(reader, (entry) => {
    const id = entry.u16();
    const length = entry.u16();
    const value = entry.take(length);
    return [id, value] as const;
  });
  return entries && new Map(entries);
}

/** A list: count, length in bytes, entries. Undefined when they disagree. */
export function readList<Entry>(
  reader: ByteReader,
  readEntry: (entries: ByteReader) => Entry | undefined,
): Entry[] | undefined {
  const count = reader.u16();
  const length = reader.u16();
  const content = readerOf(reader.take(length));
  if (reader.isShort) return undefined;
  const entries: Entry[] = [];
  // Every entry takes bytes, so a count that lies ends with them.
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(content);
    if (entry === undefined || content.isShort) return undefined;
    entries.push(entry);
  }
  return content.isAtEnd ? entries : undefined;
}
