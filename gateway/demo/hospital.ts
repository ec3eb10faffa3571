import { writeFileSync } from 'node:fs';
import hospitalServer from '../../certs/hospital-server.ts';
import rootAuthority from '../../certs/root-authority.ts';
import { type FhirHospital, startFhirHospital } from '../hospital/fhir-hospital.ts';
import { createAuthority } from '../pki/authority.ts';
import { generateKey } from '../pki/keys.ts';
import { hostNames } from '../pki/names.ts';

const host = '127.0.0.1';
/** Long enough to hold a batch back, short enough for a demonstration. */
const slowMs = 1_500;

/** A hospital with an authority of its own, written to `caPath` for those who shall trust it. */
export async function startHospital(caPath: string, now: number): Promise<FhirHospital> {
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
  return startFhirHospital({ key: privateKeyPem, cert: chainPem, host, slowMs });
}
