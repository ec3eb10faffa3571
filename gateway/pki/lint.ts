import type { KeyObject } from 'node:crypto';
import type { CertificateProfile } from '../core/certificate-profile.ts';
import {
  type CertificateFields,
  identifiers,
  readAlternativeNames,
  readBasicConstraints,
  readExtendedKeyUsages,
  readKeyIdentifier,
  readKeyUsages,
} from './certificate-fields.ts';
import { keyAlgorithmOf, keyIdentifier, publicKeyBytes } from './keys.ts';
import { type AlternativeName, alternativeNamesFault, commonNameFault } from './names.ts';
import type { CertificateRequest } from './request.ts';
import { ecdsaWithSha256 } from './signature.ts';
import { weaknessOf } from './weak-key.ts';

/** Every reason for which a certificate is not signed. */
export const lints = {
  unreadable: 'The request or the certificate is not DER of the right shape.',
  'common-name': 'The name does not fit its kind of certificate.',
  'alternative-names': 'The alternative names do not fit the kind of certificate or the name.',
  'request-name': 'The request names somebody else.',
  'request-authority': 'The request asks to become an authority.',
  'request-signature': 'Whoever asks does not prove that the key is theirs.',
  'key-algorithm': 'The key is of an algorithm, curve or size that the profile does not allow.',
  'key-weak': 'The key can be guessed.',
  'issuer-expired': 'The issuer is not valid now.',
  'issuer-path': 'The issuer may not issue an authority.',
  version: 'It is not an X.509 v3 certificate.',
  'serial-number': 'The serial number is negative, short or over 20 octets.',
  'signature-algorithm': 'It is not signed by ECDSA with SHA-256, inside and outside alike.',
  subject: 'The subject is not the name asked for, or more than it.',
  issuer: 'The issuer’s name or key identifier is not the issuer’s.',
  validity: 'It lives longer than its profile or its issuer, or not now.',
  'public-key': 'It is not the key asked for.',
  'basic-constraints': 'It says something else than the profile about being an authority.',
  'key-usages': 'The key usages are not exactly the profile’s.',
  'extended-key-usages': 'The extended key usages are not exactly the profile’s.',
  'names-as-asked': 'The alternative names are not exactly those asked for.',
  'subject-key': 'The subject key identifier is not that of the key.',
  extensions: 'It carries an extension that no profile asks for.',
} as const satisfies Record<string, string>;

export type LintId = keyof typeof lints;

export interface LintFinding {
  readonly lint: LintId;
  readonly detail: string;
}

