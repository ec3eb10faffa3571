import { crc16 } from '../core/crc16.ts';
import { defineSimulator } from '../core/simulator.ts';

/** A Baxter AS50 that was asked for its rate and its volume. */
export default defineSimulator({
  id: 'baxter-as50',
  say({ profile, values }) {
    return profile.metrics.map(({ field, metric }) => {
      const value = values[metric];
      const message = value === undefined ? '[REJECT]' : `[${field}=${value.toFixed(1)}]`;
      const text = Buffer.from(message, 'latin1');
      const crc = crc16(text, 0);
      return { channel: 'line', bytes: Uint8Array.from([...text, crc >> 8, crc & 0xff]) };
    });
  },
});
