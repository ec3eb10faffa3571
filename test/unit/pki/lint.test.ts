import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import deviceProfile from '../../../certs/device.ts';
import serverProfile from '../../../certs/gateway-server.ts';
import issuingProfile from '../../../certs/issuing-authority.ts';
import rootProfile from '../../../certs/root-authority.ts';
import { createAuthority } from '../../../gateway/pki/authority.ts';
import {
  type CertificateFields,
  identifiers,
  readCertificate,
} from '../../../gateway/pki/certificate-fields.ts';
import { generateKey, keyIdentifier } from '../../../gateway/pki/keys.ts';
import {
  type Candidate,
  type Issuer,
  type LintId,
  lintCertificate,
  lintOrder,
  lints,
  type Order,
} from '../../../gateway/pki/lint.ts';
import { hostNames } from '../../../gateway/pki/names.ts';

const now = Date.UTC(2026, 10, 22, 10);
const day = 86_400_000;
const root = await createAuthority({ profile: rootProfile, commonName: 'a root', now });
const authority = await createAuthority({
  profile: issuingProfile,
  commonName: 'an issuing authority',
  issuer: root,
  now,
});
const key = await generateKey('ecdsa-p256');
const otherKey = await generateKey('ecdsa-p256');
const order: Order = {
  profile: deviceProfile,
  commonName: 'oxi-12',
  alternativeNames: [{ kind: 'uri', value: 'urn:wardgate:device:oxi-12' }],
  publicKey: key.publicKey,
  now,
};
const serverOrder = (...hosts: string[]): Order => ({
  ...order,
  profile: serverProfile,
  commonName: hosts[0] ?? '',
  alternativeNames: hostNames(hosts),
});
const candidate = candidateOf((await authority.issue({ ...order, key })).certificatePem);
const issuer = issuerOf(candidateOf(authority.certificatePem));

it('finds nothing in a good certificate', () => {
  expect(lintOrder(order, issuer)).toEqual([]);
  expect(lintCertificate(candidate, order, issuer)).toEqual([]);
  expect(lintOrder(serverOrder('ward-3b.example', '10.0.0.9', '2001:DB8::1'), issuer)).toEqual([]);
});

const request = {
  publicKey: key.publicKey,
  commonNames: ['oxi-12'],
  alternativeNames: order.alternativeNames,
  asksForAuthority: false,
  isProven: () => true,
};
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey;
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey;
const withKey = (publicKey: Order['publicKey']): Order => ({ ...order, publicKey });
const named = (commonName: string): Order => ({
  ...order,
  commonName,
  alternativeNames: [{ kind: 'uri', value: `urn:wardgate:device:${commonName}` }],
});
const uri = (value: string): Order => ({ ...order, alternativeNames: [{ kind: 'uri', value }] });