/** What is asked for, by whom it may be asked, and when. */
export interface Order {
  readonly profile: CertificateProfile;
  readonly commonName: string;
  readonly alternativeNames: readonly AlternativeName[];
  readonly publicKey: KeyObject;
  /** Present when the key came in a certification request. */
  readonly request?: CertificateRequest | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a certificate must agree with above it. A root is its own issuer. */
export interface Issuer {
  /** Distinguished name as DER. */
  readonly name: Uint8Array;
  /** Hexadecimal. */
  readonly keyIdentifier: string;
  readonly pathLength: number | undefined;
  /** Milliseconds since the epoch, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A certificate as read from its bytes, with the times that node:crypto reads in it. */
export interface Candidate {
  readonly fields: CertificateFields;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Looks at the order alone: nothing is built from one that has a finding. */
export function lintOrder(order: Order, issuer?: Issuer): readonly LintFinding[] {
  const { profile, commonName, alternativeNames, publicKey, request, now } = order;
  const algorithm = keyAlgorithmOf(publicKey);
  const isAllowed = algorithm !== undefined && profile.keyAlgorithms.includes(algorithm);
  return findings(
    ['common-name', commonNameFault(commonName, profile, alternativeNames)],
    ['alternative-names', alternativeNamesFault(alternativeNames, profile, commonName)],
    ['key-algorithm', !isAllowed && `it must be ${profile.keyAlgorithms.join(' or ')}`],
    // A key of unknown size is not worked with: arithmetic on it could take minutes.
    ['key-weak', isAllowed && weaknessOf(publicKey)],
    ...(request === undefined ? [] : requestFaults(request, order, isAllowed)),
    [
      'issuer-expired',
      issuer !== undefined && (now < issuer.notBefore || now > issuer.notAfter) && 'not valid now',
    ],
    ['issuer-path', profile.isAuthority && issuer?.pathLength === 0 && 'its path length is 0'],
  );
}

/** Looks at the certificate that is about to be signed with the real key. */
export function lintCertificate(
  { fields, notBefore, notAfter }: Candidate,
  order: Order,
  issuer: Issuer,
): readonly LintFinding[] {
  const { profile, commonName, publicKey, now } = order;
  const key = publicKeyBytes(publicKey);
  const [only, ...others] = fields.subjectAttributes;
  const isSubject =
    only?.type === identifiers.commonName && only.value === commonName && others.length === 0;
  const isIssuer =
    same(fields.issuer, issuer.name) &&
    keyIdentifierIn(fields, identifiers.authorityKeyIdentifier) === issuer.keyIdentifier;
  const lifeMs = notAfter - notBefore + 1_000;
  const isInTime =
    lifeMs <= profile.validityDays * 86_400_000 &&
    notBefore >= issuer.notBefore &&
    notAfter <= issuer.notAfter &&
    notBefore <= now &&
    now <= notAfter;
  const isSigned = fields.signatureAlgorithms.every((id) => id === ecdsaWithSha256);
  const isOwnKey = keyIdentifierIn(fields, identifiers.subjectKeyIdentifier) === keyIdentifier(key);
  return findings(
    ['version', fields.version !== 3 && `version ${fields.version}`],
    ['serial-number', serialNumberFault(fields.serialNumber)],
    ['signature-algorithm', !isSigned && fields.signatureAlgorithms.join(' and ')],
    ['subject', !isSubject && `not CN = ${commonName} alone`],
    ['issuer', !isIssuer && 'name or key identifier differs'],
    ['validity', !isInTime && `${lifeMs} ms from ${new Date(notBefore).toISOString()}`],
    ['public-key', !same(fields.publicKey, key) && 'another key'],
    ['subject-key', !isOwnKey && 'another key'],
    ...extensionFaults(fields, order),
  );
}

/** The fewest bits of a serial number (Baseline Requirements 7.1), and the most octets (RFC 5280 4.1.2.2). */
const serialNumberBitsMin = 64;
const serialNumberOctetsMax = 20;

const extendedKeyUsageIds = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

type Check = readonly [lint: LintId, detail: string | false | undefined];

function findings(...checks: readonly Check[]): readonly LintFinding[] {
  return checks.flatMap(([lint, detail]) =>
    detail === false || detail === undefined ? [] : [{ lint, detail }],
  );
}

function requestFaults(request: CertificateRequest, order: Order, isAllowed: boolean): Check[] {
  const { commonNames, alternativeNames, asksForAuthority } = request;
  // An empty subject leaves the naming to us; any other must be the one that was registered.
  const isOwnName = commonNames.every((name) => name === order.commonName);
  const isOwnNames = alternativeNames.every(({ kind, value }) =>
    order.alternativeNames.some((name) => name.kind === kind && name.value === value),
  );
  return [
    ['request-name', (!isOwnName || commonNames.length > 1) && 'its common name is another'],
    ['request-name', !isOwnNames && 'it asks for an alternative name that is not its own'],
    ['request-authority', asksForAuthority && 'basic constraints CA:TRUE'],
    ['request-signature', isAllowed && !request.isProven() && 'it does not verify'],
  ];
}

function extensionFaults(fields: CertificateFields, { profile, alternativeNames }: Order): Check[] {
  const extension = (id: string) => fields.extensions.get(id);
  const constraints = extension(identifiers.basicConstraints);
  const usages = extension(identifiers.keyUsage);
  const extended = extension(identifiers.extendedKeyUsage);
  const names = extension(identifiers.subjectAltName);
  const said = constraints && readBasicConstraints(constraints.value);
  const asked = profile.extendedKeyUsages.map((usage) => extendedKeyUsageIds[usage]);
  const isConstrained =
    constraints?.isCritical === true &&
    said?.isAuthority === profile.isAuthority &&
    said.pathLength === profile.pathLength;
  const isUsed =
    usages?.isCritical === true && sameSet(readKeyUsages(usages.value), profile.keyUsages);
  const isExtended = sameSet(extended ? readExtendedKeyUsages(extended.value) : [], asked);
  const isNamed = sameSet(
    names ? readAlternativeNames(names.value).map(nameText) : [],
    alternativeNames.map(nameText),
  );
  const known: readonly string[] = Object.values(identifiers);
  const stranger = [...fields.extensions.keys()].find((id) => !known.includes(id));
  return [
    ['basic-constraints', !isConstrained && 'not as the profile says, or not critical'],
    ['key-usages', !isUsed && 'not as the profile says, or not critical'],
    ['extended-key-usages', !isExtended && 'not as the profile says'],
    ['names-as-asked', !isNamed && 'not as asked'],
    ['extensions', stranger],
  ];
}

function serialNumberFault(octets: Uint8Array): string | undefined {
  if ((octets[0] ?? 0x80) >= 0x80) return 'negative';
  if (octets.length > serialNumberOctetsMax) return `${octets.length} octets`;
  const bits = BigInt(`0x${Buffer.from(octets).toString('hex')}`).toString(2).length;
  return bits < serialNumberBitsMin ? `${bits} bits` : undefined;
}

function keyIdentifierIn(fields: CertificateFields, id: string): string | undefined {
  return readKeyIdentifier(fields.extensions.get(id)?.value);
}

function nameText({ kind, value }: AlternativeName): string {
  return `${kind}:${value}`;
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item) => right.includes(item));
}
