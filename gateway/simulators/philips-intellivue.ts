import type { ProfileMetric } from '../core/device-profile.ts';
import { bytesOf } from '../core/intellivue/bytes.ts';
import { toMibFrame } from '../core/intellivue/mib-frame.ts';
import { intellivueCode, intellivueUnitCode } from '../core/intellivue/nomenclature.ts';
import { type Metric, metrics } from '../core/metric.ts';
import type { Instant } from '../core/observation.ts';
import { pulseWave } from '../core/simulated-patient.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const ticksPerMs = 8;
const restingRate = 72;
/** A block is 256 ms: 64 samples, 4 ms apart, in 12 bits. */
const blockSamples = 64;
const samplePeriodMs = 4;
const sampleBits = 12;
const stepMax = 2 ** sampleBits - 1;
/** Objects fill a message up to here; the rest follows in linked results. */
const listBytesMax = 700;

const classes = { numerics: 6, waves: 9, alarms: 0x36 } as const;
const attributes = {
  systemId: 0x0984,
  operatingMode: 0x0946,
  absoluteTime: 0x0987,
  relativeTime: 0x098f,
  compoundNumeric: 0x094b,
  numeric: 0x0950,
  timeStamp: 0x0990,
  sampleSpecification: 0x096d,
  scale: 0x096f,
  period: 0x098d,
  unit: 0x0996,
  samples: 0x096e,
  patientAlarms: 0x0902,
} as const;

/** What a wave's lowest and highest step stand for, in its metric's unit; the pleth has no scale. */
const waveRanges: Readonly<Record<string, readonly [low: number, high: number]>> = {
  mV: [-4.096, 4.094],
  'mm[Hg]': [-40, 369.5],
};

/**
 * A Philips IntelliVue monitor that is associated and polled: every numeric, wave and alarm of its
 * profile, each moment. With its first message it accepts the association and introduces itself.
 */
export default defineSimulator({
  id: 'philips-intellivue',
  say: (moment) =>
    monitorMessages(moment).map((payload) => ({ channel: 'line', bytes: toMibFrame(payload) })),
});

/** Each message of a moment by itself, for whatever carries it. */
export function monitorMessages(moment: SimulatedMoment): readonly Uint8Array[] {
  const { profile, sequence, isOpening } = moment;
  const numerics = profile.metrics.filter(({ metric }) => !isWave(metric));
  const waves = profile.metrics.filter(({ metric }) => isWave(metric));
  return [
    ...(sequence === 1 || isOpening ? [associationResponse, introduction(moment)] : []),
    ...pollResults(moment, classes.numerics, groupsOf(numerics).map(numericObject(moment))),
    ...pollResults(moment, classes.waves, waves.map(waveObject(moment))),
    ...pollResults(moment, classes.alarms, [alarmObject(moment)]),
  ];
}

function isWave(metric: ProfileMetric['metric']): boolean {
  return (metrics[metric] as Metric).shape === 'samples';
}

/** Pressures and ST segments that belong together are one object with a compound value. */
function groupsOf(numerics: readonly ProfileMetric[]): readonly (readonly ProfileMetric[])[] {
  const groups = Object.groupBy(numerics, ({ field }) =>
    field.replace(/_(SYS|DIA|MEAN)$/, '').replace(/^(ECG_AMPL_ST)_.*/, '$1'),
  );
  return Object.values(groups).map((group) => group ?? []);
}

function numericObject({ values, at }: SimulatedMoment) {
  return (group: readonly ProfileMetric[], index: number): Uint8Array => {
    const observed = group.map(({ field, metric, unit }) =>
      numericValue(field, unit ?? metrics[metric].unit, values[metric]),
    );
    const isTaken = group.some(({ field }) => field.startsWith('PRESS_BLD_NONINV'));
    return objectOf(0x8000 + index, [
      observed.length === 1 && observed[0]
        ? [attributes.numeric, observed[0]]
        : [attributes.compoundNumeric, listOf(observed)],
      ...(isTaken ? [[attributes.timeStamp, absoluteTime(at)] as const] : []),
    ]);
  };
}

const invalidState = 0x8000;
const notANumber = 0x007fffff;

function numericValue(field: string, unit: string, value: number | undefined): Uint8Array {
  return bytesOf(
    [intellivueCode(field) ?? 0, 2],
    [value === undefined ? invalidState : 0, 2],
    [intellivueUnitCode(unit), 2],
    [value === undefined ? notANumber : floatOf(value), 4],
  );
}

/** 11073 FLOAT of a number with at most three decimal places, as devices show them. */
function floatOf(value: number): number {
  const digits = (String(value).split('.')[1] ?? '').length;
  const mantissa = Math.round(value * 10 ** digits) & 0xffffff;
  return ((-digits & 0xff) * 2 ** 24 + mantissa) >>> 0;
}

function waveObject({ values, at }: SimulatedMoment) {
  return ({ field, metric }: ProfileMetric, index: number): Uint8Array => {
    const unit = metrics[metric].unit;
    const rate = values.MDC_ECG_HEART_RATE ?? values.MDC_PULS_OXIM_PULS_RATE ?? restingRate;
    const [low, high] = waveRanges[unit] ?? [];
    const wave = pulseWave(rate, at, blockSamples, samplePeriodMs);
    const steps = wave.map((sample) => [Math.round(sample * stepMax), 2] as const);
    const from = low === undefined ? notANumber : floatOf(low);
    const to = high === undefined ? notANumber : floatOf(high);
    const block = bytesOf([intellivueCode(field) ?? 0, 2], [0, 2], [2 * steps.length, 2], ...steps);
    return objectOf(0x4000 + index, [
      [
        attributes.sampleSpecification,
        bytesOf([blockSamples, 2], [16, 1], [sampleBits, 1], [0, 2]),
      ],
      [attributes.period, bytesOf([samplePeriodMs * ticksPerMs, 4])],
      [attributes.unit, bytesOf([intellivueUnitCode(unit), 2])],
      [attributes.scale, bytesOf([from, 4], [to, 4], [0, 2], [stepMax, 2])],
      [attributes.samples, block],
    ]);
  };
}

