import { type MetricId, metrics } from '../core/metric.ts';
import { defineSimulator, type SimulatedMoment, type SimulatedWrite } from '../core/simulator.ts';
import { convert } from '../core/unit.ts';

const STX = 0x02;
const ETX = 0x03;
const EOT = 0x04;
const ENQ = 0x05;
const ACK = 0x06;

/** What a healthy adult's blood holds, in each metric's own unit. */
const healthy: Readonly<Partial<Record<MetricId, number>>> = {
  LN_14749_6: 5.1,
  LN_1988_5: 1.2,
  LN_22664_7: 5.4,
  LN_14682_9: 77,
  LN_2951_2: 140,
  LN_2823_3: 4.2,
  LN_2075_0: 103,
  LN_2524_7: 1.1,
  LN_2000_8: 2.38,
  LN_1751_7: 44,
  LN_2885_2: 72,
  LN_1742_6: 22,
  LN_1920_8: 24,
  LN_6768_6: 68,
  LN_2324_2: 25,
  LN_14631_6: 9.5,
  LN_14933_6: 310,
  LN_14647_2: 4.8,
  LN_14646_4: 1.4,
  LN_14927_8: 1.1,
  LN_4548_4: 5.3,
  LN_718_7: 14.2,
  LN_6690_2: 6.8,
  LN_789_8: 4.8,
  LN_777_3: 245,
  LN_4544_3: 42,
  LN_787_2: 88,
  LN_785_6: 29.6,
  LN_786_4: 33.8,
};

/** An analyser sends one specimen's results: ENQ, a frame for each record, EOT. */
export default defineSimulator({
  id: 'astm-e1381',

  say(moment) {
    const frames = recordsOf(moment).map(
      (record, index): SimulatedWrite => ({
        channel: 'line',
        bytes: frameOf((index + 1) % 8, record),
        awaits: ACK,
      }),
    );
    return [
      { channel: 'line', bytes: Uint8Array.of(ENQ), awaits: ACK },
      ...frames,
      { channel: 'line', bytes: Uint8Array.of(EOT) },
    ];
  },
});

/** CLSI LIS2-A2: header, patient, order, the results, terminator. */
function recordsOf(moment: SimulatedMoment): readonly string[] {
  const { profile, serialNumber, sequence, at } = moment;
  const time = new Date(at).toISOString().replace(/[-:T]|\..*$/g, '');
  const results = resultsOf(moment).map(
    ({ field, figure, unit }, index) =>
      `R|${index + 1}|^^^${field}|${figure}|${unit}||N||F||||${time}`,
  );
  return [
    `H|\\^&|||${profile.model}^${serialNumber}|||||||P|LIS2-A2|${time}`,
    'P|1',
    `O|1|${serialNumber}-${sequence}||^^^ALL|R|${time}|||||N|||||||||||||||F`,
    ...results,
    'L|1|N',
  ];
}

/** Each metric once, under the first of its fields, in the unit the profile gives it. */
function resultsOf({ profile, values }: SimulatedMoment) {
  const said = new Set<MetricId>();
  return profile.metrics.flatMap(({ field, metric, unit }) => {
    const value = values[metric] ?? healthy[metric];
    if (value === undefined || said.has(metric)) return [];
    const own = metrics[metric].unit;
    const converted = convert(value, own, unit ?? own, metrics[metric]);
    if (converted === 'wrong-unit') return [];
    said.add(metric);
    return [{ field, figure: plain(converted), unit: unit ?? own }];
  });
}

/** Never with an exponent, which no analyser prints. */
function plain(value: number): string {
  const text = `${value}`;
  return text.includes('e') ? value.toFixed(6) : text;
}

/** CLSI LIS01-A2 6.3: STX, number, text, CR, ETX, checksum, CR, LF. */
function frameOf(number: number, text: string): Uint8Array {
  const covered = Buffer.from(`${number}${text}\r${String.fromCharCode(ETX)}`, 'latin1');
  const sum = covered.reduce((total, byte) => (total + byte) & 0xff, 0);
  const checksum = sum.toString(16).toUpperCase().padStart(2, '0');
  return Buffer.concat([Uint8Array.of(STX), covered, Buffer.from(`${checksum}\r\n`)]);
}
