import { metrics } from '../core/metric.ts';
import { defineSimulator } from '../core/simulator.ts';

/** SenML units (RFC 8428 §12.1, RFC 8798) for the UCUM units that it writes differently. */
const senmlUnits: ReadonlyMap<string, string> = new Map([
  ['/min', '1/min'],
  ['%', '/100'],
  ['L', 'l'],
]);

/** A sensor that sends one SenML pack a moment. The format knows neither alarms nor waveforms. */
export default defineSimulator({
  id: 'senml-json',
  say({ profile, serialNumber, at, values }) {
    const records = profile.metrics.flatMap(({ field, metric }) => {
      const v = values[metric];
      const { unit } = metrics[metric];
      return v === undefined ? [] : [{ n: field, u: senmlUnits.get(unit) ?? unit, v }];
    });
    if (records.length === 0) return [];
    // Version 42 is 10 with the feature "secondary units" (RFC 9100 §2.1): `/100` is one.
    const base = { bver: 42, bn: `urn:dev:ops:wardgate-${serialNumber}:`, bt: at / 1_000 };
    const [first, ...rest] = records;
    return [
      {
        channel: 'observations',
        bytes: Buffer.from(JSON.stringify([{ ...base, ...first }, ...rest])),
      },
    ];
  },
});