const highAlarm = 40;
const heartRateCode = 0x4182;
const highPriorityPatientAlarm = 0x0400;
const generalInformation = 0x0201;

function alarmObject({ isAlarming }: SimulatedMoment): Uint8Array {
  const entry = bytesOf(
    [heartRateCode, 2],
    [highAlarm, 2],
    [highPriorityPatientAlarm, 2],
    [0, 2],
    [classes.numerics, 2],
    [0, 2],
    [heartRateCode, 2],
    [generalInformation, 2],
    [2, 2],
    [1, 2],
  );
  return objectOf(1, [[attributes.patientAlarms, listOf(isAlarming ? [entry] : [])]]);
}

/** One result, or as many linked ones as its objects need. */
function pollResults(
  moment: SimulatedMoment,
  polled: number,
  objects: readonly Uint8Array[],
): readonly Uint8Array[] {
  const parts: Uint8Array[][] = [[]];
  let bytes = 0;
  for (const object of objects) {
    if (bytes + object.length > listBytesMax && bytes > 0) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(object);
    bytes += object.length;
  }
  return parts.map((part, index) => {
    const context = Buffer.concat([bytesOf([0, 2]), listOf(part)]);
    const reply = Buffer.concat([
      bytesOf([polled, 2], [moment.sequence % 65_536, 2], [ticksAt(moment.at), 4]),
      // The time of a result is relative; an absolute one is not given.
      new Uint8Array(8).fill(0xff),
      bytesOf([1, 2], [polled, 2], [0, 2]),
      listOf([context]),
    ]);
    const action = Buffer.concat([system, bytesOf([0xf13b, 2], [reply.length, 2]), reply]);
    const command = Buffer.concat([bytesOf([1, 2], [7, 2], [action.length, 2]), action]);
    if (parts.length === 1) return operation(2, command);
    const state = index === 0 ? 1 : index === parts.length - 1 ? 3 : 2;
    return operation(5, Buffer.concat([bytesOf([state, 1], [index + 1, 1]), command]));
  });
}

/** The managed object: the monitor as a whole. */
const system = bytesOf([0x21, 2], [0, 2], [0, 2]);

function operation(kind: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([bytesOf([0xe100, 2], [2, 2], [kind, 2], [content.length, 2]), content]);
}

/** A session header with nothing behind it but the extended polls that are granted. */
const associationResponse = bytesOf(
  [0x0e, 1],
  [12, 1],
  [0xf001, 2],
  [8, 2],
  [0x8e000000, 4],
  [0, 4],
);

function introduction({ at, serialNumber }: SimulatedMoment): Uint8Array {
  const described = listOf([
    systemIdOf(serialNumber),
    attributeOf(attributes.operatingMode, bytesOf([0x4000, 2])),
    attributeOf(attributes.absoluteTime, absoluteTime(at)),
    attributeOf(attributes.relativeTime, bytesOf([ticksAt(at), 4])),
  ]);
  const body = Buffer.concat([system, described]);
  const event = Buffer.concat([
    system,
    bytesOf([ticksAt(at), 4], [0x0d06, 2], [body.length, 2]),
    body,
  ]);
  return operation(1, Buffer.concat([bytesOf([1, 2], [1, 2], [event.length, 2]), event]));
}

/** What a monitor broadcasts until somebody associates: which one it is. */
export function connectIndication({
  at,
  serialNumber,
}: Pick<SimulatedMoment, 'at' | 'serialNumber'>): Uint8Array {
  const described = listOf([systemIdOf(serialNumber)]);
  const event = Buffer.concat([
    system,
    bytesOf([ticksAt(at), 4], [0x0d17, 2], [described.length, 2]),
    described,
  ]);
  const command = Buffer.concat([bytesOf([0, 2], [0, 2], [event.length, 2]), event]);
  return Buffer.concat([bytesOf([0, 2], [0x0100, 2], [1, 2], [command.length, 2]), command]);
}

function systemIdOf(serialNumber: string): Uint8Array {
  const id = Buffer.from(serialNumber.slice(0, 16), 'latin1');
  return attributeOf(attributes.systemId, Buffer.concat([bytesOf([id.length, 2]), id]));
}

function ticksAt(at: Instant): number {
  return (at * ticksPerMs) % 2 ** 32;
}

/** Century to second as binary coded decimals; the simulated clock runs on UTC. */
function absoluteTime(at: Instant): Uint8Array {
  const digits = new Date(at).toISOString().replace(/\D/g, '').slice(0, 14);
  return Buffer.from(`${digits}00`, 'hex');
}

function objectOf(handle: number, list: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  return Buffer.concat([
    bytesOf([handle, 2]),
    listOf(list.map(([id, value]) => attributeOf(id, value))),
  ]);
}

function attributeOf(id: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([bytesOf([id, 2], [value.length, 2]), value]);
}

/** Count, length in bytes, entries. */
function listOf(entries: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(entries);
  return Buffer.concat([bytesOf([entries.length, 2], [content.length, 2]), content]);
}
