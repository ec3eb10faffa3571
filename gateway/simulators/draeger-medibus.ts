import { medibusMeasured1, medibusMeasured2 } from '../core/medibus/codes.ts';
import { type Metric, metrics } from '../core/metric.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';
import { convert } from '../core/unit.ts';

const SOH = 0x01;
const CR = 0x0d;
const measured1 = 0x24;
const measured2 = 0x2b;
const alarms1 = 0x27;
const valueLength = 4;
/** Apnoea: priority 31, code 0x0E, and what the device displays. */
const apnoea = 'O0EAPNOEA      ';

/**
 * A Dräger device that answers the requests for its alarms and its measured data. Without a value
 * it prints blanks.
 */
export default defineSimulator({
  id: 'draeger-medibus',
  say(moment) {
    const answers = [response(alarms1, moment.isAlarming ? apnoea : '')];
    const first = measured(moment, medibusMeasured1, '');
    const second = measured(moment, medibusMeasured2, 'CP2.');
    if (second !== '') answers.push(response(measured2, second));
    answers.push(response(measured1, first));
    return answers.map((bytes) => ({ channel: 'line', bytes }));
  },
});

function response(code: number, data: string): Uint8Array {
  const text = Buffer.from(data, 'latin1');
  const sum = text.reduce((total, byte) => (total + byte) & 0xff, SOH + code);
  const digits = hexByte(sum & 0xff);
  return Uint8Array.from([SOH, code, ...text, ...Buffer.from(digits, 'latin1'), CR]);
}

function measured(
  { profile, values }: SimulatedMoment,
  names: ReadonlyMap<number, string>,
  page: string,
): string {
  return [...names].reduce((data, [code, name]) => {
    const row = profile.metrics.find(({ field }) => field === `${page}${name}`);
    if (!row) return data;
    const metric: Metric = metrics[row.metric];
    const value = values[row.metric];
    const shown =
      value === undefined
        ? ''
        : print(convert(value, metric.unit, row.unit ?? metric.unit, metric));
    return `${data}${hexByte(code)}${shown.padStart(valueLength)}`;
  }, '');
}

/** As many decimals as four characters hold, and no more than a device shows. */
function print(value: number | string): string {
  const figure = Number(value);
  for (const decimals of [3, 2, 1]) {
    const text = figure.toFixed(decimals).replace(/^0\./, '.');
    if (text.length <= valueLength) return text;
  }
  return figure.toFixed(0).slice(0, valueLength);
}

function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
