import { relativeTimeRangeMs } from '../core/intellivue/clock.ts';
import { maskIntellivueMessage } from '../core/intellivue/mask.ts';
import { readIntellivueMessage } from '../core/intellivue/message.ts';
import {
  checkBytes,
  escapeMark,
  escapeMask,
  frameCheck,
  frameEnd,
  frameHeader,
  frameStart,
  headerBytes,
  toMibFrame,
} from '../core/intellivue/mib-frame.ts';
import { type MonitorMemory, readMonitor, unknownMonitor } from '../core/intellivue/monitor.ts';
import {
  hear,
  lastUtterance,
  type MonitorSession,
  mdsCreateResult,
  nextUtterance,
  noSession,
  utterances,
} from '../core/intellivue/session.ts';
import { scanFrames } from '../core/mask.ts';
import { brokenOff, type DeviceRecord, defineProtocol, noBytes } from '../core/protocol.ts';

/** Monitors announce messages of up to 1,000 bytes here; some newer ones send longer. */
const contentBytesMax = 4_096;

interface State {
  /** Header, payload and check of the frame so far, as they were before they were escaped. */
  readonly held: Uint8Array;
  /** Bytes on the wire since the start of that frame; 0 between two frames. */
  readonly wireBytes: number;
  readonly isEscaped: boolean;
  readonly monitor: MonitorMemory;
  readonly session: MonitorSession;
}

/** Any byte as it stands on the wire. */
const wireByte = '(?:7de0|7de1|7d5d|(?!7d|c0|c1)[0-9a-f]{2})';

/** What 48 waves, 64 alarms, 16 measurements and a session take as JSON. */
const memoryBytesMax = 32_768;

/**
 * Philips IntelliVue Data Export over the MIB/RS-232 interface, 115200 8N1: MP2 to MP90, X2, MX.
 * The gateway asks for an association and for numerics, alarms and waves; it cannot set anything.
 * A frame whose check is right but whose message is not whole counts as discarded bytes.
 */
export default defineProtocol<State>({
  id: 'philips-intellivue',
  start: {
    held: noBytes,
    wireBytes: 0,
    isEscaped: false,
    monitor: unknownMonitor,
    session: noSession,
  },
  // Where the monitor shows no wall clock, its records count on from one that was shown once.
  clockRangeMs: relativeTimeRangeMs,
  stateBytesMax: contentBytesMax + memoryBytesMax,
  transmits: {
    ...Object.fromEntries(
      Object.entries(utterances).map(([name, payload]) => [
        name,
        new RegExp(Buffer.from(toMibFrame(payload)).toString('hex')),
      ]),
    ),
    'mds-create-result': new RegExp(
      `c01101001ce100000200020014${wireByte}{2}0001000e002100000000${wireByte}{4}0d060000${wireByte}{2}c1`,
    ),
  },

  step(state, chunk) {
    const length = state.held.length + chunk.length;
    const content = new Uint8Array(Math.min(length, contentBytesMax));
    content.set(state.held);
    let size = state.held.length;
    let { wireBytes, isEscaped, monitor, session } = state;
    const records: DeviceRecord[] = [];
    const replies: Uint8Array[] = [];
    let discardedBytes = 0;
    let missedMessages = 0;
    let lateMessages = 0;

    for (const byte of chunk) {
      if (byte === frameStart) {
        // Also in the middle of a frame: the one before was cut short.
        discardedBytes += wireBytes;
        wireBytes = 1;
        size = 0;
        isEscaped = false;
      } else if (wireBytes === 0) {
        discardedBytes += 1;
      } else if (byte === frameEnd) {
        wireBytes += 1;
        const payload = isEscaped ? undefined : payloadOf(content.subarray(0, size));
        const message = payload && readIntellivueMessage(payload);
        const reading = message && readMonitor(monitor, message);
        if (reading) {
          records.push(...reading.records);
          missedMessages += reading.missedMessages ?? 0;
          lateMessages += reading.lateMessages ?? 0;
          monitor = reading.memory;
          session = hear(session, message);
          if (message.kind === 'mds-create') replies.push(toMibFrame(mdsCreateResult(message)));
        } else discardedBytes += wireBytes;
        wireBytes = 0;
        isEscaped = false;
      } else {
        wireBytes += 1;
        if (byte === escapeMark && !isEscaped) isEscaped = true;
        else if (size < contentBytesMax) {
          content[size] = isEscaped ? byte ^ escapeMask : byte;
          size += 1;
          isEscaped = false;
        } else {
          // Longer than any frame. What follows, up to the next start, is dropped byte by byte.
          discardedBytes += wireBytes;
          wireBytes = 0;
          isEscaped = false;
        }
      }
    }
    const held = wireBytes === 0 ? noBytes : content.slice(0, size);
    return {
      state: { held, wireBytes, isEscaped, monitor, session },
      records,
      reply: replies.length === 0 ? noBytes : Buffer.concat(replies),
      discardedBytes,
      missedMessages,
      lateMessages,
    };
  },

  finish: ({ wireBytes }) => brokenOff(wireBytes),

  speak(state, at) {
    const { session, utterance } = nextUtterance(state.session, at);
    const bytes = utterance === undefined ? noBytes : toMibFrame(utterances[utterance]);
    return { state: { ...state, session }, bytes };
  },

  leave(state) {
    const { session, utterance } = lastUtterance(state.session);
    const bytes = utterance === undefined ? noBytes : toMibFrame(utterances[utterance]);
    return { state: { ...state, session }, bytes };
  },

  mask: (capture, mask) =>
    scanFrames(capture, (start) => {
      if (capture[start] !== frameStart) return undefined;
      const end = capture.indexOf(frameEnd, start) + 1;
      const next = capture.indexOf(frameStart, start + 1);
      if (end === 0 || (next !== -1 && next < end)) return undefined;
      const content = unescaped(capture.subarray(start + 1, end - 1));
      const payload = content && payloadOf(content);
      const masked = payload && maskIntellivueMessage(payload, mask);
      return masked && { end, bytes: toMibFrame(masked) };
    }),
});

function unescaped(wire: Uint8Array): Uint8Array | undefined {
  const content: number[] = [];
  for (let index = 0; index < wire.length; index += 1) {
    const isEscaped = wire[index] === escapeMark;
    if (isEscaped) index += 1;
    const byte = wire[index];
    if (byte === undefined) return undefined;
    content.push(isEscaped ? byte ^ escapeMask : byte);
  }
  return Uint8Array.from(content);
}

/** The payload of an unescaped frame; undefined when its header, length or check is wrong. */
function payloadOf(content: Uint8Array): Uint8Array | undefined {
  if (content.length < headerBytes + checkBytes) return undefined;
  const checked = content.subarray(0, -checkBytes);
  const [low = 0, high = 0] = content.subarray(-checkBytes);
  const [protocol, type, lengthHigh = 0, lengthLow = 0] = checked;
  if (protocol !== frameHeader[0] || type !== frameHeader[1]) return undefined;
  const payload = checked.subarray(headerBytes);
  if (lengthHigh * 256 + lengthLow !== payload.length) return undefined;
  return frameCheck(checked) === high * 256 + low ? payload : undefined;
}
