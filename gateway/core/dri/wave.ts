export interface DriWave {
  readonly name: string;
  readonly samplesPerSecond: number;
  /** One step is this part of the unit. */
  readonly divisor: number;
}

/** Waveforms by subrecord type. Those whose scale or rate is not documented are not read. */
export const driWaves: ReadonlyMap<number, DriWave> = new Map([
  [1, wave('ECG1', 300, 1)],
  [2, wave('ECG2', 300, 1)],
  [3, wave('ECG3', 300, 1)],
  ...[4, 5, 6, 7].map((type) => [type, wave(`P${type - 3}`, 100, 100)] as const),
  [8, wave('PLETH', 100, 1)],
  [9, wave('CO2', 25, 100)],
  [10, wave('O2', 25, 100)],
  [11, wave('N2O', 25, 100)],
  [12, wave('AA', 25, 100)],
  [13, wave('AWP', 25, 10)],
  [14, wave('FLOW', 25, 10)],
  [15, wave('RESP', 25, 100)],
  ...[16, 17].map((type) => [type, wave(`P${type - 11}`, 100, 100)] as const),
  ...[18, 19, 20, 21].map((type) => [type, wave(`EEG${type - 17}`, 100, 10)] as const),
  ...[36, 37].map((type) => [type, wave(`P${type - 29}`, 100, 100)] as const),
  [38, wave('PLETH2', 100, 1)],
]);

function wave(name: string, samplesPerSecond: number, divisor: number): DriWave {
  return { name: `WAVE.${name}`, samplesPerSecond, divisor };
}
