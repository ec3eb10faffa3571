import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import hospitalServer from '../../certs/hospital-server.ts';
import rootAuthority from '../../certs/root-authority.ts';
import type { GivenRelay } from '../config.ts';
import {
  type FhirFault,
  type FhirHospital,
  type FhirHospitalOptions,
  startFhirHospital,
} from '../hospital/fhir-hospital.ts';
import { type Hl7Fault, startHl7Hospital } from '../hospital/hl7-hospital.ts';
import { createAuthority } from '../pki/authority.ts';
import { generateKey } from '../pki/keys.ts';
import { hostNames } from '../pki/names.ts';
import type { StoredObservation } from './ledger.ts';

const host = '127.0.0.1';
/** Long enough to hold a batch back, short enough for a demonstration. */
const slowMs = 1_500;
const timeoutMs = 1_000;

/** A FHIR server of a hospital with an authority of its own, which is written to `caPath`. */
export async function startHospital(
  caPath: string,
  now: number,
  options: Pick<FhirHospitalOptions, 'record' | 'resourcesMax'> = {},
): Promise<FhirHospital> {
  return startFhirHospital({ ...(await makeCertificate(caPath, now)), host, slowMs, ...options });
}

/** Where released data goes, and what the other side has of it. */
export interface Destination {
  readonly relay: string;
  /** Its entry of the settings. */
  readonly settings: GivenRelay;
  /** What listens where, for people. */
  readonly address: string;
  readonly stored: ReadonlyMap<string, StoredObservation>;
  /** In observations. */
  readonly counts: { readonly stored: number };
  /** The ways it can fail without refusing anything for good. */
  readonly faults: readonly string[];
  setFault(fault: string): void;
  close(): Promise<void>;
}

/** A hospital's FHIR server and its HL7 v2 receiver, of one certificate. */
export async function startDestinations(
  caPath: string,
  now: number,
): Promise<readonly Destination[]> {
  const tls = await makeCertificate(caPath, now);
  const ca = basename(caPath);
  const fhir = await startFhirHospital({ ...tls, host, slowMs });
  const hl7 = await startHl7Hospital({ ...tls, host, lateMs: slowMs });
  return [
    {
      ...fhir,
      relay: 'hospital',
      settings: { id: 'hospital', use: 'fhir', url: fhir.url, ca, timeoutMs },
      address: `FHIR R4 on ${fhir.url}`,
      faults: fhirFaults,
      setFault: (fault) => fhir.setFault(fault as FhirFault),
    },
    {
      ...hl7,
      relay: 'hl7',
      settings: { id: 'hl7', use: 'hl7v2', host, port: hl7.port, ca, timeoutMs },
      address: `HL7 v2.6 by MLLP over TLS on ${host}:${hl7.port}`,
      faults: hl7Faults,
      setFault: (fault) => hl7.setFault(fault as Hl7Fault),
    },
  ];
}

const fhirFaults: readonly FhirFault[] = [
  'down',
  '500',
  'cut-after-store',
  'html',
  'slow',
  'truncated',
  '503-retry-after',
];
const hl7Faults: readonly Hl7Fault[] = [
  'down',
  'AE-207',
  'cut-after-store',
  'junk',
  'late',
  'wrong-id',
  'double',
  'deaf',
];

async function makeCertificate(caPath: string, now: number) {
  const authority = await createAuthority({
    profile: rootAuthority,
    commonName: 'Simulated hospital authority',
    now,
  });
  const { privateKeyPem, publicKey } = await generateKey('ecdsa-p256');
  const { chainPem } = await authority.issue({
    profile: hospitalServer,
    commonName: host,
    alternativeNames: hostNames([host]),
    key: { publicKey },
    now,
  });
  writeFileSync(caPath, authority.certificatePem);
  return { key: privateKeyPem, cert: chainPem };
}
