import { relativeTimeRangeMs } from '../core/intellivue/clock.ts';
import { maskIntellivueMessage } from '../core/intellivue/mask.ts';
import { intellivueMessageLength, readIntellivueMessage } from '../core/intellivue/message.ts';
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
import { type DeviceRecord, defineProtocol, noBytes, readOn } from '../core/protocol.ts';

/** A datagram holds one message. No monitor was seen to send more than 1,472 bytes in one. */
const messageBytesMax = 4_096;

/** What 48 waves, 64 alarms, 16 measurements and a session take as JSON. */
const memoryBytesMax = 32_768;

interface State {
  readonly held: Uint8Array;
  readonly monitor: MonitorMemory;
  readonly session: MonitorSession;
}

const anyByte = '[0-9a-f]{2}';

/**
 * Philips IntelliVue Data Export over UDP: the messages of the RS-232 interface without its frame.
 * A stream is one datagram after another, told apart by the length each message states itself. The
 * UDP checksum guards what is inside; where a message does not fit its length, bytes are dropped
 * until one does.
 */
export default defineProtocol<State>({
  id: 'philips-intellivue-lan',
  start: { held: noBytes, monitor: unknownMonitor, session: noSession },
  // Where the monitor shows no wall clock, its records count on from one that was shown once.
  clockRangeMs: relativeTimeRangeMs,
  stateBytesMax: messageBytesMax + memoryBytesMax,
  transmits: {
    ...Object.fromEntries(
      Object.entries(utterances).map(([name, payload]) => [
        name,
        new RegExp(Buffer.from(payload).toString('hex')),
      ]),
    ),
    'mds-create-result': new RegExp(
      `e100000200020014(?:${anyByte}){2}0001000e002100000000(?:${anyByte}){4}0d060000`,
    ),
  },

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    let { monitor, session } = state;
    const records: DeviceRecord[] = [];
    const replies: Uint8Array[] = [];
    let discardedBytes = 0;
    let missedMessages = 0;
    let lateMessages = 0;
    let offset = 0;

    while (offset < bytes.length) {
      const length = intellivueMessageLength(bytes.subarray(offset, offset + messageBytesMax));
      const isPossible = length === 'more' || (length !== undefined && length <= messageBytesMax);
      if (isPossible && (length === 'more' || offset + length > bytes.length)) break;
      const whole = isPossible ? bytes.subarray(offset, offset + length) : undefined;
      const message = whole && readIntellivueMessage(whole);
      const reading = message && readMonitor(monitor, message);
      if (whole && reading) {
        records.push(...reading.records);
        missedMessages += reading.missedMessages ?? 0;
        lateMessages += reading.lateMessages ?? 0;
        monitor = reading.memory;
        session = hear(session, message);
        if (message.kind === 'mds-create') replies.push(mdsCreateResult(message));
        offset += whole.length;
      } else {
        discardedBytes += 1;
        offset += 1;
      }
    }
    return {
      state: { held: Uint8Array.from(bytes.subarray(offset)), monitor, session },
      records,
      reply: replies.length === 0 ? noBytes : Buffer.concat(replies),
      discardedBytes,
      missedMessages,
      lateMessages,
    };
  },

  finish(state) {
    return readOn(this.step, state);
  },

  speak(state, at) {
    const { session, utterance } = nextUtterance(state.session, at);
    const bytes = utterance === undefined ? noBytes : utterances[utterance];
    return { state: { ...state, session }, bytes };
  },

  leave(state) {
    const { session, utterance } = lastUtterance(state.session);
    const bytes = utterance === undefined ? noBytes : utterances[utterance];
    return { state: { ...state, session }, bytes };
  },

  endMessage(state) {
    return { state: { ...state, held: noBytes }, discardedBytes: state.held.length };
  },

  /** One datagram by itself. Waves stay absent: what scales them came in an earlier one. */
  readMessage(datagram) {
    const message = readIntellivueMessage(datagram);
    const reading = message && readMonitor(unknownMonitor, message);
    return reading?.records ?? { reason: 'malformed', detail: 'lengths that do not fit' };
  },

  mask: (capture, mask) =>
    scanFrames(capture, (start) => {
      const length = intellivueMessageLength(capture.subarray(start, start + messageBytesMax));
      if (typeof length !== 'number' || length > messageBytesMax) return undefined;
      const end = start + length;
      const bytes =
        end <= capture.length && maskIntellivueMessage(capture.subarray(start, end), mask);
      return bytes ? { end, bytes } : undefined;
    }),
});
