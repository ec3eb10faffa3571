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
  type JsonObject,
  malformed,
  parseJson,
  printable,
} from '../core/json/json-message.ts';
import {
  brokenOff,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  type Malformed,
} from '../core/protocol.ts';

const recordsMax = 256;
const nameCharactersMax = 256;
const textValueCharactersMax = 64;
const dataCharactersMax = 8_192;

/** RFC 8428 §4.5.3: from here on a time is seconds since 1970, below it is relative to now. */
const absoluteSecondsMin = 2 ** 28;
const secondsMax = 253_402_300_799;

/** RFC 8428's version, and the same with the secondary units of RFC 8798 (RFC 9100 §2). */
const versions = [10, 42];

/**
 * SenML unit (RFC 8428 §12.1, RFC 8798) to UCUM, where the two write it differently. What is not
 * here goes on as it is; decoding refuses what does not convert to the metric's own unit.
 */
const ucumUnits: ReadonlyMap<string, string> = new Map([
  ['beat/min', '/min'],
  ['1/min', '/min'],
  ['1/s', '/s'],
  ['/', '1'],
  ['count', '1'],
  ['/100', '%'],
  ['/1000', '[ppth]'],
  ['ppm', '[ppm]'],
  ['%RH', '%'],
  ['%EL', '%'],
  ['l', 'L'],
  ['l/s', 'L/s'],
  ['pH', '[pH]'],
  ['ohm', 'Ohm'],
]);

/** The base fields in force (RFC 8428 §4.1). */
interface Base {
  name: string;
  time: number;
  unit: string | undefined;
  value: number;
}

/**
 * Sensor Measurement Lists (RFC 8428) in JSON: one array a message. Records of one resolved time
 * become one device record; a field is called by the last part of its resolved name, behind the
 * last `:` or `/`, so `urn:dev:ow:10e2073a01080063:temperature` is the field `temperature`.
 */
export default defineProtocol<JsonFraming>({
  id: 'senml-json',
  start: startJsonFraming,
  stateBytesMax: jsonStateBytesMax,
  transmits: {},

  step: jsonLine('[', readMessage),
  finish: ({ held }) => brokenOff(held.length),
  readMessage,
});

function readMessage(message: Uint8Array): readonly DeviceRecord[] | Malformed {
  const parsed = parseJson(message);
  if (isMalformed(parsed)) return parsed;
  const pack: unknown = parsed.value;
  if (!Array.isArray(pack)) return malformed('pack: not a list');
  if (pack.length === 0) return malformed('pack: empty');
  if (pack.length > recordsMax) return malformed(`pack: more than ${recordsMax} records`);
  const base: Base = { name: '', time: 0, unit: undefined, value: 0 };
  const groups = new Map<number, Record<string, FieldValue>>();
  let keys = 0;
  for (const [index, record] of pack.entries()) {
    if (!isJsonObject(record)) return malformed(`${index}: not an object`);
    const fault = checkKeys(record) ?? takeBase(record, base) ?? addField(record, base, groups);
    if (fault !== undefined) return malformed(`${index}.${fault}`);
    keys += keysOf(record);
  }
  if (keys !== parsed.keys) return malformed('pack: a key twice');
  if (groups.size === 0) return malformed('pack: no value');
  // What is older than the newest of its pack was kept for a while.
  const newest = Math.max(...groups.keys());
  return [...groups].map(([seconds, fields]) => ({
    fields,
    time: absoluteTime(seconds),
    isStored: seconds < newest || undefined,
  }));
}

/** What each label must hold. */
const labels: Readonly<Record<string, (value: unknown) => boolean>> = {
  bn: (value) => value === '' || isShortText(value, nameCharactersMax),
  bt: isSeconds,
  bu: isUnit,
  bv: Number.isFinite,
  bs: Number.isFinite,
  bver: (value) => versions.includes(value as number),
  n: (value) => value === '' || isShortText(value, nameCharactersMax),
  u: isUnit,
  v: Number.isFinite,
  vs: (value) => isShortText(value, textValueCharactersMax),
  vb: (value) => typeof value === 'boolean',
  vd: (value) => value === '' || isShortText(value, dataCharactersMax),
  s: Number.isFinite,
  t: isSeconds,
  ut: isSeconds,
};

function isUnit(value: unknown): boolean {
  return isShortText(value, 32);
}

function isSeconds(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(value as number) <= secondsMax;
}

/** RFC 8428 §4.4: an unknown label is passed over, unless it ends with `_`: then it must be known. */
function checkKeys(record: JsonObject): string | undefined {
  for (const label in record) {
    const isWell = Object.hasOwn(labels, label) ? labels[label] : undefined;
    if (isWell ? !isWell(record[label]) : label.endsWith('_')) {
      return `${printable(label)}: ${isWell ? 'not of its form' : 'unknown label'}`;
    }
  }
  return undefined;
}

/** Base fields hold from their own record on (RFC 8428 §4.1). */
function takeBase({ bn, bt, bu, bv }: JsonObject, base: Base): undefined {
  if (bn !== undefined) base.name = bn as string;
  if (bt !== undefined) base.time = bt as number;
  if (bu !== undefined) base.unit = bu as string;
  if (bv !== undefined) base.value = bv as number;
}

function addField(
  record: JsonObject,
  base: Base,
  groups: Map<number, Record<string, FieldValue>>,
): string | undefined {
  const { n, t, u, s: sum } = record;
  const stated = valueLabels.filter((label) => record[label] !== undefined);
  if (stated.length > 1) return `${stated[1]}: a second value`;
  if (stated.length === 0 && sum === undefined) {
    const isBaseOnly = n === undefined && t === undefined && u === undefined;
    return isBaseOnly ? undefined : 'v: no value';
  }
  const name = base.name + ((n as string | undefined) ?? '');
  const field = name.slice(Math.max(name.lastIndexOf(':'), name.lastIndexOf('/')) + 1);
  if (name.length > nameCharactersMax || !isFieldName(field)) return 'n: not a name';
  const seconds = base.time + ((t as number | undefined) ?? 0);
  if (!isSeconds(seconds)) return 't: not a time';
  const value = fieldValue(record, base);
  if (value === undefined) return 'v: not a finite number';

  const fields: Record<string, FieldValue> = groups.get(seconds) ?? Object.create(null);
  if (field in fields) return 'n: twice at one time';
  fields[field] = value;
  groups.set(seconds, fields);
  return undefined;
}

const valueLabels = ['v', 'vs', 'vb', 'vd'] as const;

function fieldValue({ v, vs, vb, u }: JsonObject, base: Base): FieldValue | undefined {
  if (vs !== undefined) return vs as string;
  if (vb !== undefined) return vb ? 'true' : 'false';
  // Base64 data and running sums are no measurement that a metric of ours could hold.
  if (v === undefined) return { absent: 'unsupported' };
  const value = base.value + (v as number);
  if (!Number.isFinite(value)) return undefined;
  const unit = (u as string | undefined) ?? base.unit;
  return unit === undefined ? value : { value, unit: ucumUnits.get(unit) ?? unit };
}

function absoluteTime(seconds: number): string | undefined {
  if (seconds < absoluteSecondsMin) return undefined;
  return new Date(Math.round(seconds * 1_000)).toISOString();
}

/** Keys of the record and of what its unknown labels hold. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const parts: unknown[] = Object.values(value);
  const nested = parts.reduce((total: number, part) => total + keysOf(part), 0);
  return nested + (Array.isArray(value) ? 0 : parts.length);
}
