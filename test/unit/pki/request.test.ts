import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { readRequest } from '../../../gateway/pki/request.ts';

/** Requests that OpenSSL would not make: well signed, but saying two things at once. */
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecdsaWithSha256 = element(0x30, hex('06082a8648ce3d040302'));
const own = alternativeName('urn:wardgate:device:oxi-12');
const other = alternativeName('urn:wardgate:device:oxi-13');

it('reads a request that says one thing', () => {
  const request = readRequest(makeRequest(extensionRequest(own)));
  expect(request.commonNames).toEqual(['oxi-12']);
  expect(request.alternativeNames).toEqual([{ kind: 'uri', value: 'urn:wardgate:device:oxi-12' }]);
  expect(request.isProven()).toBe(true);
  expect(readRequest(makeRequest()).alternativeNames).toEqual([]);
});

it.each([
  ['two lists of extensions', [extensionRequest(own), extensionRequest(other)]],
  ['two lists in one attribute', [attribute(element(0x30, own), element(0x30, other))]],
  ['one extension twice', [extensionRequest(own, other)]],
])('refuses %s', (_, attributes) => {
  expect(() => readRequest(makeRequest(...attributes))).toThrow(
    expect.objectContaining({ code: 'certificate-refused' }),
  );
});

it('does not take a signature over something else for a proof', () => {
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(readRequest(makeRequest()).isProven()).toBe(true);
  expect(readRequest(makeRequestBy(foreign.privateKey)).isProven()).toBe(false);
});

function makeRequest(...attributes: readonly Buffer[]): string {
  return makeRequestBy(privateKey, ...attributes);
}

/** CertificationRequest (RFC 2986 4.2). */
function makeRequestBy(signer: typeof privateKey, ...attributes: readonly Buffer[]): string {
  const name = element(0x30, hex('0603550403'), element(0x0c, Buffer.from('oxi-12')));
  const body = element(
    0x30,
    hex('020100'),
    element(0x30, element(0x31, name)),
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa0, ...attributes),
  );
  const signature = element(0x03, Buffer.of(0), sign('sha256', body, signer));
  const der = element(0x30, body, ecdsaWithSha256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der}\n-----END CERTIFICATE REQUEST-----\n`;
}

function extensionRequest(...extensions: readonly Buffer[]): Buffer {
  return attribute(element(0x30, ...extensions));
}

function attribute(...values: readonly Buffer[]): Buffer {
  return element(0x30, hex('06092a864886f70d01090e'), element(0x31, ...values));
}

function alternativeName(uri: string): Buffer {
  const names = element(0x30, element(0x86, Buffer.from(uri)));
  return element(0x30, hex('0603551d11'), element(0x04, names));
}

function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
