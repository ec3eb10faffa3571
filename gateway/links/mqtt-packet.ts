import { isUtf8 } from 'node:buffer';
import { topicLevelsMax } from '../access/topics.ts';

/** MQTT 3.1.1, table 2.1: what a client may send. */
export const packetType = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

/**
 * What a packet broke: the number of the normative statement of MQTT 3.1.1, or of the section
 * where the standard numbers no statement. `topic-levels` is a limit of ours.
 */
export type Violation = `MQTT-${string}` | 'topic-levels';

interface HeaderRule {
  /** The only flags allowed; PUBLISH has flags of its own. */
  readonly flags?: number;
  readonly flagsClause?: Violation;
  /** The only remaining length allowed. */
  readonly bytes?: number;
  readonly bytesClause?: Violation;
}

const reservedFlags = 'MQTT-2.2.2-1';
/** Index is the packet type. A hole is a type no client may send. */
const headerRules: readonly (HeaderRule | undefined)[] = [
  undefined,
  { flags: 0, flagsClause: reservedFlags },
  undefined,
  {},
  { flags: 0, flagsClause: reservedFlags, bytes: 2, bytesClause: 'MQTT-3.4.1' },
  { flags: 0, flagsClause: reservedFlags, bytes: 2, bytesClause: 'MQTT-3.5.1' },
  { flags: 2, flagsClause: 'MQTT-3.6.1-1', bytes: 2, bytesClause: 'MQTT-3.6.1' },
  { flags: 0, flagsClause: reservedFlags, bytes: 2, bytesClause: 'MQTT-3.7.1' },
  { flags: 2, flagsClause: 'MQTT-3.8.1-1' },
  undefined,
  { flags: 2, flagsClause: 'MQTT-3.10.1-1' },
  undefined,
  { flags: 0, flagsClause: reservedFlags, bytes: 0, bytesClause: 'MQTT-3.12.1' },
  undefined,
  { flags: 0, flagsClause: 'MQTT-3.14.1-1', bytes: 0, bytesClause: 'MQTT-3.14.1' },
  undefined,
];

/**
 * Judges one whole packet, from `start` to `end`, as MQTT 3.1.1 binds a server to.
 * Whether it may be sent now (a second CONNECT, anything before CONNECT) is the connection's to say.
 */
