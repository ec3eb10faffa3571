import { expect, it } from 'vitest';
import { crc16 } from '../../../gateway/core/crc16.ts';

// V: frames of Alaris Asena and Baxter AS50 pumps.
it.each([
  ['INF', 0xffff, 0x4961],
  ['COMMS_PROTOCOL', 0xffff, 0xe8da],
  ['INST_SERIALNO', 0xffff, 0x457d],
  ['INF_VTBI', 0xffff, 0x8456],
  ['INST_SERIALNO^8002-51740', 0xffff, 0x050b],
  ['[STATUS?]', 0, 0xc34b],
  ['[RESEND]', 0, 0xdb6b],
  ['[PRIRATE?]', 0, 0x3444],
  ['123456789', 0xffff, 0x29b1],
  ['123456789', 0, 0x31c3],
  ['', 0xffff, 0xffff],
] as const)('the CRC of %j from %i is %i', (text, start, crc) => {
  expect(crc16(Buffer.from(text), start)).toBe(crc);
});
