import { isIP, isIPv4, SocketAddress } from 'node:net';
import type { CertificateProfile } from '../core/certificate-profile.ts';
import { DeviceId } from '../core/device.ts';

/** A subject alternative name (RFC 5280 4.2.1.6). */
export interface AlternativeName {
  readonly kind: 'dns' | 'ip' | 'uri';
  readonly value: string;
}

/** The most alternative names one certificate may carry. */
const alternativeNamesMax = 32;

/** Names of a server from what an administrator typed: DNS names in lower case, or IP addresses. */
export function hostNames(hosts: readonly string[]): readonly AlternativeName[] {
  const names = hosts.map((host): AlternativeName => {
    if (isIP(host) !== 0 && !host.includes('%')) return { kind: 'ip', value: plainAddress(host) };
    return { kind: 'dns', value: host.toLowerCase() };
  });
  return names.filter(
    ({ kind, value }, index) =>
      names.findIndex((name) => name.kind === kind && name.value === value) === index,
  );
}

/** Says what is wrong with a common name, or undefined. */
export function commonNameFault(
  commonName: string,
  profile: CertificateProfile,
  alternativeNames: readonly AlternativeName[],
): string | undefined {
  // In the topic patterns of other brokers `+` and `#` are wildcards and `/` is a separator; NUL
  // ends a string early; anything else outside this list may look like another letter.
  if (!/^[A-Za-z0-9:](?:[A-Za-z0-9 ._:-]{0,62}[A-Za-z0-9.:-])?$/.test(commonName))
    return 'it must be 1 to 64 letters, digits, spaces, and . _ : -';
  if (profile.uriPrefix !== undefined && !DeviceId.safeParse(commonName).success)
    return 'it must be letters, digits, dot and hyphen';
  const isHost = profile.alternativeNames.some((kind) => kind !== 'uri');
  if (isHost && !alternativeNames.some(({ value }) => value === commonName))
    return 'it must be one of the alternative names';
  return undefined;
}

/** Says what is wrong with the alternative names, or undefined. */
export function alternativeNamesFault(
  names: readonly AlternativeName[],
  profile: CertificateProfile,
  commonName: string,
): string | undefined {
  if (names.length > alternativeNamesMax) return `more than ${alternativeNamesMax}`;
  if (names.length === 0 && profile.alternativeNames.length > 0) return 'none at all';
  if (new Set(names.map(({ kind, value }) => `${kind}:${value}`)).size < names.length)
    return 'one stands there twice';
  const stranger = names.find(({ kind }) => !profile.alternativeNames.includes(kind));
  if (stranger !== undefined) return `${stranger.kind} is not of this kind of certificate`;
  const bad = names.find((name) => !isWellFormed(name));
  if (bad !== undefined) return `${JSON.stringify(bad.value)} is no ${bad.kind} name`;
  const { uriPrefix } = profile;
  if (uriPrefix !== undefined && names.some(({ value }) => value !== uriPrefix + commonName))
    return `the URI must be ${uriPrefix}${commonName}`;
  return undefined;
}

/** An address in the one text form that both sides of a comparison use (RFC 5952). */
export function plainAddress(address: string): string {
  return new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address;
}

/** RFC 1123 2.1 labels, no wildcard, and a last label that keeps it from being an address. */
const dnsName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function isWellFormed({ kind, value }: AlternativeName): boolean {
  switch (kind) {
    case 'dns':
      return dnsName.test(value);
    case 'ip':
      // A zone id belongs to one machine's own view of the network (RFC 6874 1).
      return isIP(value) !== 0 && !value.includes('%') && plainAddress(value) === value;
    case 'uri':
      return /^urn:[a-z0-9-]{2,32}:[A-Za-z0-9.:-]{1,128}$/.test(value);
  }
}
