import type { AbsentReason } from '../absent-reason.ts';
import { driWaves } from './wave.ts';

/**
 * The physiological database of DRI monitors: what stands where in its four classes of 270 bytes,
 * behind the 4 bytes of the time. A group starts with a 32-bit status and a 16-bit label (but
 * `ECG-EXTRA`), then come 16-bit signed values. Source: Datex-Ohmeda S/5 Computer Interface, 8005313,
 * section 3; the offsets of the second class were checked against a recording, because the tables
 * that are passed around leave out `PVC`.
 */
export const driClassBytes = 270;
export const driGroupHeaderBytes = 6;

/** From here down a figure is no measurement but says why there is none. */
export const driNoValueFrom = -32_001;

export const driAbsent: ReadonlyMap<number, AbsentReason> = new Map([
  [-32_767, 'invalid'],
  [-32_766, 'not-ready'],
  [-32_764, 'below-range'],
  [-32_763, 'above-range'],
  [-32_762, 'calibrating'],
]);

/** What a bit of a group's status or label says about its values. */
export interface DriBit {
  readonly in: 'status' | 'label';
  readonly mask: number;
  /** Why a value is missing where it is. */
  readonly reason?: AbsentReason;
  /** The value that it casts a doubt on; all of the group when none is named. */
  readonly field?: string;
}

export interface DriGroup {
  readonly name: string;
  readonly offset: number;
  /** Names of the 16-bit values in their order, and what one step is a part of; 0 is not read. */
  readonly fields: readonly (readonly [name: string, divisor: number])[];
  /** The label names the channel: `ART`, not `P1`. */
  readonly labels?: ReadonlyMap<number, string>;
  readonly bits?: readonly DriBit[];
  readonly hasNoHeader?: boolean;
  /** Where the header stands that holds for a group without one. */
  readonly statusAt?: number;
}

