import { type DriAlarm, readDriAlarms } from '../core/dri/alarm.ts';
import { maskDri } from '../core/dri/mask.ts';
import { driTimeOf, readDriPhysiological, readDriWaves } from '../core/dri/reading.ts';
import {
  type DriRecord,
  decodeDriRecord,
  driEndOfList,
  driFlag,
  driMainTypes,
  driSegmentBytesMax,
  encodeDriRecord,
} from '../core/dri/record.ts';
import { brokenOff, type DeviceRecord, defineProtocol, noBytes } from '../core/protocol.ts';

interface State {
  /** Bytes since the last flag. */
  readonly held: Uint8Array;
  /** More came than a record can have: everything up to the next flag is damage. */
  readonly isOverlong: boolean;
  readonly alarms: readonly DriAlarm[];
  /** What came since the gateway last spoke. */
  readonly heard: number;
  /** When the monitor was last heard or asked, in ms, for each kind of data it is asked for. */
  readonly quietSince: readonly (number | undefined)[];
}

/**
 * Each is one whole record with one subrecord of type 0: displayed values every 5 s, two waves,
 * alarms whenever they change. A wave stop, a trend or a mark cannot be formed.
 */
const transmits = {
  'physiological data request': /7e3100(?:00){19}ff(?:00){18}0105000e(?:00){5}447e/,
  'wave request': /7e4800(?:00){12}0100(?:00){5}ff(?:00){22}0108(?:ff){6}(?:00){20}4b7e/,
  'alarm request': /7e3400(?:00){12}0400(?:00){5}ff(?:00){18}0200(?:00){10}397e/,
} as const;

/**
 * GE S/5 and CARESCAPE Bx50 monitors over their Datex-Ohmeda Record Interface (DRI), 19 200 8E1.
 * The monitor sends what it is asked for until it is switched off; so it is asked once, and again
 * whenever it falls silent. Its clock shows local time and names no zone.
 */
export default defineProtocol<State>({
  id: 'ge-dri',
  start: {
    held: noBytes,
    isOverlong: false,
    alarms: [],
    heard: 0,
    quietSince: [undefined, undefined, undefined],
  },
  stateBytesMax: driSegmentBytesMax + 2_048,
  transmits,

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { isOverlong, alarms, heard } = state;
    let discardedBytes = 0;
    let clockTime: string | undefined;
    let start = 0;
    let flag = bytes.indexOf(driFlag, state.held.length);

    while (flag !== -1) {
      const segment = bytes.subarray(start, flag);
      const isTooLong = isOverlong || segment.length > driSegmentBytesMax;
      const record = isTooLong ? undefined : decodeDriRecord(segment);
      const read = record && readRecord(record, alarms);
      if (read) {
        records.push(...read.records);
        alarms = read.alarms ?? alarms;
        heard |= read.heard;
        clockTime = driTimeOf(record.time) ?? clockTime;
      } else discardedBytes += segment.length;
      isOverlong = false;
      start = flag + 1;
      flag = bytes.indexOf(driFlag, start);
    }
    let rest = bytes.subarray(start);
    if (isOverlong || rest.length > driSegmentBytesMax) {
      discardedBytes += rest.length;
      isOverlong = true;
      rest = noBytes;
    }
    const { quietSince } = state;
    const held = Uint8Array.from(rest);
    return {
      state: { held, isOverlong, alarms, heard, quietSince },
      records,
      reply: noBytes,
      discardedBytes,
      clockTime,
    };
  },

  finish: ({ held }) => brokenOff(held.length),

  speak(state, at) {
    const asked: Uint8Array[] = [];
    const quietSince = requests.map(({ heardAs, askAgainAfterMs, bytes }, index) => {
      const since = state.quietSince[index];
      const isHeard = (state.heard & heardAs) !== 0;
      if (isHeard) return at;
      if (since !== undefined && at >= since && at - since < askAgainAfterMs) return since;
      asked.push(bytes);
      return at;
    });
    return { state: { ...state, heard: 0, quietSince }, bytes: Buffer.concat(asked) };
  },

  mask: maskDri,
});

const physiologicalHeard = 1;
const waveHeard = 2;

/** Displayed values of all classes, every 5 s; -1 would be once. */
const intervalSeconds = 5;
const displayedValues = 1;
/** The basic class is sent unless denied; these ask for the three others. */
const allClasses = 0x0e;
/** ECG1 and pleth: 400 of the 600 samples a second that the interface carries. */
const waveTypes = [1, 8];
const waveTypesMax = 8;
const enterDifferenceMode = 2;

const requests = [
  {
    heardAs: physiologicalHeard,
    askAgainAfterMs: 3 * intervalSeconds * 1_000,
    bytes: requestOf(driMainTypes.physiological, [
      ...[displayedValues, ...word(intervalSeconds), allClasses, 0, 0, 0],
      ...word(0),
    ]),
  },
  {
    heardAs: waveHeard,
    askAgainAfterMs: 15_000,
    bytes: requestOf(driMainTypes.wave, [
      ...[...word(0), ...word(0)],
      ...Array.from({ length: waveTypesMax }, (_, index) => waveTypes[index] ?? driEndOfList),
      ...new Array<number>(20).fill(0),
    ]),
  },
  {
    // Alarms are sent when they change. Asking again makes up for one that was lost on the wire.
    heardAs: 0,
    askAgainAfterMs: 30_000,
    bytes: requestOf(driMainTypes.alarm, [
      ...word(enterDifferenceMode),
      ...new Array<number>(10).fill(0),
    ]),
  },
] as const;

/** A request is a record of one subrecord, of type 0. */
function requestOf(mainType: number, command: readonly number[]): Uint8Array {
  const bytes = Buffer.from(command);
  return encodeDriRecord({ time: 0, mainType, subrecords: [{ type: 0, bytes }] });
}

function word(value: number): readonly [number, number] {
  return [value & 0xff, (value >> 8) & 0xff];
}

interface Read {
  readonly records: readonly DeviceRecord[];
  readonly heard: number;
  readonly alarms?: readonly DriAlarm[];
}

/** Undefined when a subrecord is shorter than its kind. */
function readRecord(record: DriRecord, alarms: readonly DriAlarm[]): Read | undefined {
  // Type 0 is a request: in a recording of both directions it stands among the answers.
  const subrecords = record.subrecords.filter(({ type }) => type !== 0);
  const time = driTimeOf(record.time);
  switch (record.mainType) {
    case driMainTypes.physiological: {
      const records = readDriPhysiological(subrecords, time);
      return records && { records, heard: physiologicalHeard };
    }
    case driMainTypes.wave: {
      const records = readDriWaves(subrecords, time);
      return records && { records, heard: records.length > 0 ? waveHeard : 0 };
    }
    case driMainTypes.alarm: {
      const reading = readDriAlarms(subrecords, time, alarms);
      return reading && { ...reading, heard: 0 };
    }
    default:
      // Who the patient is and what the anaesthetist noted is not taken from here.
      return { records: [], heard: 0 };
  }
}
