import type { AbsentReason } from '../absent-reason.ts';
import { unitOfTerm } from '../mdc-unit.ts';
import type { FieldValue } from '../protocol.ts';
import {
  type PhdConfiguration,
  type PhdObject,
  phdAttributes,
  standardConfigurations,
  type ValueMap,
} from './configuration.ts';
import {
  type MderNumber,
  type MderReader,
  mderReader,
  NotMder,
  readAbsoluteTime,
  readBaseOffsetTime,
  readFloat,
  readShortFloat,
} from './mder-reader.ts';

/** Notifications, terms of partition 1: how a report is laid out (20601 A.11). */
const layouts: Readonly<Partial<Record<number, Layout>>> = {
  3357: { form: 'fixed', isOfPersons: false },
  3358: { form: 'variable', isOfPersons: false },
  3359: { form: 'fixed', isOfPersons: true },
  3360: { form: 'variable', isOfPersons: true },
  3362: { form: 'variable', isOfPersons: false },
  3363: { form: 'fixed', isOfPersons: false },
  3364: { form: 'grouped', isOfPersons: false },
  3365: { form: 'variable', isOfPersons: true },
  3366: { form: 'fixed', isOfPersons: true },
  3367: { form: 'grouped', isOfPersons: true },
  3368: { form: 'variable', isOfPersons: false },
  3369: { form: 'fixed', isOfPersons: false },
  3370: { form: 'grouped', isOfPersons: false },
  3371: { form: 'variable', isOfPersons: true },
  3372: { form: 'fixed', isOfPersons: true },
  3373: { form: 'grouped', isOfPersons: true },
};

interface Layout {
  readonly form: 'fixed' | 'variable' | 'grouped';
  readonly isOfPersons: boolean;
}

/** What one object of the device reported at one time. */
export interface PhdReading {
  readonly fields: readonly (readonly [name: string, value: FieldValue])[];
  readonly time: string | undefined;
  readonly person: number | undefined;
  readonly isTest: boolean;
}

interface Scan {
  readonly handle: number;
  readonly person?: number | undefined;
  /** One whole value of each attribute, or all of them one after the other as the map says. */
  readonly values: readonly (readonly [attribute: number, bytes: Uint8Array])[] | Uint8Array;
  readonly map?: ValueMap;
}

export function isReport(eventType: number): boolean {
  return layouts[eventType] !== undefined;
}

/**
 * The event-info of a scan report. `unknown` where the configuration is not known and none of the
 * standard ones alone could be meant; throws `NotMder` where the bytes are no report.
 */
export function readReport(
  info: Uint8Array,
  eventType: number,
  scanner: number,
  configuration: PhdConfiguration | undefined,
): readonly PhdReading[] | 'unknown' {
  const layout = layouts[eventType];
  if (!layout) throw new NotMder();
  const scans = scansOf(mderReader(info), layout, scanner, configuration);
  const known = configuration ?? guessed(scans);
  if (!known) return 'unknown';
  const readings = scans.map((scan) => readScan(scan, known, configuration === undefined));
  return configuration === undefined && !readings.every(isWhole) ? 'unknown' : readings;
}

/** In kilopascal, which the standard configuration does not use, a pressure has a fraction. */
function isWhole({ fields }: PhdReading): boolean {
  return fields.every(
    ([, value]) =>
      typeof value !== 'object' || !('value' in value) || Number.isInteger(value.value),
  );
}

function scansOf(
  part: MderReader,
  { form, isOfPersons }: Layout,
  scanner: number,
  configuration: PhdConfiguration | undefined,
): readonly Scan[] {
  part.unsigned16(); // data-req-id
  part.unsigned16(); // scan-report-no
  const one = (item: MderReader, person?: number): readonly Scan[] => {
    if (form === 'grouped') return groupedOf(item, scanner, person, configuration);
    const handle = item.unsigned16();
    if (form === 'fixed') return [{ handle, person, values: item.take(item.unsigned16()) }];
    const values = item.list((attribute) => {
      const id = attribute.unsigned16();
      return [id, attribute.take(attribute.unsigned16())] as const;
    });
    return [{ handle, person, values }];
  };
  const scans = isOfPersons
    ? part.list((item) => {
        const person = item.unsigned16();
        return item.list((each) => one(each, person)).flat();
      })
    : part.list((item) => one(item));
  if (part.left > 0) throw new NotMder();
  return scans.flat();
}

