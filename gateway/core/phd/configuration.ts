import type { MderReader } from './mder-reader.ts';

/**
 * Configurations of personal health devices (ISO/IEEE 11073-20601 6.3): which object of the device
 * measures what, in which unit, and what its reports consist of.
 */

/** Attributes, terms of partition 1 of ISO/IEEE 11073-10101. */
export const phdAttributes = {
  type: 0x092f,
  unit: 0x0996,
  valueMap: 0x0a55,
  handleMap: 0x0a53,
  physioId: 0x091b,
  physioList: 0x0a76,
  partition: 0x0a5f,
  status: 0x0947,
  timeAbsolute: 0x0990,
  clockAbsolute: 0x0987,
  clockBaseOffset: 0x0a81,
  timeBaseOffset: 0x0a82,
  timeRelative: 0x0991,
  timeRelativeFine: 0x09e9,
  numeric: 0x0950,
  numericSimple: 0x0a56,
  numericBasic: 0x0a4c,
  compound: 0x094b,
  compoundSimple: 0x0a74,
  compoundBasic: 0x0a75,
  systemId: 0x0984,
  configurationId: 0x0a44,
  numberOfSegments: 0x0951,
  segmentMap: 0x0a4e,
  segmentPerson: 0x0a4f,
  segmentUsage: 0x097b,
  segmentStart: 0x0992,
  samplePeriod: 0x098d,
} as const;

/** `[attribute, bytes]`, in the order in which a fixed report holds the values. */
export type ValueMap = readonly (readonly [attribute: number, bytes: number])[];

export interface PhdObject {
  readonly handle: number;
  /** Context-free codes (partition × 2¹⁶ + term): one, or one for each part of a compound value. */
  readonly codes: readonly number[];
  /** Term of the partition of units; 0 where none is stated. */
  readonly unit: number;
  readonly map: ValueMap;
  /** A scanner: what a grouped report holds, object by object. */
  readonly scans?: readonly (readonly [handle: number, map: ValueMap])[];
  /** A store of measurements (PM-store) rather than a measurement. */
  readonly isStore?: true;
}

export type PhdConfiguration = readonly PhdObject[];

const scada = 2;
const partitionTerms = 0x1_0000;
const absolute = [phdAttributes.timeAbsolute, 8] as const;
const basic = [phdAttributes.numericBasic, 2] as const;

function standard(handle: number, term: number, unit: number, ...map: ValueMap): PhdObject {
  return { handle, codes: [scada * partitionTerms + term], unit, map };
}

const percent = 544;
const perMinute = 2720;
const mmHg = 3872;

const oximeter: PhdConfiguration = [
  standard(1, 19_384, percent, basic),
  standard(10, 18_458, perMinute, basic),
];

/** Standard configurations that this gateway knows without asking. Any other is asked for. */
export const standardConfigurations: ReadonlyMap<number, PhdConfiguration> = new Map([
  // IEEE 11073-10404: oxygen saturation and pulse rate.
  [0x0190, oximeter],
  [0x0191, oximeter],
  // IEEE 11073-10407: systolic, diastolic and mean pressure, and pulse rate.
  [
    0x02bc,
    [
      {
        handle: 1,
        codes: [150_021, 150_022, 150_023],
        unit: mmHg,
        map: [[phdAttributes.compoundBasic, 10], absolute],
      },
      standard(2, 18_474, perMinute, basic, absolute),
    ],
  ],
  // IEEE 11073-10415: body weight.
  [0x05dc, [standard(1, 57_664, 1731, [phdAttributes.numericSimple, 4], absolute)]],
  // IEEE 11073-10417: glucose in capillary whole blood.
  [0x06a4, [standard(1, 29_112, 2130, basic, absolute)]],
]);

/** No device has more objects; each may report so many attributes. */
const objectsMax = 64;
const mapItemsMax = 16;
/** The most a configuration takes as JSON. */
export const configurationJsonMax = 96 * 1024;

/** ConfigObjectList of a configuration report. Undefined when it is larger than any device's. */
export function readConfiguration(part: MderReader): PhdConfiguration | undefined {
  const objects = part.list(readObject);
  const isTooLarge =
    objects.length > objectsMax ||
    objects.some(
      ({ codes, map, scans = [] }) =>
        codes.length > mapItemsMax || map.length > mapItemsMax || scans.length > mapItemsMax,
    ) ||
    JSON.stringify(objects).length > configurationJsonMax;
  return isTooLarge ? undefined : objects;
}

/** MDC_MOC_VMO_PMSTORE; of other classes the attributes say enough. */
const storeClass = 61;

function readObject(part: MderReader): PhdObject {
  const isStore = part.unsigned16() === storeClass;
  const handle = part.unsigned16();
  let partition = scada;
  let codes: readonly number[] = [];
  let list: readonly number[] | undefined;
  let unit = 0;
  let map: ValueMap = [];
  let scans: PhdObject['scans'];
  part.list((item) => {
    const attribute = item.unsigned16();
    item.part(item.unsigned16(), (value) => {
      if (attribute === phdAttributes.type) {
        partition = value.unsigned16();
        codes = [value.unsigned16()];
      } else if (attribute === phdAttributes.physioId) codes = [value.unsigned16()];
      else if (attribute === phdAttributes.physioList) list = value.list((id) => id.unsigned16());
      else if (attribute === phdAttributes.partition) partition = value.unsigned16();
      else if (attribute === phdAttributes.unit) unit = value.unsigned16();
      else if (attribute === phdAttributes.valueMap) map = readMap(value);
      else if (attribute === phdAttributes.handleMap) {
        scans = value.list((scan) => [scan.unsigned16(), readMap(scan)] as const);
      } else value.take(value.left);
    });
  });
  const terms = (list ?? codes).map((term) => partition * partitionTerms + term);
  return {
    ...{ handle, codes: terms, unit, map },
    ...(scans ? { scans } : {}),
    ...(isStore ? { isStore } : {}),
  };
}

/** AttrValMap. */
export function readMap(part: MderReader): ValueMap {
  return part.list((item) => [item.unsigned16(), item.unsigned16()] as const);
}
