import {
  createCipheriv,
  createHmac,
  createPrivateKey,
  pbkdf2,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { GatewayError } from '../core/error.ts';

/** Rounds of key derivation, for the contents and for the code that protects the whole. */
const iterations = 100_000;
const saltBytes = 16;
/** The password is what protects the private key on its way; a short one can be guessed. */
const passwordLengthMin = 12;
const passwordLengthMax = 128;
/** The most certificates of a chain. */
const certificatesMax = 8;

/**
 * Key, certificate and chain as one PKCS#12 file (RFC 7292): both parts encrypted with AES-256-CBC
 * under PBKDF2 with HMAC-SHA-256 (PBES2), the whole protected by HMAC-SHA-256. No RC2, 3DES or
 * SHA-1: a device that reads only those cannot read it. Keys of every algorithm we issue for.
 *
 * @param chainPem the certificate and its authorities, as IssuedCertificate has it; the root may
 * follow. Certificates that stand there twice are written once.
 * @throws GatewayError `usage` for a password that is too short, too long, or not printable ASCII,
 * which readers of this format encode differently; `certificate-refused` when the key is not the
 * certificate's.
 */
export async function toPkcs12({
  privateKeyPem,
  certificatePem,
  chainPem,
  password,
}: {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly chainPem: string;
  readonly password: string;
}): Promise<Buffer> {
  requirePassword(password);
  const own = new X509Certificate(certificatePem);
  const privateKey = createPrivateKey(privateKeyPem);
  if (!own.checkPrivateKey(privateKey))
    throw new GatewayError('certificate-refused', 'public-key: the key is another one’s');
  const others = readChain(chainPem).filter((other) => other.fingerprint256 !== own.fingerprint256);
  const attributes = bagAttributes(own);
  const certificates = sequence(
    certificateBag(own, attributes),
    ...others.map((other) => certificateBag(other)),
  );
  const keyInfo = privateKey.export({ type: 'pkcs8', format: 'der' });
  const shrouded = await encrypt(keyInfo, password);
  const keyBag = sequence(
    oid(ids.shroudedKeyBag),
    context(0, sequence(shrouded.algorithm, octets(shrouded.ciphertext))),
    attributes,
  );
  const contents = bytesOf(
    sequence(
      await encryptedContent(bytesOf(certificates), password),
      content(bytesOf(sequence(keyBag))),
    ),
  );
  return bytesOf(sequence(integer(3), content(contents), protection(contents, password)));
}

const { asn1 } = forge;
type Asn1 = forge.asn1.Asn1;

const deriveKey = promisify(pbkdf2);

const ids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

function requirePassword(password: string): void {
  const isFit =
    password.length >= passwordLengthMin &&
    password.length <= passwordLengthMax &&
    /^[\x20-\x7e]+$/.test(password);
  if (!isFit)
    throw new GatewayError(
      'usage',
      `a password of ${passwordLengthMin} to ${passwordLengthMax} printable ASCII characters`,
    );
}

function readChain(pem: string): readonly X509Certificate[] {
  const blocks =
    pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > certificatesMax)
    throw new GatewayError('usage', `more than ${certificatesMax} certificates`);
  const found = new Map(
    blocks.map((block) => new X509Certificate(block)).map((one) => [one.fingerprint256, one]),
  );
  return [...found.values()];
}

/** RFC 7292 4.2.3. */
function certificateBag(certificate: X509Certificate, attributes?: Asn1): Asn1 {
  const value = sequence(oid(ids.x509Certificate), context(0, octets(certificate.raw)));
  const bag = [oid(ids.certificateBag), context(0, value)];
  return sequence(...bag, ...(attributes === undefined ? [] : [attributes]));
}

/** Says which certificate is the key's (RFC 2985 5.5.2). */
function bagAttributes(certificate: X509Certificate): Asn1 {
  const id = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex');
  return set(sequence(oid(ids.localKeyId), set(octets(id))));
}

/** RFC 8018 6.2, PBES2. */
async function encrypt(plain: Uint8Array, password: string) {
  const salt = randomBytes(saltBytes);
  const iv = randomBytes(16);
  const key = await deriveKey(password, salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  const derivation = sequence(
    oid(ids.pbkdf2),
    sequence(octets(salt), integer(iterations), sequence(oid(ids.hmacWithSha256), nothing())),
  );
  const scheme = sequence(oid(ids.aes256Cbc), octets(iv));
  return { algorithm: sequence(oid(ids.pbes2), sequence(derivation, scheme)), ciphertext };
}

/** RFC 2315 10 (ContentInfo of data). */
function content(bytes: Uint8Array): Asn1 {
  return sequence(oid(ids.data), context(0, octets(bytes)));
}

/** RFC 2315 13 (ContentInfo of encrypted data). */
async function encryptedContent(bytes: Uint8Array, password: string): Promise<Asn1> {
  const { algorithm, ciphertext } = await encrypt(bytes, password);
  const hidden = asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, false, binary(ciphertext));
  const info = sequence(oid(ids.data), algorithm, hidden);
  return sequence(oid(ids.encryptedData), context(0, sequence(integer(0), info)));
}

/** RFC 7292 4 (MacData); the key is derived as its appendix B says, with id 3 for integrity. */
function protection(bytes: Uint8Array, password: string): Asn1 {
  const salt = randomBytes(saltBytes);
  const saltBuffer = forge.util.createBuffer(binary(salt));
  const digest = forge.md.sha256.create();
  const key = forge.pkcs12.generateKey(password, saltBuffer, 3, iterations, 32, digest);
  const code = createHmac('sha256', Buffer.from(key.getBytes(), 'binary')).update(bytes).digest();
  const algorithm = sequence(oid(ids.sha256), nothing());
  return sequence(sequence(algorithm, octets(code)), octets(salt), integer(iterations));
}

function sequence(...members: readonly Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [...members]);
}

function set(...members: readonly Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [...members]);
}

function context(tag: number, member: Asn1): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [member]);
}

function oid(id: string): Asn1 {
  return primitive(asn1.Type.OID, asn1.oidToDer(id).getBytes());
}

function integer(value: number): Asn1 {
  return primitive(asn1.Type.INTEGER, asn1.integerToDer(value).getBytes());
}

function octets(bytes: Uint8Array): Asn1 {
  return primitive(asn1.Type.OCTETSTRING, binary(bytes));
}

function nothing(): Asn1 {
  return primitive(asn1.Type.NULL, '');
}

function primitive(type: forge.asn1.Type, value: string): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, value);
}

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('binary');
}

function bytesOf(element: Asn1): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), 'binary');
}
