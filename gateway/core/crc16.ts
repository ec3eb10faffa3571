/**
 * CRC-16 with the polynomial x^16 + x^12 + x^5 + 1 (0x1021), most significant bit first, nothing
 * inverted at the end. Starting at 0xFFFF it is called CCITT-FALSE, at 0 XMODEM.
 */
export function crc16(bytes: Uint8Array, start: 0 | 0xffff): number {
  let crc: number = start;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
    }
  }
  return crc;
}
