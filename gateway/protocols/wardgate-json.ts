import { isAbsentReason } from '../core/absent-reason.ts';
import {
  type AlertEventId,
  type AlertPhase,
  type AlertPriority,
  alertEvents,
  alertPhases,
  alertPriorities,
} from '../core/alert.ts';
import { isDeviceTime } from '../core/device-time.ts';
import {
  type JsonFraming,
  jsonLine,
  jsonStateBytesMax,
  startJsonFraming,
} from '../core/json/json-framing.ts';
import {
  isFieldName,
  isJsonObject,
  isMalformed,
  isShortText,
  malformed,
  parseJson,
  printable,
} from '../core/json/json-message.ts';
import { metrics } from '../core/metric.ts';
import {
  type AlertRecord,
  brokenOff,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  type Malformed,
} from '../core/protocol.ts';

const valuesMax = 256;
const samplesMax = 8_192;
const alertsMax = 64;
const periodMsMax = 60_000;
const textValueCharactersMax = 64;
const unitCharactersMax = 32;
const serialCharactersMax = 64;
const operatorCharactersMax = 128;
const noteCharactersMax = 1_024;

type Fields = Readonly<Record<string, FieldValue>>;

/** What was seen of one message so far. */
interface Tally {
  keys: number;
  values: number;
  samples: number;
}

/**
 * The gateway's own payload: one JSON object a message, such as
 * `{"seq":17,"at":"2026-11-22T10:00:00.000Z","values":{"MDC_PULS_OXIM_SAT_O2":97}}`. Fields are
 * named by their metric, so a profile maps each to itself. On a line, messages follow each other.
 */
export default defineProtocol<JsonFraming>({
  id: 'wardgate-json',
  start: startJsonFraming,
  stateBytesMax: jsonStateBytesMax,
  transmits: {},

  step: jsonLine('{', readMessage),
  finish: ({ held }) => brokenOff(held.length),
  readMessage,
});

function readMessage(message: Uint8Array): readonly DeviceRecord[] | Malformed {
  const parsed = parseJson(message);
  if (isMalformed(parsed)) return parsed;
  if (!isJsonObject(parsed.value)) return malformed('message: not an object');
  const tally: Tally = { keys: 0, values: 0, samples: 0 };
  const record = toRecord(parsed.value, tally);
  if (typeof record === 'string') return malformed(record);
  if (tally.keys !== parsed.keys) return malformed('message: a key twice');
  return [record];
}

/** Such as `1.4.2-rc1`. */
const versionForm = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$/;

/** The record, or what is wrong with it. The checks are plain code: this runs for every message. */
function toRecord(body: Readonly<Record<string, unknown>>, tally: Tally): DeviceRecord | string {
  let sequence: number | undefined;
  let time: string | undefined;
  let values: Fields | undefined;
  let waveforms: Fields | undefined;
  let alerts: readonly AlertRecord[] | undefined;
  let isTest: boolean | undefined;
  let serialNumber: string | undefined;
  let firmware: string | undefined;
  let note: string | undefined;
  let performer: string | undefined;

  for (const key in body) {
    tally.keys += 1;
    const value = body[key];
    switch (key) {
      case 'seq':
        if (!Number.isSafeInteger(value) || (value as number) < 0) return 'seq: not a count';
        sequence = value as number;
        break;
      case 'at':
        if (typeof value !== 'string' || !isDeviceTime(value)) return 'at: not a time';
        time = value;
        break;
      case 'values': {
        const fault = checkValues(value, tally);
        if (fault !== undefined) return fault;
        values = value as Fields;
        break;
      }
      case 'waveforms': {
        const fault = checkWaveforms(value, tally);
        if (fault !== undefined) return fault;
        waveforms = value as Fields;
        break;
      }
      case 'alerts': {
        const read = readAlerts(value, tally);
        if (typeof read === 'string') return read;
        alerts = read;
        break;
      }
      case 'mode':
        if (value !== 'demo' && value !== 'test') return 'mode: neither demo nor test';
        isTest = true;
        break;
      case 'serial':
        if (!isShortText(value, serialCharactersMax)) return 'serial: not a short text';
        serialNumber = value;
        break;
      case 'firmware':
        if (typeof value !== 'string' || !versionForm.test(value)) return 'firmware: not a version';
        firmware = value;
        break;
      case 'note':
        if (!isShortText(value, noteCharactersMax)) return 'note: not a short text';
        note = value;
        break;
      case 'operator':
        if (!isShortText(value, operatorCharactersMax)) return 'operator: not a short text';
        performer = value;
        break;
      default:
        return `${printable(key)}: unknown key`;
    }
  }
  // Nothing inside a message can pass for a whole one: on a damaged line that would be a false record.
  if (!values && !waveforms && !alerts) return 'message: neither values, waveforms nor alerts';
  const fields = joinFields(values, waveforms);
  if (typeof fields === 'string') return fields;
  return { fields, alerts, sequence, time, serialNumber, firmware, note, performer, isTest };
}

const noFields: Fields = Object.freeze(Object.create(null));

/** `values` is used as it was parsed: it was checked to hold nothing but field values. */
function joinFields(values: Fields | undefined, waveforms: Fields | undefined): Fields | string {
  if (!waveforms) return values ?? noFields;
  const fields: Record<string, FieldValue> = Object.assign(Object.create(null), values);
  for (const [name, waveform] of Object.entries(waveforms)) {
    if (name in fields) return `waveforms.${printable(name)}: also among the values`;
    fields[name] = waveform;
  }
  return fields;
}