const badOrders: readonly [what: string, lint: LintId, order: Order, issuer?: Issuer][] = [
  ...['+', '#', 'a/b', 'a\0b', 'ä', 'a\n', '', 'a*', 'a,CN=b', 'a'.repeat(65), 'a_b', ' a'].map(
    (name): [string, LintId, Order] => [
      `the name ${JSON.stringify(name)}`,
      'common-name',
      named(name),
    ],
  ),
  [
    'a server named by none of its names',
    'common-name',
    { ...serverOrder('a.example'), commonName: 'b' },
  ],
  ...[
    '*.example',
    'a..example',
    '-a',
    'a.',
    'a_b',
    '10.0.0.256',
    'a, IP Address:10.0.0.1',
    'a\0.b',
    'é',
  ].map((host): [string, LintId, Order] => [
    `the host ${JSON.stringify(host)}`,
    'alternative-names',
    serverOrder('a.example', host),
  ]),
  ['an address with a zone', 'alternative-names', serverOrder('a.example', 'fe80::1%eth0')],
  ['a server without a name', 'alternative-names', serverOrder()],
  [
    'more names than fit',
    'alternative-names',
    serverOrder(...Array.from({ length: 33 }, (_, n) => `h${n}`)),
  ],
  ['another device’s URI', 'alternative-names', uri('urn:wardgate:device:oxi-13')],
  ['a URI of another kind', 'alternative-names', uri('urn:wardgate:consumer:oxi-12')],
  ['a URI with two names in it', 'alternative-names', uri('urn:wardgate:device:oxi-12, URI:b')],
  [
    'a host that is also a device',
    'alternative-names',
    {
      ...serverOrder('a.example'),
      alternativeNames: [...hostNames(['a.example']), ...order.alternativeNames],
    },
  ],
  [
    'a device that is also a host',
    'alternative-names',
    { ...order, alternativeNames: hostNames(['a']) },
  ],
  [
    'the same name twice',
    'alternative-names',
    { ...order, alternativeNames: [...order.alternativeNames, ...order.alternativeNames] },
  ],
  ['RSA with 1024 bits', 'key-algorithm', withKey(rsa(1024))],
  ['RSA with 2056 bits', 'key-algorithm', withKey(rsa(2056))],
  ['the curve P-384', 'key-algorithm', withKey(curve('P-384'))],
  ['the curve secp256k1', 'key-algorithm', withKey(curve('secp256k1'))],
  ['Ed25519', 'key-algorithm', withKey(generateKeyPairSync('ed25519').publicKey)],
  [
    'RSA-PSS',
    'key-algorithm',
    withKey(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
  ],
  [
    'an RSA authority',
    'key-algorithm',
    { ...withKey(rsa(2048)), profile: rootProfile, commonName: 'x', alternativeNames: [] },
  ],
  ['RSA with exponent 3', 'key-weak', withKey(rsa(2048, 3))],
  [
    'a request of somebody else',
    'request-name',
    { ...order, request: { ...request, commonNames: ['oxi-13'] } },
  ],
  [
    'a request with two names',
    'request-name',
    { ...order, request: { ...request, commonNames: ['oxi-12', 'oxi-12'] } },
  ],
  [
    'a request for another’s URI',
    'request-name',
    { ...order, request: { ...request, alternativeNames: [{ kind: 'dns', value: 'a' }] } },
  ],
  [
    'a request to be an authority',
    'request-authority',
    { ...order, request: { ...request, asksForAuthority: true } },
  ],
  [
    'a request without proof',
    'request-signature',
    { ...order, request: { ...request, isProven: () => false } },
  ],
  ['an issuer that expired', 'issuer-expired', { ...order, now: now + 1_827 * day }],
  ['an issuer of tomorrow', 'issuer-expired', { ...order, now: now - day }],
  [
    'an authority below the last',
    'issuer-path',
    { ...order, profile: issuingProfile, commonName: 'x', alternativeNames: [] },
  ],
];

it.each(badOrders)('refuses %s by %s', (_, lint, bad) => {
  expect(lintOrder(bad, issuer).map((finding) => finding.lint)).toContain(lint);
});

const withFields = (change: Partial<CertificateFields>): Candidate => ({
  ...candidate,
  fields: { ...candidate.fields, ...change },
});
const extensions = candidate.fields.extensions;
const uncritical = (id: string) => {
  const extension = extensions.get(id);
  return withFields({
    extensions: new Map([
      ...extensions,
      [id, { ...(extension ?? expect.unreachable()), isCritical: false }],
    ]),
  });
};
const profiled = (change: Partial<Order['profile']>): Order => ({
  ...order,
  profile: { ...deviceProfile, ...change },
});

const badCertificates: readonly [what: string, lint: LintId, Candidate, Order?, Issuer?][] = [
  ['version 1', 'version', withFields({ version: 1 })],
  [
    'a negative serial number',
    'serial-number',
    withFields({ serialNumber: Buffer.alloc(16, 0xff) }),
  ],
  ['a counted serial number', 'serial-number', withFields({ serialNumber: Buffer.of(0, 200) })],
  [
    'a serial number of 63 bits',
    'serial-number',
    withFields({ serialNumber: Buffer.alloc(8, 0x7f) }),
  ],
  [
    'a serial number of 21 octets',
    'serial-number',
    withFields({ serialNumber: Buffer.alloc(21, 0x7f) }),
  ],
  [
    'SHA-1',
    'signature-algorithm',
    withFields({ signatureAlgorithms: ['1.2.840.10045.4.1', '1.2.840.10045.4.3.2'] }),
  ],
  ['another name', 'subject', candidate, { ...order, commonName: 'oxi-13' }],
  [
    'a second name',
    'subject',
    withFields({
      subjectAttributes: [...candidate.fields.subjectAttributes, { type: '2.5.4.10', value: 'x' }],
    }),
  ],
  ['another issuer', 'issuer', candidate, order, { ...issuer, name: Buffer.of(0x30, 0) }],
  ['another issuer’s key', 'issuer', candidate, order, { ...issuer, keyIdentifier: '00' }],
  [
    'a life one second too long',
    'validity',
    { ...candidate, notAfter: candidate.notAfter + 1_000 },
  ],
  [
    'a life beyond its issuer',
    'validity',
    candidate,
    order,
    { ...issuer, notAfter: candidate.notAfter - 1 },
  ],
  ['a life before its issuer', 'validity', candidate, order, { ...issuer, notBefore: now }],
  ['a life that starts tomorrow', 'validity', { ...candidate, notBefore: now + day }],
  ['another key', 'public-key', candidate, withKey(otherKey.publicKey)],
  ['another key’s identifier', 'subject-key', candidate, withKey(otherKey.publicKey)],
  ['a subscriber that is an authority', 'basic-constraints', candidateOf(authority.certificatePem)],
  ['a path length nobody asked for', 'basic-constraints', candidate, profiled({ pathLength: 0 })],
  [
    'basic constraints that may be ignored',
    'basic-constraints',
    uncritical(identifiers.basicConstraints),
  ],
  [
    'a usage too few',
    'key-usages',
    candidate,
    profiled({ keyUsages: ['digitalSignature', 'keyEncipherment'] }),
  ],
  ['another usage', 'key-usages', candidate, profiled({ keyUsages: ['cRLSign'] })],
  ['usages that may be ignored', 'key-usages', uncritical(identifiers.keyUsage)],
  ['a use too many', 'extended-key-usages', candidate, profiled({ extendedKeyUsages: [] })],
  [
    'another use',
    'extended-key-usages',
    candidate,
    profiled({ extendedKeyUsages: ['serverAuth'] }),
  ],
  ['other alternative names', 'names-as-asked', candidate, uri('urn:wardgate:device:oxi-13')],
  [
    'an alternative name too few',
    'names-as-asked',
    candidate,
    { ...order, alternativeNames: [...order.alternativeNames, { kind: 'dns', value: 'a' }] },
  ],
  [
    'a policy nobody asked for',
    'extensions',
    withFields({
      extensions: new Map([
        ...extensions,
        ['2.5.29.32', extensions.get(identifiers.keyUsage) ?? expect.unreachable()],
      ]),
    }),
  ],
];

it.each(badCertificates)(
  'refuses to sign %s by %s',
  (_, lint, bad, asked = order, above = issuer) => {
    expect(lintCertificate(bad, asked, above).map((finding) => finding.lint)).toContain(lint);
  },
);

it('signs nothing in which the lint found something', async () => {
  // A usage named twice is one bit in a certificate, so what is built cannot be what was asked.
  const twice = profiled({ keyUsages: ['digitalSignature', 'digitalSignature'] });
  expect(lintOrder(twice, issuer)).toEqual([]);
  await expect(authority.issue({ ...twice, key })).rejects.toMatchObject({
    code: 'certificate-refused',
    message: expect.stringContaining('key-usages: '),
  });
});

it('has a bad case for every lint', () => {
  const tried = new Set([...badOrders, ...badCertificates].map(([, lint]) => lint));
  // Unreadable bytes are the reader's own test.
  expect([...tried, 'unreadable'].sort()).toEqual(Object.keys(lints).sort());
});

it('never lets a name into a certificate as anything but itself', async () => {
  const names = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('a', 'Z', '9', '.', '-', '+', '#', '/', ',', '=', ' ') }),
    fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/),
  );
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      const isName = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,63})$/.test(name);
      const issued = authority.issue({ ...named(name), key });
      if (!isName) {
        await expect(issued).rejects.toMatchObject({ code: 'certificate-refused' });
        return;
      }
      const certificate = new X509Certificate((await issued).certificatePem);
      expect(certificate.subject).toBe(`CN=${name}`);
      expect(certificate.subjectAltName).toBe(`URI:urn:wardgate:device:${name}`);
    }),
    { numRuns: 300 },
  );
});

function candidateOf(pem: string): Candidate {
  const certificate = new X509Certificate(pem);
  return {
    fields: readCertificate(certificate.raw),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

function issuerOf({ fields, notBefore, notAfter }: Candidate): Issuer {
  return {
    name: fields.subject,
    keyIdentifier: keyIdentifier(fields.publicKey),
    pathLength: 0,
    notBefore,
    notAfter,
  };
}
