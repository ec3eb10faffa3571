import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

/** How each key's value is printed: digits before and behind the point, and what follows. */
interface Print {
  readonly whole: number;
  readonly decimals: number;
  readonly sign?: '+';
  readonly suffix: '%' | '';
  /** Printed by every model. The others are options of some. */
  readonly isStandard: boolean;
}

const prints: Readonly<Record<string, Print>> = {
  SPO2: { whole: 3, decimals: 0, suffix: '%', isStandard: true },
  BPM: { whole: 3, decimals: 0, suffix: '', isStandard: true },
  PI: { whole: 2, decimals: 2, suffix: '%', isStandard: true },
  SPCO: { whole: 2, decimals: 1, suffix: '%', isStandard: true },
  SPMET: { whole: 2, decimals: 1, suffix: '%', isStandard: true },
  SPHB: { whole: 2, decimals: 1, suffix: '', isStandard: false },
  DESAT: { whole: 2, decimals: 0, suffix: '', isStandard: true },
  PIDELTA: { whole: 2, decimals: 0, sign: '+', suffix: '', isStandard: true },
  PVI: { whole: 3, decimals: 0, suffix: '', isStandard: false },
};

const noAlarm = '0000';
/** SpO2 below its limit (0x02), alarm active (0x10). */
const lowSaturationAlarm = '0012';
/** Masimo SET runs (0x800); beside it the sensor may be off the patient (0x20). */
const normal = '000800';
const sensorOff = '000820';

/** A Masimo oximeter set to "ASCII 1": one line a second. Its clock runs in UTC. */
export default defineSimulator({
  id: 'masimo-ascii',
  say(moment) {
    const parts = [
      clockOf(moment),
      `SN=${serialOf(moment)}`,
      ...pairsOf(moment),
      `ALARM=${moment.isAlarming ? lowSaturationAlarm : noAlarm}`,
      `EXC=${moment.values.MDC_PULS_OXIM_SAT_O2 === undefined ? sensorOff : normal}`,
    ];
    return [{ channel: 'line', bytes: Buffer.from(`${parts.join(' ')}\r\n`, 'latin1') }];
  },
});

function clockOf({ at }: SimulatedMoment): string {
  const [date = '', time = ''] = new Date(at).toISOString().slice(0, 19).split('T');
  const [year = '', month, day] = date.split('-');
  return `${month}/${day}/${year.slice(2)} ${time}`;
}

/** Ten digits, as the device prints them. */
function serialOf({ serialNumber }: SimulatedMoment): string {
  return serialNumber.replace(/\D/g, '').slice(-10).padStart(10, '0');
}

function pairsOf({ profile, values }: SimulatedMoment): string[] {
  return Object.entries(prints).flatMap(([key, print]) => {
    const metric = profile.metrics.find(({ field }) => field === key)?.metric;
    if (metric === undefined && !print.isStandard) return [];
    return `${key}=${printed(metric === undefined ? undefined : values[metric], print)}`;
  });
}

function printed(value: number | undefined, print: Print): string {
  const { whole, decimals, sign = '', suffix } = print;
  const width = whole + (decimals > 0 ? decimals + 1 : 0);
  const digits =
    value === undefined
      ? '-'.repeat(whole) + (decimals > 0 ? `.${'-'.repeat(decimals)}` : '')
      : value.toFixed(decimals).padStart(width, '0');
  return sign + digits + suffix;
}
