import {
  type DriGroup,
  driClassBytes,
  driClasses,
  driGroupHeaderBytes,
  driPressureLabels,
  driTemperatureLabels,
} from '../core/dri/database.ts';
import { type DriSubrecord, driMainTypes, encodeDriRecord } from '../core/dri/record.ts';
import { driWaves } from '../core/dri/wave.ts';
import { pulseWave } from '../core/simulated-patient.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const level = 11;
const displayed = 1;
const invalid = -32_767;
const existsAndIsActive = 0x03;
/** Bits 3 to 6 of the ECG status: the heart rate is the ECG's. */
const heartRateOfEcg = 1 << 3;
/** The second byte of a subrecord's last word is its class, the first is constant. */
const classWordLow = 0xb1;
const timeBytes = 4;
const tailBytes = 4;
const restingRate = 72;
const waveSeconds = 1;
const waveAmplitude = 1_000;

/**
 * A GE monitor that was asked for everything: the state of its alarms, its displayed values, then
 * its waves. There are more labels than channels, so for a profile that names many the basic class
 * stands in the record several times, as if it were of several monitors. Its clock runs in UTC.
 */
export default defineSimulator({
  id: 'ge-dri',
  say(moment) {
    const pressures = labelsOf(moment, driPressureLabels, basicChannelsOf(driPressureLabels));
    const temperatures = labelsOf(
      moment,
      driTemperatureLabels,
      basicChannelsOf(driTemperatureLabels),
    );
    const page = (index: number) => [...(pressures[index] ?? []), ...(temperatures[index] ?? [])];
    const subrecords = driClasses.map((groups, index) =>
      classOf(moment, groups, index, page(0), true),
    );
    const pages = Math.max(pressures.length, temperatures.length);
    for (let index = 1; index < pages; index += 1) {
      const [basic = []] = driClasses;
      subrecords.push(classOf(moment, basic, 0, page(index), false));
    }
    const records = [
      encode(moment, driMainTypes.alarm, [alarms(moment)]),
      encode(moment, driMainTypes.physiological, subrecords),
    ];
    const waves = wavesOf(moment);
    if (waves.length > 0) records.push(encode(moment, driMainTypes.wave, waves));
    return records.map((bytes) => ({ channel: 'line', bytes }));
  },
});

function encode(
  { at, sequence }: SimulatedMoment,
  mainType: number,
  subrecords: readonly DriSubrecord[],
): Uint8Array {
  const time = Math.floor(at / 1_000);
  return encodeDriRecord({ time, number: sequence, level, mainType, subrecords });
}

function basicChannelsOf(labels: ReadonlyMap<number, string>): number {
  return (driClasses[0] ?? []).filter((group) => group.labels === labels).length;
}

type Label = readonly [code: number, name: string];

/** The labels that the profile names, as many at a time as there are channels. */
function labelsOf(
  { profile }: SimulatedMoment,
  labels: ReadonlyMap<number, string>,
  channels: number,
): readonly (readonly Label[])[] {
  const named = new Set(profile.metrics.map(({ field }) => field.split('.')[0]));
  const wanted = [...labels].filter(([, name]) => named.has(name));
  const pages: Label[][] = [];
  for (let index = 0; index < wanted.length; index += channels) {
    pages.push(wanted.slice(index, index + channels));
  }
  return pages;
}

function classOf(
  moment: SimulatedMoment,
  groups: readonly DriGroup[],
  number: number,
  labels: readonly Label[],
  isFirst: boolean,
): DriSubrecord {
  const bytes = Buffer.alloc(timeBytes + driClassBytes + tailBytes);
  bytes.writeUInt32LE(Math.floor(moment.at / 1_000), 0);
  for (const group of groups) {
    const label = group.labels ? labelFor(group, labels) : undefined;
    const isShown = group.labels ? label !== undefined : isFirst;
    writeGroup(bytes.subarray(timeBytes), group, label, isShown ? moment : undefined);
  }
  bytes.writeUInt8(classWordLow, bytes.length - 2);
  bytes.writeUInt8(number, bytes.length - 1);
  return { type: displayed, bytes };
}

/** Each channel in its turn takes the next label of its kind. */
function labelFor(group: DriGroup, labels: readonly Label[]): Label | undefined {
  const channels = driClasses.flat().filter((other) => other.labels === group.labels);
  const own = labels.filter(([code, name]) => group.labels?.get(code) === name);
  return own[channels.indexOf(group)];
}

function writeGroup(
  data: Buffer,
  group: DriGroup,
  label: Label | undefined,
  moment: SimulatedMoment | undefined,
): void {
  const prefix = label?.[1] ?? group.name;
  const values = group.fields.map(([name, divisor]) => {
    const metric = moment?.profile.metrics.find(
      ({ field }) => field === `${prefix}.${name}`,
    )?.metric;
    const value = metric && moment?.values[metric];
    return value === undefined ? invalid : Math.round(value * divisor);
  });
  const source = group.name === 'ECG' ? heartRateOfEcg : 0;
  if (!group.hasNoHeader) {
    data.writeUInt32LE(moment ? existsAndIsActive | source : 0, group.offset);
    data.writeUInt16LE(label?.[0] ?? 0, group.offset + 4);
  }
  const first = group.offset + (group.hasNoHeader ? 0 : driGroupHeaderBytes);
  for (const [index, value] of values.entries()) data.writeInt16LE(value, first + 2 * index);
}

/** The waves of the profile, a second of each. Without a heart rate they are not there. */
function wavesOf({ profile, values, at }: SimulatedMoment): readonly DriSubrecord[] {
  const rate = values.MDC_ECG_HEART_RATE ?? values.MDC_PULS_OXIM_PULS_RATE;
  return [...driWaves].flatMap(([type, { name, samplesPerSecond }]) => {
    if (!profile.metrics.some(({ field }) => field === name)) return [];
    const count = samplesPerSecond * waveSeconds;
    const wave = pulseWave(rate ?? restingRate, at, count, 1_000 / samplesPerSecond);
    const bytes = Buffer.alloc(6 + 2 * count);
    bytes.writeInt16LE(count, 0);
    for (const [index, sample] of wave.entries()) {
      const value = rate === undefined ? invalid : Math.round(sample * waveAmplitude);
      bytes.writeInt16LE(value, 6 + 2 * index);
    }
    return [{ type, bytes }];
  });
}

const statusType = 1;
const alarmBytes = 98;
const displayedAlarms = 5;
const red = 3;
const lowLimit = 1;

/** Reserved, sound, two reserved, silence; five alarms; five reserved words. */
function alarms({ isAlarming }: SimulatedMoment): DriSubrecord {
  const bytes = Buffer.alloc(10 + displayedAlarms * alarmBytes + 10);
  bytes.writeInt16LE(1, 2);
  if (isAlarming) {
    bytes.write('SpO2 low', 10, 'latin1');
    bytes.writeInt16LE(1, 10 + 80);
    bytes.writeInt16LE(red, 10 + 82);
    bytes.writeInt16LE(lowLimit, 10 + 92);
  }
  return { type: statusType, bytes };
}