/** One string of bytes, cut by the scanner's own map of handles and attributes. */
function groupedOf(
  item: MderReader,
  scanner: number,
  person: number | undefined,
  configuration: PhdConfiguration | undefined,
): readonly Scan[] {
  const bytes = item.take(item.unsigned16());
  const scans = configuration?.find(({ handle }) => handle === scanner)?.scans;
  if (!scans) return [{ handle: scanner, person, values: bytes }];
  const group = mderReader(bytes);
  const found = scans.map(([handle, map]): Scan => {
    const length = map.reduce((sum, [, count]) => sum + count, 0);
    return { handle, person, values: group.take(length), map };
  });
  if (group.left > 0) throw new NotMder();
  return found;
}

/**
 * A reader that joined in the middle knows no configuration. A standard one is taken for it only
 * when it alone explains the handles and lengths of the report, and its values carry a doubt.
 */
function guessed(scans: readonly Scan[]): PhdConfiguration | undefined {
  const fitting = new Set(
    [...standardConfigurations.values()].filter(
      (configuration) =>
        // One number at handle 1 could be a weight, a temperature or a glucose.
        configuration.length > 1 &&
        configuration.every((object) =>
          scans.some((scan) => scan.handle === object.handle && fits(scan, object)),
        ),
    ),
  );
  const [only, ...others] = fitting;
  return others.length === 0 ? only : undefined;
}

function fits({ values }: Scan, { map }: PhdObject): boolean {
  if (values instanceof Uint8Array) return mapFor(map, values.length) !== undefined;
  return map.every(
    ([attribute]) =>
      attribute === phdAttributes.timeAbsolute || values.some(([said]) => said === attribute),
  );
}

/** Some devices put the time behind a value whose map has none (20601 H.2.4.1). */
function mapFor(map: ValueMap, length: number): ValueMap | undefined {
  const stated = map.reduce((sum, [, count]) => sum + count, 0);
  if (length === stated) return map;
  const hasTime = map.some(([attribute]) => attribute === phdAttributes.timeAbsolute);
  const timed = !hasTime && stated > 0 && length === stated + 8;
  return timed ? [...map, [phdAttributes.timeAbsolute, 8]] : undefined;
}

/** One object's values. Throws `NotMder` where they do not fit what the object is. */
export function readScan(
  scan: Scan,
  configuration: PhdConfiguration,
  isGuess: boolean,
): PhdReading {
  const object = configuration.find(({ handle }) => handle === scan.handle);
  const { person, values } = scan;
  if (!object) {
    const name = `handle-${scan.handle}`;
    return { fields: [[name, 'unknown object']], time: undefined, person, isTest: false };
  }
  const parts = values instanceof Uint8Array ? cut(values, scan.map ?? object.map) : values;
  const state: Values = { codes: object.codes, unit: object.unit, status: 0, numbers: [] };
  for (const [attribute, bytes] of parts) readAttribute(state, attribute, bytes);
  return {
    fields: fieldsOf(state, isGuess),
    time: state.time,
    person,
    isTest: (state.status & testBits) !== 0 || state.codes.some((code) => controls.has(code)),
  };
}

/** Glucose of a control solution: any, then of the levels low, medium and high. No patient's. */
const controls = new Set([160_208, 160_372, 160_376, 160_380]);

function cut(bytes: Uint8Array, map: ValueMap): readonly (readonly [number, Uint8Array])[] {
  const fitting = mapFor(map, bytes.length);
  if (!fitting) throw new NotMder();
  const part = mderReader(bytes);
  return fitting.map(([attribute, count]) => [attribute, part.take(count)] as const);
}

