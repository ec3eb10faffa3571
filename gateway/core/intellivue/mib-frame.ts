/** The transparent frame of the Medical Information Bus as IntelliVue monitors use it. */
export const frameStart = 0xc0;
export const frameEnd = 0xc1;
export const escapeMark = 0x7d;
export const escapeMask = 0x20;

/** Protocol 11 hex, type 01: data export. Then the length of the payload, two bytes. */
export const frameHeader = [0x11, 0x01];
export const headerBytes = 4;
export const checkBytes = 2;

/** Frame check sequence: CRC-16/X.25 over header and payload, low byte first on the wire. */
export function frameCheck(bytes: Uint8Array): number {
  let register = 0xffff;
  for (const byte of bytes) {
    register = (register >>> 8) ^ (checkTable[(register ^ byte) & 0xff] ?? 0);
  }
  return register ^ 0xffff;
}

const checkTable = Uint16Array.from({ length: 256 }, (_, index) => {
  let register = index;
  for (let bit = 0; bit < 8; bit += 1) {
    register = (register & 1) === 0 ? register >>> 1 : (register >>> 1) ^ 0x8408;
  }
  return register;
});

/** One payload as it stands on the wire. */
export function toMibFrame(payload: Uint8Array): Uint8Array {
  const content = Buffer.concat([
    Buffer.from([...frameHeader, payload.length >> 8, payload.length & 0xff]),
    payload,
  ]);
  const check = frameCheck(content);
  const wire = new Uint8Array(2 * (content.length + checkBytes) + 2);
  let size = 1;
  wire[0] = frameStart;
  for (const byte of Buffer.concat([content, Buffer.from([check & 0xff, check >> 8])])) {
    const isEscaped = byte === frameStart || byte === frameEnd || byte === escapeMark;
    if (isEscaped) {
      wire[size] = escapeMark;
      size += 1;
    }
    wire[size] = isEscaped ? byte ^ escapeMask : byte;
    size += 1;
  }
  wire[size] = frameEnd;
  return wire.subarray(0, size + 1);
}
