import type { AlertRecord, DeviceRecord } from '../protocol.ts';
import type { DriSubrecord } from './record.ts';

const alarmsMax = 5;
const alarmTextMax = 80;

/** The monitor displays an alarm; its place in the list is not what it is known by. */
export interface DriAlarm {
  readonly text: string;
  readonly color: number;
  readonly type: number;
}

const alarmStatusType = 1;
/** Reserved, sound, two reserved, silence: five words before the five displayed alarms. */
const alarmListOffset = 10;
/** Text, then words: text changed, colour, colour changed, format, marks, source, type, 2 more. */
const alarmBytes = 98;
const alarmColorOffset = alarmTextMax + 2;
const alarmTypeOffset = alarmTextMax + 12;

export interface DriAlarmReading {
  readonly records: readonly DeviceRecord[];
  readonly alarms: readonly DriAlarm[];
}

/** The alarms displayed now, and what changed since `before`. Undefined when the list is cut. */
export function readDriAlarms(
  subrecords: readonly DriSubrecord[],
  time: string | undefined,
  before: readonly DriAlarm[],
): DriAlarmReading | undefined {
  const status = subrecords.find(({ type }) => type === alarmStatusType);
  if (!status) return { records: [], alarms: before };
  if (status.bytes.length < alarmListOffset + alarmsMax * alarmBytes) return undefined;
  const alarms = displayedAlarms(status.bytes);
  const alerts = changes(before, alarms);
  if (alerts.length === 0) return { records: [], alarms };
  const note = alarms.map(({ text }) => text).join('; ');
  return { records: [{ fields: {}, alerts, time, note: note || undefined }], alarms };
}

function displayedAlarms(data: Buffer): readonly DriAlarm[] {
  const alarms = new Map<string, DriAlarm>();
  for (let index = 0; index < alarmsMax; index += 1) {
    const entry = data.subarray(alarmListOffset + index * alarmBytes);
    const [raw = ''] = entry.toString('latin1', 0, alarmTextMax).split('\0');
    const text = raw.replace(/[^\x20-\x7e\xa0-\xff]+/g, ' ').trim();
    const color = entry.readInt16LE(alarmColorOffset);
    const type = entry.readInt16LE(alarmTypeOffset);
    if (color > 0 && text !== '' && !alarms.has(text)) alarms.set(text, { text, color, type });
  }
  return [...alarms.values()];
}

/** An alarm is said when it begins, when its colour changes and when it ends. */
function changes(before: readonly DriAlarm[], now: readonly DriAlarm[]): readonly AlertRecord[] {
  const alerts: AlertRecord[] = [];
  for (const alarm of now) {
    const earlier = before.find(({ text }) => text === alarm.text);
    if (!earlier) alerts.push(alertOf(alarm, 'start'));
    else if (earlier.color !== alarm.color) alerts.push(alertOf(alarm, 'continue'));
  }
  for (const alarm of before) {
    if (!now.some(({ text }) => text === alarm.text)) alerts.push(alertOf(alarm, 'end'));
  }
  return alerts;
}

/** White, yellow, red. */
const priorities = ['none', 'low', 'medium', 'high'] as const;
const limitEvents = ['MDC_EVT_ALARM', 'MDC_EVT_LO_VAL_LT_LIM', 'MDC_EVT_HI_VAL_GT_LIM'] as const;

function alertOf({ color, type }: DriAlarm, phase: AlertRecord['phase']): AlertRecord {
  return {
    event: limitEvents[type] ?? 'MDC_EVT_ALARM',
    phase,
    priority: priorities[color] ?? 'high',
  };
}