export function inspectPacket(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): Violation | undefined {
  let body = start + 1;
  let remaining = 0;
  for (let shift = 0; ; shift += 7) {
    // MQTT-2.2.3: at most four bytes of length.
    if (shift > 21 || body >= end) return 'MQTT-2.2.3';
    const byte = at(bytes, body++);
    remaining += (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (body + remaining !== end) return 'MQTT-2.2.3';
  const first = at(bytes, start);
  return inspectHeader(first, remaining) ?? inspectBody(bytes, first, body, end);
}

/** Judges a fixed header before any of the body has arrived. `remaining` is in bytes. */
export function inspectHeader(first: number, remaining: number): Violation | undefined {
  const rule = headerRules[first >> 4];
  // MQTT-2.2.1: reserved, or a packet only a server sends.
  if (rule === undefined) return 'MQTT-2.2.1';
  if (rule.flags === undefined) {
    const qos = (first >> 1) & 3;
    if (qos === 3) return 'MQTT-3.3.1-4';
    if (qos === 0 && (first & 8) !== 0) return 'MQTT-3.3.1-2';
    return undefined;
  }
  if ((first & 15) !== rule.flags) return rule.flagsClause;
  if (rule.bytes !== undefined && remaining !== rule.bytes) return rule.bytesClause;
  return undefined;
}

function inspectBody(
  bytes: Uint8Array,
  first: number,
  body: number,
  end: number,
): Violation | undefined {
  switch (first >> 4) {
    case packetType.connect:
      return inspectConnect(bytes, body, end);
    case packetType.publish:
      return inspectPublish(bytes, (first >> 1) & 3, body, end);
    case packetType.subscribe:
      return inspectSubscribe(bytes, body, end);
    case packetType.unsubscribe:
      return inspectUnsubscribe(bytes, body, end);
    case packetType.puback:
    case packetType.pubrec:
    case packetType.pubrel:
    case packetType.pubcomp:
      return inspectPacketId(bytes, body, end);
    default:
      return undefined;
  }
}

function inspectConnect(bytes: Uint8Array, body: number, end: number): Violation | undefined {
  if (!fits(bytes, body, end)) return 'MQTT-3.1.2-1';
  const level = after(bytes, body);
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + body + 2, level - body - 2);
  // MQTT 3.1 called itself by another name. It is told that its level is not spoken here.
  if (name.equals(Buffer.from('MQIsdp'))) return 'MQTT-3.1.2-2';
  if (!name.equals(Buffer.from('MQTT'))) return 'MQTT-3.1.2-1';
  if (level >= end) return 'MQTT-3.1.2';
  if (at(bytes, level) !== 4) return 'MQTT-3.1.2-2';
  // Flags, then the keep-alive in two bytes.
  if (level + 4 > end) return 'MQTT-3.1.2';
  const flags = at(bytes, level + 1);
  return inspectConnectFlags(flags) ?? inspectConnectPayload(bytes, flags, level + 4, end);
}

function inspectConnectFlags(flags: number): Violation | undefined {
  const hasWill = (flags & 0x04) !== 0;
  const willQos = (flags >> 3) & 3;
  if ((flags & 0x01) !== 0) return 'MQTT-3.1.2-3';
  if (willQos === 3) return 'MQTT-3.1.2-14';
  if (!hasWill && willQos !== 0) return 'MQTT-3.1.2-13';
  if (!hasWill && (flags & 0x20) !== 0) return 'MQTT-3.1.2-15';
  if ((flags & 0xc0) === 0x40) return 'MQTT-3.1.2-22';
  return undefined;
}

function inspectConnectPayload(
  bytes: Uint8Array,
  flags: number,
  payload: number,
  end: number,
): Violation | undefined {
  if (!fits(bytes, payload, end)) return 'MQTT-3.1.3-3';
  let next = after(bytes, payload);
  const clientId = inspectText(bytes, payload + 2, next);
  if (clientId !== undefined) return clientId;
  if (next === payload + 2 && (flags & 0x02) === 0) return 'MQTT-3.1.3-8';
  if ((flags & 0x04) !== 0) {
    if (!fits(bytes, next, end)) return 'MQTT-3.1.2-9';
    const message = after(bytes, next);
    const topic = inspectTopicName(bytes, next + 2, message, 'MQTT-4.7.1-1');
    if (topic !== undefined) return topic;
    if (!fits(bytes, message, end)) return 'MQTT-3.1.2-9';
    next = after(bytes, message);
  }
  if ((flags & 0x80) !== 0) {
    if (!fits(bytes, next, end)) return 'MQTT-3.1.2-19';
    const password = after(bytes, next);
    const userName = inspectText(bytes, next + 2, password);
    if (userName !== undefined) return userName;
    next = password;
  }
  if ((flags & 0x40) !== 0) {
    if (!fits(bytes, next, end)) return 'MQTT-3.1.2-21';
    next = after(bytes, next);
  }
  return next === end ? undefined : 'MQTT-3.1.3-1';
}

function inspectPublish(
  bytes: Uint8Array,
  qos: number,
  body: number,
  end: number,
): Violation | undefined {
  if (!fits(bytes, body, end)) return 'MQTT-3.3.2-1';
  const next = after(bytes, body);
  const topic = inspectTopicName(bytes, body + 2, next, 'MQTT-3.3.2-2');
  if (topic !== undefined || qos === 0) return topic;
  return inspectPacketId(bytes, next, end);
}

function inspectSubscribe(bytes: Uint8Array, body: number, end: number): Violation | undefined {
  const packetId = inspectPacketId(bytes, body, end);
  if (packetId !== undefined) return packetId;
  if (body + 2 === end) return 'MQTT-3.8.3-3';
  for (let filter = body + 2; filter < end; ) {
    if (!fits(bytes, filter, end)) return 'MQTT-3.8.3-1';
    const qos = after(bytes, filter);
    const violation = inspectFilter(bytes, filter + 2, qos);
    if (violation !== undefined) return violation;
    if (qos >= end || at(bytes, qos) > 2) return 'MQTT-3.8.3-4';
    filter = qos + 1;
  }
  return undefined;
}

function inspectUnsubscribe(bytes: Uint8Array, body: number, end: number): Violation | undefined {
  const packetId = inspectPacketId(bytes, body, end);
  if (packetId !== undefined) return packetId;
  if (body + 2 === end) return 'MQTT-3.10.3-2';
  for (let filter = body + 2; filter < end; ) {
    if (!fits(bytes, filter, end)) return 'MQTT-3.10.3-1';
    const next = after(bytes, filter);
    const violation = inspectFilter(bytes, filter + 2, next);
    if (violation !== undefined) return violation;
    filter = next;
  }
  return undefined;
}

/** MQTT-2.3.1-1: present and not zero. */
function inspectPacketId(bytes: Uint8Array, from: number, end: number): Violation | undefined {
  return from + 2 <= end && uint16(bytes, from) !== 0 ? undefined : 'MQTT-2.3.1-1';
}

/** A topic that names one place: no wildcard may be in it. */
function inspectTopicName(
  bytes: Uint8Array,
  from: number,
  end: number,
  wildcard: Violation,
): Violation | undefined {
  if (from === end) return 'MQTT-4.7.3-1';
  let levels = 1;
  for (let index = from; index < end; index++) {
    const byte = at(bytes, index);
    if (byte === hash || byte === plus) return wildcard;
    if (byte === slash) levels++;
  }
  return inspectText(bytes, from, end) ?? (levels > topicLevelsMax ? 'topic-levels' : undefined);
}

function inspectFilter(bytes: Uint8Array, from: number, end: number): Violation | undefined {
  if (from === end) return 'MQTT-4.7.3-1';
  let levels = 1;
  for (let index = from; index < end; index++) {
    const byte = at(bytes, index);
    const isFirst = index === from || at(bytes, index - 1) === slash;
    const isLast = index + 1 === end || at(bytes, index + 1) === slash;
    if (byte === hash && !(isFirst && index + 1 === end)) return 'MQTT-4.7.1-2';
    if (byte === plus && !(isFirst && isLast)) return 'MQTT-4.7.1-3';
    if (byte === slash) levels++;
  }
  return inspectText(bytes, from, end) ?? (levels > topicLevelsMax ? 'topic-levels' : undefined);
}

/**
 * MQTT-1.5.3-1: well-formed UTF-8 without surrogates. MQTT-1.5.3-2: without U+0000. A receiver may
 * close for control characters and non-characters too (1.5.3), and no device has a use for them.
 */
function inspectText(bytes: Uint8Array, from: number, end: number): Violation | undefined {
  let isAscii = true;
  for (let index = from; index < end; index++) {
    const byte = at(bytes, index);
    if (byte === 0) return 'MQTT-1.5.3-2';
    if (byte < 0x20 || byte === 0x7f) return 'MQTT-1.5.3';
    if (byte > 0x7f) isAscii = false;
  }
  return isAscii ? undefined : inspectCharacters(bytes.subarray(from, end));
}

function inspectCharacters(bytes: Uint8Array): Violation | undefined {
  if (!isUtf8(bytes)) return 'MQTT-1.5.3-1';
  return unwanted.test(Buffer.from(bytes).toString()) ? 'MQTT-1.5.3' : undefined;
}

const unwanted = /[\p{Control}\p{Noncharacter_Code_Point}]/u;

const hash = 0x23;
const plus = 0x2b;
const slash = 0x2f;

/** True when the field at `from`, two bytes of length and then so many bytes, ends before `end`. */
function fits(bytes: Uint8Array, from: number, end: number): boolean {
  return from + 2 <= end && after(bytes, from) <= end;
}

/** Where the field after the one at `from` begins. */
function after(bytes: Uint8Array, from: number): number {
  return from + 2 + uint16(bytes, from);
}

/** Big-endian, as everything in MQTT (1.5.2). */
export function uint16(bytes: Uint8Array, from: number): number {
  return (at(bytes, from) << 8) | at(bytes, from + 1);
}

/** Callers have checked the bounds; past the end reads as 0. */
function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