function checkValues(values: unknown, tally: Tally): string | undefined {
  if (!isJsonObject(values)) return 'values: not an object';
  for (const name in values) {
    tally.keys += 1;
    tally.values += 1;
    if (tally.values > valuesMax) return `values: more than ${valuesMax}`;
    if (!isKnownName(name)) return `values.${printable(name)}: unknown key`;
    const value = values[name];
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    const fault = checkValue(value, tally);
    if (fault !== undefined) return `values.${printable(name)}${fault}`;
  }
  return undefined;
}

/** The table first: it answers most names without a look at their characters. */
function isKnownName(name: string): boolean {
  return Object.hasOwn(metrics, name) || isFieldName(name);
}

function checkValue(value: unknown, tally: Tally): string | undefined {
  if (typeof value === 'number') return ': not a finite number';
  if (isShortText(value, textValueCharactersMax)) return undefined;
  if (!isJsonObject(value)) return ': not a value';
  let keys = 0;
  let isAbsent = false;
  let hasValue = false;
  for (const key in value) {
    keys += 1;
    const part = value[key];
    if (key === 'value') {
      if (!isFiniteNumber(part) && !isShortText(part, textValueCharactersMax)) {
        return '.value: not a value';
      }
      hasValue = true;
    } else if (key === 'unit') {
      if (!isShortText(part, unitCharactersMax)) return '.unit: not a unit';
    } else if (key === 'quality') {
      if (part !== 'good' && part !== 'questionable') return '.quality: unknown';
    } else if (key === 'absent') {
      if (!isAbsentReason(part)) return '.absent: unknown reason';
      isAbsent = true;
    } else return `.${printable(key)}: unknown key`;
  }
  tally.keys += keys;
  if (isAbsent === hasValue) return ': not exactly one of value and absent';
  return isAbsent && keys > 1 ? ': absent beside other keys' : undefined;
}

function checkWaveforms(waveforms: unknown, tally: Tally): string | undefined {
  if (!isJsonObject(waveforms)) return 'waveforms: not an object';
  for (const name in waveforms) {
    tally.keys += 1;
    tally.values += 1;
    if (tally.values > valuesMax) return `waveforms: more than ${valuesMax}`;
    if (!isKnownName(name)) return `waveforms.${printable(name)}: unknown key`;
    const fault = checkWaveform(waveforms[name], tally);
    if (fault !== undefined) return `waveforms.${printable(name)}${fault}`;
  }
  return undefined;
}

function checkWaveform(waveform: unknown, tally: Tally): string | undefined {
  if (!isJsonObject(waveform)) return ': not an object';
  for (const key in waveform) {
    tally.keys += 1;
    if (key !== 'periodMs' && key !== 'samples') return `.${printable(key)}: unknown key`;
  }
  const { periodMs, samples } = waveform;
  if (!isFiniteNumber(periodMs) || periodMs <= 0 || periodMs > periodMsMax) {
    return '.periodMs: not a period';
  }
  if (!Array.isArray(samples) || samples.length === 0) return '.samples: not a list of samples';
  tally.samples += samples.length;
  if (tally.samples > samplesMax) return `.samples: more than ${samplesMax}`;
  return samples.every(isFiniteNumber) ? undefined : '.samples: not finite numbers';
}

function readAlerts(alerts: unknown, tally: Tally): readonly AlertRecord[] | string {
  if (!Array.isArray(alerts)) return 'alerts: not a list';
  if (alerts.length > alertsMax) return `alerts: more than ${alertsMax}`;
  const read: AlertRecord[] = [];
  for (const [index, alert] of alerts.entries()) {
    const answer = readAlert(alert, tally);
    if (typeof answer === 'string') return `alerts.${index}${answer}`;
    read.push(answer);
  }
  return read;
}

function readAlert(alert: unknown, tally: Tally): AlertRecord | string {
  if (!isJsonObject(alert)) return ': not an object';
  for (const key in alert) {
    tally.keys += 1;
    if (key !== 'event' && key !== 'metric' && key !== 'phase' && key !== 'priority') {
      return `.${printable(key)}: unknown key`;
    }
  }
  const { event, metric, phase, priority } = alert;
  const alertEvent = toAlertEvent(event);
  if (alertEvent === undefined) return '.event: not an alert event';
  if (metric !== undefined && !(typeof metric === 'string' && isKnownName(metric))) {
    return '.metric: not a field';
  }
  if (!alertPhases.includes(phase as AlertPhase)) return '.phase: unknown';
  if (!alertPriorities.includes(priority as AlertPriority)) return '.priority: unknown';
  return {
    event: alertEvent,
    field: metric,
    phase: phase as AlertPhase,
    priority: priority as AlertPriority,
  };
}

/** An event outside our table still is an alarm, and alarms are never dropped: it goes on as one. */
function toAlertEvent(event: unknown): AlertEventId | undefined {
  if (typeof event !== 'string') return undefined;
  if (Object.hasOwn(alertEvents, event)) return event as AlertEventId;
  return event.startsWith('MDC_EVT_') && isFieldName(event) ? 'MDC_EVT_ALARM' : undefined;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
