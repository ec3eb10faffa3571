import { metrics } from '../core/metric.ts';
import { defineSimulator, type SimulatedMoment, type SimulatedWrite } from '../core/simulator.ts';
import { convert } from '../core/unit.ts';

const STX = 0x02;
const ETX = 0x03;
const EOT = 0x04;
const ENQ = 0x05;
const ACK = 0x06;

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

/**
 * CLSI LIS2-A2: header, patient, an order for each kind of specimen with its results, terminator.
 * A field `WBC^BLD` is the test WBC in the specimen BLD.
 */
function recordsOf(moment: SimulatedMoment): readonly string[] {
  const { profile, serialNumber, sequence, at } = moment;
  const time = new Date(at).toISOString().replace(/[-:T]|\..*$/g, '');
  const specimens = new Map<string, Result[]>();
  for (const result of resultsOf(moment)) {
    const results = specimens.get(result.specimen);
    if (results) results.push(result);
    else specimens.set(result.specimen, [result]);
  }
  const orders = [...specimens].flatMap(([specimen, results], index) => [
    `O|${index + 1}|${serialNumber}-${sequence}||^^^ALL|R|${time}|||||N||||${specimen}||||||||||F`,
    ...results.map(
      ({ code, figure, unit }, place) =>
        `R|${place + 1}|^^^${code}|${figure}|${unit}||N||F||||${time}`,
    ),
  ]);
  const header = `H|\\^&|||${profile.model}^${serialNumber}|||||||P|LIS2-A2|${time}`;
  return [header, 'P|1', ...orders, 'L|1|N'];
}

interface Result {
  readonly code: string;
  readonly specimen: string;
  readonly figure: string;
  readonly unit: string;
}

/** In the unit the profile gives the field. What the patient does not have is not reported. */
function resultsOf({ profile, values }: SimulatedMoment): readonly Result[] {
  return profile.metrics.flatMap(({ field, metric, unit }) => {
    const own = metrics[metric].unit;
    const value = values[metric];
    if (value === undefined) return [];
    const converted = convert(value, own, unit ?? own, metrics[metric]);
    if (converted === 'wrong-unit') return [];
    const [code = '', specimen = ''] = field.split('^');
    return [{ code, specimen, figure: plain(converted), unit: unit ?? own }];
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
