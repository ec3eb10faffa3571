import { X509Certificate } from 'node:crypto';
import { certificatesOf } from '../pki/chain.ts';
import type { SitePki } from '../pki/site-pki.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';

/** One certificate, and how long it is good. */
export interface Expiry {
  /** `authority`, `gateway-server`, or a file name of certs/. */
  readonly kind: string;
  readonly subject: string;
  /** Upper-case hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number;
  readonly state: 'good' | 'soon' | 'expired';
}

const dayMs = 86_400_000;
/** Another authority takes planning: a year ahead. What lives 90 days or less is late below ten. */
const soonDays: Readonly<Record<string, number>> = {
  authority: 365,
  'gateway-server': 10,
  'enrolled-device': 10,
  consumer: 10,
  'relay-client': 10,
  operator: 10,
  flow: 10,
};
const soonDaysElse = 30;

/** What expires when, the first first: authorities, the gateway’s own, and those it issued. */
export function forecastExpiry(
  pki: SitePki,
  issued: readonly RegisteredCertificate[],
  now: number,
): readonly Expiry[] {
  const own = [
    ...certificatesOf(pki.authoritiesPem).map((pem) => ['authority', pem] as const),
    ['gateway-server', pki.server.cert] as const,
  ].map(([kind, pem]) => {
    const { subject, serialNumber, validToDate } = new X509Certificate(pem);
    const name = subject.replace(/^CN=/, '');
    return { kind, subject: name, serialNumber, notAfter: validToDate.getTime() };
  });
  const others = issued.map(({ kind, subject, serialNumber, notAfter }) => ({
    kind,
    subject,
    serialNumber,
    notAfter,
  }));
  return [...own, ...others]
    .map((each) => {
      const daysLeft = Math.floor((each.notAfter - now) / dayMs);
      return { ...each, daysLeft, state: stateOf(each.kind, daysLeft) };
    })
    .sort((a, b) => a.notAfter - b.notAfter);
}

function stateOf(kind: string, daysLeft: number): Expiry['state'] {
  if (daysLeft < 0) return 'expired';
  return daysLeft < (soonDays[kind] ?? soonDaysElse) ? 'soon' : 'good';
}
