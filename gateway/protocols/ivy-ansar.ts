import type { AbsentReason } from '../core/absent-reason.ts';
import { scanFrames } from '../core/mask.ts';
import {
  type AlertRecord,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
  readOn,
} from '../core/protocol.ts';

const frameStart = 0xff;
const frameEnd = 0xfe;
const head = Buffer.from('\xffANSAR-B ', 'latin1');
const CR = 0x0d;
const LF = 0x0a;

/** The waves, as they follow each other behind the head: one second, a sample a byte. */
const waves = [
  { field: 'ECG', samples: 200, channel: 'HR' },
  { field: 'RESP', samples: 50, channel: 'RR' },
  { field: 'PLETH', samples: 50, channel: 'SPO2' },
  { field: 'P1-WAVE', samples: 50, channel: 'P1' },
  { field: 'P2-WAVE', samples: 50, channel: 'P2' },
] as const;
const textStart = waves.reduce((sum, { samples }) => sum + samples, head.length);
/** More than three times what the monitor writes about all its channels. */
const textBytesMax = 512;
const frameBytesMax = textStart + textBytesMax + 1;

interface State {
  readonly held: Uint8Array;
  /** The channels in alarm by the last whole frame. */
  readonly raised: readonly string[];
}

/**
 * The computer output "ANSAR-B" of Ivy Biomedical's 450C: once a second `FF "ANSAR-B "`, 400 wave
 * bytes, a line of text for each channel, `FE`. 9600 8N1. There is no checksum: a frame counts only
 * when its end stands behind text in which every line has its exact form.
 */
export default defineProtocol<State>({
  id: 'ivy-ansar',
  start: { held: noBytes, raised: [] },
  stateBytesMax: frameBytesMax + 128,
  transmits: {},

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { raised } = state;
    let discardedBytes = 0;
    let offset = 0;

    while (offset < bytes.length) {
      const start = bytes.indexOf(frameStart, offset);
      const next = start === -1 ? bytes.length : start;
      discardedBytes += next - offset;
      offset = next;
      const end = endOfFrame(bytes, offset);
      if (end === 'more') break;
      const frame = end === 'no' ? undefined : bytes.subarray(offset, end);
      const reading = frame && readFrame(frame, raised);
      if (frame && reading) {
        records.push(reading.record);
        raised = reading.raised;
        offset += frame.length + 1;
      } else {
        // The next frame may have begun in the middle of this one.
        discardedBytes += 1;
        offset += 1;
      }
    }
    const held = Uint8Array.from(bytes.subarray(offset));
    return { state: { held, raised }, records, reply: noBytes, discardedBytes };
  },

  finish(state) {
    return readOn(this.step, state);
  },

  mask: (capture, mask) =>
    scanFrames(capture, (start) => {
      const end = endOfFrame(capture, start);
      if (typeof end !== 'number' || !readFrame(capture.subarray(start, end), [])) return undefined;
      const text = Buffer.from(capture.subarray(start + textStart, end)).toString('latin1');
      const masked = text.replace(
        /([A-Z][A-Z0-9]*)=([^\r]*)/g,
        (line, name: string, rest: string) =>
          channels.has(name) || name === 'PR' ? line : `${name}=${mask.text(rest)}`,
      );
      const head = capture.subarray(start, start + textStart);
      const bytes = Buffer.concat([head, Buffer.from(masked, 'latin1'), Uint8Array.of(frameEnd)]);
      return { end: end + 1, bytes };
    }),
});

/** Where the end byte of the frame at `start` stands; or more bytes are needed, or it is no frame. */
function endOfFrame(bytes: Uint8Array, start: number): number | 'more' | 'no' {
  for (const [index, expected] of head.entries()) {
    const byte = bytes[start + index];
    if (byte === undefined) return 'more';
    if (byte !== expected) return 'no';
  }
  for (let offset = start + textStart; offset <= start + textStart + textBytesMax; offset += 1) {
    const byte = bytes[offset];
    if (byte === undefined) return 'more';
    if (byte === frameEnd) return offset;
    if (byte !== CR && byte !== LF && (byte < 0x20 || byte > 0x7e)) return 'no';
  }
  return 'no';
}

interface Channel {
  /** The fields its values fill, in the order of the line. */
  readonly fields: readonly string[];
}

/** `NAME=digit;value;...;label;alarm`. What the digit stands for is not public. */
const channels: ReadonlyMap<string, Channel> = new Map([
  ['HR', { fields: ['HR'] }],
  ['RR', { fields: ['RR'] }],
  ['ETCO2', { fields: ['ETCO2'] }],
  ['SPO2', { fields: ['SPO2'] }],
  ['NIBP', { fields: ['NIBP-SYS', 'NIBP-DIA', 'NIBP-MEAN', 'NIBP-PR'] }],
  ['P1', { fields: ['P1-SYS', 'P1-DIA', 'P1-MEAN'] }],
  ['P2', { fields: ['P2-SYS', 'P2-DIA', 'P2-MEAN'] }],
  ['T1', { fields: ['T1'] }],
  ['T2', { fields: ['T2'] }],
]);

