import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import rootProfile from '../../../certs/root-authority.ts';
import { GatewayError } from '../../../gateway/core/error.ts';
import { createAuthority } from '../../../gateway/pki/authority.ts';
import { readCertificate } from '../../../gateway/pki/certificate-fields.ts';
import { derBytesMax, membersOf, objectIdentifier, readDer } from '../../../gateway/pki/der.ts';

const refused = expect.objectContaining({ code: 'certificate-refused' });
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

it.each([
  ['06 03 55 04 03', '2.5.4.3'],
  ['06 08 2a 86 48 ce 3d 03 01 07', '1.2.840.10045.3.1.7'],
  ['06 01 00', '0.0'],
  ['06 01 4f', '1.39'],
  ['06 01 50', '2.0'],
  ['06 02 88 37', '2.999'],
])('reads the object identifier %s', (bytes, id) => {
  expect(objectIdentifier(readDer(hex(bytes)))).toBe(id);
});

it('reads lengths of one, two and three octets', () => {
  for (const size of [0, 127, 128, 255, 256, derBytesMax - 4]) {
    const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
    const element = readDer(Buffer.concat([Buffer.of(4, ...length), Buffer.alloc(size, 7)]));
    expect(element.content).toHaveLength(size);
  }
});

it.each([
  ['nothing', ''],
  ['a tag alone', '30'],
  ['an indefinite length', '30 80 00 00'],
  ['a length in more octets than it needs', '04 81 01 00'],
  ['a length of leading zeros', `04 82 00 80 ${'00'.repeat(128)}`],
  ['a length of three octets', `04 83 00 01 00 ${'00'.repeat(256)}`],
  ['more promised than there is', '04 05 00'],
  ['bytes after the end', '05 00 00'],
  ['a tag above 30', '1f 81 00 00'],
])('refuses %s', (_, bytes) => {
  expect(() => readDer(hex(bytes))).toThrow(refused);
});

it.each(['06 00', '06 01 80', '06 02 2a 86'])('refuses the object identifier %s', (bytes) => {
  expect(() => objectIdentifier(readDer(hex(bytes)))).toThrow(refused);
});

it('refuses what is too large or has too many members', () => {
  expect(() => readDer(Buffer.alloc(derBytesMax + 1))).toThrow(refused);
  expect(() => membersOf(readDer(hex(`30 81 82 ${'0500'.repeat(65)}`)))).toThrow(refused);
});

it('answers any bytes with an element or a refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expectRefusalAtMost(() => membersOf(readDer(bytes)));
    }),
  );
});

it('answers a damaged certificate with its fields or a refusal', async () => {
  const authority = await createAuthority({ profile: rootProfile, commonName: 'a', now: 0 });
  const { raw } = new X509Certificate(authority.certificatePem);
  expect(readCertificate(raw).subjectAttributes).toEqual([{ type: '2.5.4.3', value: 'a' }]);
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = Uint8Array.from(raw);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      expectRefusalAtMost(() => readCertificate(damaged));
      expectRefusalAtMost(() => readCertificate(raw.subarray(0, at)));
    }),
    { numRuns: 2_000 },
  );
});

function expectRefusalAtMost(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toEqual(refused);
  }
}