export const driPressureLabels: ReadonlyMap<number, string> = new Map(
  [
    ...['ART', 'CVP', 'PA', 'RAP', 'RVP', 'LAP', 'ICP', 'ABP', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6'],
    ...['SP', 'FEM', 'UAC', 'UVC', 'ICP2', 'P7', 'P8', 'FEMV'],
  ].map((name, index) => [index + 1, name]),
);

export const driTemperatureLabels: ReadonlyMap<number, string> = new Map(
  [
    ...['ESO', 'NASO', 'TYMP', 'RECT', 'BLAD', 'AXIL', 'SKIN', 'AIRW', 'ROOM', 'MYO'],
    ...['T1', 'T2', 'T3', 'T4', 'CORE', 'SURF', 'T5', 'T6'],
  ].map((name, index) => [index + 1, name]),
);

const driAgentLabels: ReadonlyMap<number, string> = new Map([
  [1, 'AA'],
  [2, 'HAL'],
  [3, 'ENF'],
  [4, 'ISO'],
  [5, 'DES'],
  [6, 'SEV'],
]);

const bit = (place: number, reason?: AbsentReason): DriBit =>
  reason === undefined
    ? { in: 'status', mask: 1 << place }
    : { in: 'status', mask: 1 << place, reason };

/** Noise, artifact, learning. */
const ecgBits: readonly DriBit[] = [
  bit(7, 'poor-signal'),
  bit(8, 'poor-signal'),
  bit(9, 'not-ready'),
];
const gasBits: readonly DriBit[] = [bit(2, 'calibrating'), bit(3, 'not-measured')];
const flowBits: readonly DriBit[] = [
  bit(2, 'sensor-off'),
  bit(3, 'calibrating'),
  bit(4, 'calibrating'),
  bit(5, 'poor-signal'),
  bit(6, 'poor-signal'),
  bit(7, 'not-measured'),
];

function pressure(name: string, offset: number): DriGroup {
  const fields = [
    ['SYS', 100],
    ['DIA', 100],
    ['MEAN', 100],
    ['PR', 1],
  ] as const;
  return { name, offset, fields, labels: driPressureLabels, bits: [bit(2, 'calibrating')] };
}

function temperature(name: string, offset: number): DriGroup {
  return { name, offset, fields: [['TEMP', 100]], labels: driTemperatureLabels };
}

function oximeter(name: string, offset: number): DriGroup {
  return {
    name,
    offset,
    fields: [
      ['SAT', 100],
      ['PR', 1],
      ['IR-AMP', 0],
      ['SO2', 100],
    ],
  };
}

const basic: readonly DriGroup[] = [
  {
    name: 'ECG',
    offset: 0,
    fields: [
      ['HR', 1],
      ['ST1', 100],
      ['ST2', 100],
      ['ST3', 100],
      ['IMP-RR', 1],
    ],
    bits: ecgBits,
  },
  pressure('P1', 16),
  pressure('P2', 30),
  pressure('P3', 44),
  pressure('P4', 58),
  {
    name: 'NIBP',
    offset: 72,
    fields: [
      ['SYS', 100],
      ['DIA', 100],
      ['MEAN', 100],
      ['PR', 1],
    ],
    bits: [
      { in: 'label', mask: 1 << 5, reason: 'not-ready' },
      { in: 'label', mask: 1 << 7, reason: 'calibrating' },
      // Measured more than 60 s ago, and still displayed.
      { in: 'label', mask: 1 << 8 },
    ],
  },
  temperature('T1', 86),
  temperature('T2', 94),
  temperature('T3', 102),
  temperature('T4', 110),
  oximeter('SPO2', 118),
  {
    name: 'CO2',
    offset: 132,
    fields: [
      ['ET', 100],
      ['FI', 100],
      ['RR', 1],
    ],
    bits: [
      bit(3, 'calibrating'),
      bit(4, 'calibrating'),
      bit(5, 'poor-signal'),
      bit(6, 'poor-signal'),
    ],
  },
  // The monitor's own barometer stands in the group of the gas module.
  { name: 'AMBIENT', offset: 144, fields: [['PRESSURE', 10]], hasNoHeader: true },
  {
    name: 'O2',
    offset: 146,
    fields: [
      ['ET', 100],
      ['FI', 100],
    ],
    bits: gasBits,
  },
  {
    name: 'N2O',
    offset: 156,
    fields: [
      ['ET', 100],
      ['FI', 100],
    ],
    bits: gasBits,
  },
  {
    name: 'AA',
    offset: 166,
    fields: [
      ['ET', 100],
      ['FI', 100],
      ['MAC', 100],
    ],
    labels: driAgentLabels,
    bits: gasBits,
  },
  {
    name: 'FLOW',
    offset: 178,
    fields: [
      ...([
        ['RR', 1],
        ['PPEAK', 100],
        ['PEEP', 100],
        ['PPLAT', 100],
      ] as const),
      ...([
        ['TV-INSP', 10],
        ['TV-EXP', 10],
        ['COMPLIANCE', 100],
        ['MV-EXP', 100],
      ] as const),
    ],
    bits: flowBits,
  },
  {
    name: 'CO',
    offset: 200,
    // Cardiac output comes in mL/min and is given in L/min.
    fields: [
      ['CO', 1_000],
      ['BLOOD-TEMP', 100],
      ['REF', 100],
      ['PCWP', 100],
    ],
    bits: [
      { in: 'label', mask: 1, field: 'CO' },
      { in: 'label', mask: 2, field: 'PCWP' },
    ],
  },
  {
    name: 'NMT',
    offset: 214,
    fields: [
      ['T1', 10],
      ['TRATIO', 10],
    ],
  },
  {
    name: 'ECG-EXTRA',
    offset: 226,
    fields: [
      ['HR', 1],
      ['HR-MAX', 1],
      ['HR-MIN', 1],
    ],
    hasNoHeader: true,
    statusAt: 0,
  },
  {
    name: 'SVO2',
    offset: 232,
    fields: [['SAT', 100]],
    bits: [
      bit(3, 'sensor-fault'),
      bit(4, 'no-sensor'),
      bit(5, 'calibrating'),
      bit(7, 'poor-signal'),
    ],
  },
  pressure('P5', 240),
  pressure('P6', 254),
];

const firstExtension: readonly DriGroup[] = [
  {
    name: 'ARRHYTHMIA',
    offset: 0,
    fields: [
      ['HR', 1],
      ['RR-TIME', 1],
      ['PVC', 1],
    ],
    bits: ecgBits,
  },
  {
    name: 'ECG12',
    offset: 48,
    fields: ['I', 'II', 'III', 'AVL', 'AVR', 'AVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'].map(
      (lead) => [`ST-${lead}`, 100] as const,
    ),
    bits: ecgBits,
  },
  pressure('P7', 78),
  pressure('P8', 92),
  oximeter('SPO2-2', 106),
  temperature('T5', 120),
  temperature('T6', 128),
];

const channel = (name: string) =>
  [
    ...([
      [`${name}-AMPL`, 10],
      [`${name}-SEF`, 10],
      [`${name}-MF`, 10],
    ] as const),
    ...([
      [`${name}-DELTA`, 1],
      [`${name}-THETA`, 1],
      [`${name}-ALPHA`, 1],
    ] as const),
    ...([
      [`${name}-BETA`, 1],
      [`${name}-BSR`, 1],
    ] as const),
  ] as const;

const secondExtension: readonly DriGroup[] = [
  {
    name: 'EEG',
    offset: 24,
    fields: [['FEMG', 10], ...channel('1'), ...channel('2'), ...channel('3'), ...channel('4')],
  },
  {
    name: 'ENTROPY',
    offset: 112,
    fields: [
      ['SE', 1],
      ['RE', 1],
      ['BSR', 1],
    ],
  },
];

const thirdExtension: readonly DriGroup[] = [
  {
    name: 'GASEX',
    offset: 0,
    fields: [
      ['VO2', 10],
      ['VCO2', 10],
    ],
  },
  {
    name: 'FLOW2',
    offset: 14,
    fields: [
      ...([
        ['PEEP-I', 100],
        ['PMEAN', 100],
        ['RAW', 100],
      ] as const),
      ...([
        ['MV-INSP', 100],
        ['PEEP-E', 100],
        ['MV-SPONT', 100],
      ] as const),
    ],
    bits: flowBits,
  },
  {
    name: 'BALANCE',
    offset: 60,
    fields: [
      ['ET', 100],
      ['FI', 100],
    ],
  },
];

/** By the class number in bits 8 to 11 of a subrecord's last word. */
export const driClasses: readonly (readonly DriGroup[])[] = [
  basic,
  firstExtension,
  secondExtension,
  thirdExtension,
];

/** Where the heart rate comes from, by bits 3 to 6 of the ECG status: then it is no ECG's. */
const heartRateSources = ['ECG.HR', 'HR.SELECTED', 'HR.PRESSURE', 'HR.PLETH'];
/** The respiration rate of the gas module may be that of the impedance measurement. */
const respirationSources = ['CO2.RR', 'RR.IMPEDANCE'];

/** Every name a field of such a monitor can have, for profiles that leave some out. */
export const driFieldNames: readonly string[] = [
  ...new Set([
    ...driClasses
      .flat()
      .flatMap(({ name, labels, fields }) =>
        [name, ...(labels?.values() ?? [])].flatMap((group) =>
          fields.filter(([, divisor]) => divisor > 0).map(([field]) => `${group}.${field}`),
        ),
      ),
    ...heartRateSources,
    ...respirationSources,
    ...[...driWaves.values()].map(({ name }) => name),
    'AUX.BSA',
  ]),
];