const lineForm = /^([A-Z][A-Z0-9]{0,7})=\d;([\x20-\x7e]*)$/;
const numberForm = /^ *(-?\d{1,3}(?:\.\d{1,2})?) *$/;
const nothingForm = /^[ *?-]*$/;
const pulseForm = /^PR= *(\d{1,3}|[ *?-]*) *$/;

interface Line {
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Why its channel measures nothing, if the monitor says so. */
  readonly reason: AbsentReason | undefined;
  readonly alarm: string;
}

interface Reading {
  readonly record: DeviceRecord;
  readonly raised: readonly string[];
}

function readFrame(frame: Uint8Array, before: readonly string[]): Reading | undefined {
  const text = Buffer.from(frame.subarray(textStart)).toString('latin1').replaceAll('\n', '');
  const lines: Line[] = [];
  // The waves end where the first known channel begins: a lost sample would leave half its name.
  if (!text.endsWith('\r') || !channels.has(text.split('=', 1)[0] ?? '')) return undefined;
  for (const part of text.slice(0, -1).split('\r')) {
    const line = readLine(part);
    if (!line || lines.some(({ name }) => name === line.name)) return undefined;
    lines.push(line);
  }

  const fields: Record<string, FieldValue> = Object.assign({}, ...lines.map((line) => line.fields));
  let offset = head.length;
  for (const { field, samples, channel } of waves) {
    const reason = lines.find(({ name }) => name === channel)?.reason;
    const values = [...frame.subarray(offset, offset + samples)];
    // Without a sensor the monitor sends a straight line: that is none of the patient's.
    fields[field] = reason ? { absent: reason } : { samples: values, periodMs: 1_000 / samples };
    offset += samples;
  }
  const raised = lines.filter(({ alarm }) => alarm !== '').map(({ name }) => name);
  return { record: { fields, alerts: toAlerts(raised, before) }, raised };
}

/** One channel, or undefined when the line is damaged. */
function readLine(text: string): Line | undefined {
  const [, name, rest] = lineForm.exec(text) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  const channel = channels.get(name);
  // A channel of newer firmware goes on as it was printed: decoding says that nobody knows it.
  if (!channel) return { name, fields: { [name]: rest }, reason: undefined, alarm: '' };
  const parts = rest.split(';');
  const valueCount = channel.fields.length;
  if (parts.length !== valueCount + 2) return undefined;
  const label = parts[valueCount]?.trim() ?? '';
  const alarm = parts[valueCount + 1]?.trim() ?? '';
  const reason = reasonOf(label) ?? reasonOf(alarm);
  const fields: Record<string, FieldValue> = {};
  for (const [index, field] of channel.fields.entries()) {
    const value = toField(parts[index] ?? '', reason ?? 'not-measured');
    if (value === undefined) return undefined;
    fields[name === 'HR' && !isFromEcg(label) ? 'HR-OTHER' : field] = value;
  }
  if (name === 'SPO2') {
    const [, pulse] = pulseForm.exec(label) ?? [];
    const value = toField(pulse ?? '', reason ?? 'not-measured');
    if (value === undefined) return undefined;
    fields['PR'] = value;
  }
  return { name, fields, reason, alarm };
}

/** The label names the lead the heart rate was counted on; without one it is the ECG's. */
function isFromEcg(label: string): boolean {
  return label === '' || /^(?:ECG|LEAD)\b/.test(label);
}

/** Blank or dashes: no value. Anything else that is no number is damage. */
function toField(text: string, reason: AbsentReason): FieldValue | undefined {
  if (nothingForm.test(text)) return { absent: reason };
  const [, value] = numberForm.exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

/** What the monitor writes about a channel that measures nothing. */
const reasons: readonly (readonly [RegExp, AbsentReason])[] = [
  [/^NO (?:TRANSDUCER|SENSOR|PROBE|CABLE)$/, 'no-sensor'],
  [/^(?:LEADS?|SENSOR|PROBE)(?: \w+)? OFF$|^CHECK (?:LEADS?|SENSOR|PROBE)$/, 'sensor-off'],
  [/^(?:PULSE )?SEARCH(?:ING)?$/, 'not-ready'],
  [/^(?:CALIBRAT|ZERO)/, 'calibrating'],
];

function reasonOf(text: string): AbsentReason | undefined {
  return reasons.find(([form]) => form.test(text))?.[1];
}

/** The text says what is wrong, but in no closed list of words and without a priority: the highest. */
function toAlerts(
  raised: readonly string[],
  before: readonly string[],
): readonly AlertRecord[] | undefined {
  const alerts: AlertRecord[] = [];
  for (const [name, { fields }] of channels) {
    const isRaised = raised.includes(name);
    const wasRaised = before.includes(name);
    if (!isRaised && !wasRaised) continue;
    const phase = isRaised ? (wasRaised ? 'continue' : 'start') : 'end';
    alerts.push({ event: 'MDC_EVT_ALARM', field: fields[0], phase, priority: 'high' });
  }
  return alerts.length > 0 ? alerts : undefined;
}
