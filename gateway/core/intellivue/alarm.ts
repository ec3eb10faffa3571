import type { AlertEventId, AlertPriority } from '../alert.ts';
import type { AlertRecord } from '../protocol.ts';
import { readerOf } from './bytes.ts';
import type { Attributes } from './message.ts';
import { readList } from './message.ts';
import { intellivueField } from './nomenclature.ts';

/** Alarms that were announced and have not ended, by what tells one from another. */
export type ActiveAlarms = Readonly<Record<string, ActiveAlarm>>;

interface ActiveAlarm {
  readonly event: AlertEventId;
  readonly field: string;
  readonly priority: AlertPriority;
}

/** So many alarms of one kind are remembered; a monitor shows fewer. */
const alarmsMax = 32;

/** The list of patient alarms and the list of technical ones. Each names all that are active. */
export const alarmLists = { patient: 0x0902, technical: 0x0904 } as const;
export type AlarmList = keyof typeof alarmLists;

export interface AlarmsRead {
  readonly active: ActiveAlarms;
  readonly alerts: readonly AlertRecord[];
  readonly isTest: boolean;
}

/** AlertType: priority bits of technical alarms low, of patient alarms high. */
const highPriority = 0x0404;
const mediumPriority = 0x0202;
const lowPriority = 0x0101;

/** AlertState bits of a monitor that is in test or demonstration mode. */
const testOrDemo = 0x0500;

/** The lowest bit of an alert code tells how its source is coded, not what happened. */
const sourceBit = 0x0001;

/** Alert codes below F000 are the terms of ISO/IEEE 11073-10101, partition 3. */
const events: Readonly<Record<number, AlertEventId>> = {
  40: 'MDC_EVT_HI',
  62: 'MDC_EVT_LO',
  3072: 'MDC_EVT_APNEA',
  3076: 'MDC_EVT_ECG_ASYSTOLE',
  3224: 'MDC_EVT_ECG_V_TACHY',
  3246: 'MDC_EVT_DESAT',
};

/**
 * One alarm list against what was active before: what is new starts, what is no longer there ends,
 * what stands there still was said. Undefined when the attribute is not what it should be; null
 * when the object has no such list.
 */
export function readAlarms(
  attributes: Attributes,
  list: AlarmList,
  before: ActiveAlarms,
): AlarmsRead | undefined | null {
  const bytes = attributes.get(alarmLists[list]);
  if (!bytes) return null;
  const reader = readerOf(bytes);
  const entries = readList(reader, readEntry);
  if (!entries || !reader.isAtEnd) return undefined;
  const active: Record<string, ActiveAlarm> = {};
  const alerts: AlertRecord[] = [];
  for (const { key, alarm } of entries) {
    if (Object.hasOwn(active, key)) continue;
    const known = Object.hasOwn(before, key) ? before[key] : undefined;
    const isSame = known?.priority === alarm.priority;
    if (!isSame) alerts.push({ ...alarm, phase: known ? 'continue' : 'start' });
    // One that cannot be remembered is said again with each list: never lost, only repeated.
    if (Object.keys(active).length < alarmsMax) active[key] = alarm;
  }
  for (const [key, alarm] of Object.entries(before)) {
    if (!Object.hasOwn(active, key)) alerts.push({ ...alarm, phase: 'end' });
  }
  return { active, alerts, isTest: entries.some(({ isTest }) => isTest) };
}

function readEntry(reader: ReturnType<typeof readerOf>) {
  const source = reader.u16();
  const code = reader.u16();
  const type = reader.u16();
  const state = reader.u16();
  reader.u16();
  const context = reader.u16();
  const handle = reader.u16();
  reader.u16();
  // What follows is the text on the monitor's screen. It is not read: free text may name a person.
  const information = reader.take(reader.u16());
  const instance = information.length >= 2 ? readerOf(information).u16() : 0;
  return {
    key: [source, code, context, handle, instance].map((part) => part.toString(16)).join('.'),
    alarm: {
      event: events[code & ~sourceBit] ?? ('MDC_EVT_ALARM' as const),
      field: intellivueField(source),
      priority: priorityOf(type),
    },
    isTest: (state & testOrDemo) !== 0,
  };
}

function priorityOf(type: number): AlertPriority {
  if ((type & highPriority) !== 0) return 'high';
  if ((type & mediumPriority) !== 0) return 'medium';
  return (type & lowPriority) !== 0 ? 'low' : 'none';
}
