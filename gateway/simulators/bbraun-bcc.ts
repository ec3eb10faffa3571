import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const separator = '\x1e';
const noValue = '_NV';
/** The pump in the lowest slot of the first pillar, and the station itself. */
const pump = '50111';
const station = '50100';

/** A B. Braun Space station with one pump that answers to "get all". */
export default defineSimulator({
  id: 'bbraun-bcc',
  say(moment) {
    const metric = moment.profile.metrics.find(({ field }) => field === 'INRT@11')?.metric;
    const rate = metric === undefined ? undefined : moment.values[metric];
    const quadruples = [
      [station, 'FMNOR', '1'],
      [pump, 'GNNEW', '688F030006'],
      [pump, 'INRT', rate?.toFixed(2) ?? noValue],
      [pump, 'INVI', '0'],
      [pump, 'INSERNUM', serialOf(moment)],
    ];
    const text = quadruples.map((row) => [moment.sequence, ...row].join(',')).join(separator);
    return [{ channel: 'line', bytes: toFrame(`ComSystem/1/1>${text}`) }];
  },
});

function serialOf({ serialNumber }: SimulatedMoment): string {
  return serialNumber.replace(/\D/g, '').slice(-6);
}

function toFrame(text: string): Uint8Array {
  const length = String(14 + text.length).padStart(5, '0');
  const front = Buffer.from(`\x01${length}\x02${text}\x03`, 'latin1');
  const sum = front.reduce((total, byte) => (total + byte) & 0xff, 0);
  return Buffer.concat([front, Buffer.from(`${String(sum).padStart(5, '0')}\x04`, 'latin1')]);
}