interface Values {
  codes: readonly number[];
  unit: number;
  status: number;
  numbers: readonly MderNumber[];
  time?: string | undefined;
  /** What is neither a number nor a time, such as an enumeration. */
  other?: string;
}

const noNumber = new Set<number>([phdAttributes.timeRelative, phdAttributes.timeRelativeFine]);
/** An enumeration is shown in so many characters of hexadecimal. */
const otherLengthMax = 32;

function readAttribute(state: Values, attribute: number, bytes: Uint8Array): void {
  const part = mderReader(bytes);
  const ids = phdAttributes;
  if (attribute === ids.numericBasic) state.numbers = [readShortFloat(part)];
  else if (attribute === ids.numericSimple) state.numbers = [readFloat(part)];
  else if (attribute === ids.numeric) state.numbers = [readObserved(state, part)];
  else if (attribute === ids.compoundBasic) state.numbers = part.list(readShortFloat);
  else if (attribute === ids.compoundSimple) state.numbers = part.list(readFloat);
  else if (attribute === ids.compound) {
    const base = state.codes;
    const codes: number[] = [];
    state.numbers = part.list((item) => {
      const number = readObserved(state, item);
      codes.push(...state.codes);
      return number;
    });
    state.codes = codes.length > 0 ? codes : base;
  } else if (attribute === ids.timeAbsolute) state.time = readAbsoluteTime(part);
  else if (attribute === ids.timeBaseOffset) state.time = readBaseOffsetTime(part);
  else if (attribute === ids.status) state.status |= part.unsigned16();
  else if (attribute === ids.unit) state.unit = part.unsigned16();
  else {
    if (!noNumber.has(attribute)) state.other = Buffer.from(bytes).toString('hex');
    return;
  }
  if (part.left > 0) throw new NotMder();
}

/** NuObsValue: metric, state, unit and FLOAT; it says for itself what it is. */
function readObserved(state: Values, part: MderReader): MderNumber {
  const partition = Math.floor((state.codes[0] ?? 0) / 0x1_0000);
  state.codes = [partition * 0x1_0000 + part.unsigned16()];
  const status = part.unsigned16();
  state.unit = part.unsigned16();
  const number = readFloat(part);
  const absent = absentOf(status);
  state.status |= status & ~withoutValue;
  return absent === undefined ? number : { absent };
}

/** MeasurementStatus (20601 A.8). */
const invalid = 0x8000;
const questionable = 0x4000;
const notAvailable = 0x2000;
const calibrating = 0x1000;
const testBits = 0x0c00;
const early = 0x0040;
const ongoing = 0x0020;
const withoutValue = invalid | notAvailable | calibrating;

function absentOf(status: number): AbsentReason | undefined {
  if (status & invalid) return 'invalid';
  if (status & notAvailable) return 'not-measured';
  return status & calibrating ? 'calibrating' : undefined;
}

function fieldsOf(state: Values, isGuess: boolean): PhdReading['fields'] {
  const { codes, numbers, status, other } = state;
  if (numbers.length === 0) {
    const text = (other ?? '').slice(0, otherLengthMax);
    return codes.slice(0, 1).map((code) => [`${code}`, text] as const);
  }
  if (numbers.length !== codes.length) throw new NotMder();
  const unit = unitOfTerm(state.unit) ?? `mdc-${state.unit}`;
  const absent = absentOf(status);
  const isDoubted = isGuess || (status & (questionable | early | ongoing)) !== 0;
  return numbers.map((number, index) => {
    const name = `${codes[index]}`;
    if (absent !== undefined) return [name, { absent }] as const;
    if (typeof number !== 'number') return [name, number] as const;
    const value = isDoubted
      ? ({ value: number, unit, quality: 'questionable' } as const)
      : { value: number, unit };
    return [name, value] as const;
  });
}
