import device from '../../certs/device.ts';
import hospitalServer from '../../certs/hospital-server.ts';
import rootAuthority from '../../certs/root-authority.ts';
import type { CertificateProfile } from '../../gateway/core/certificate-profile.ts';
import { createAuthority } from '../../gateway/pki/authority.ts';
import { generateKey } from '../../gateway/pki/keys.ts';
import { type AlternativeName, hostNames } from '../../gateway/pki/names.ts';

export interface TestCertificate {
  readonly key: string;
  /** The certificate with its chain. */
  readonly cert: string;
  /** Who signed it. */
  readonly ca: string;
}

/** An authority of its own and a client certificate of it. PEM. */
export async function makeClientCertificate(id = 'gateway-1'): Promise<TestCertificate> {
  return issueAlone(device, id, [{ kind: 'uri', value: `${device.uriPrefix}${id}` }]);
}

/** A hospital's own authority and a server certificate of it. PEM. */
export async function makeHospitalCertificate(host = '127.0.0.1'): Promise<TestCertificate> {
  return issueAlone(hospitalServer, host, hostNames([host]));
}

async function issueAlone(
  profile: CertificateProfile,
  commonName: string,
  alternativeNames: readonly AlternativeName[],
): Promise<TestCertificate> {
  const now = Date.now();
  const root = { profile: rootAuthority, commonName: 'Test Root', now };
  const authority = await createAuthority(root);
  const key = await generateKey('ecdsa-p256');
  const issued = await authority.issue({ profile, commonName, alternativeNames, key, now });
  return { key: key.privateKeyPem, cert: issued.chainPem, ca: authority.certificatePem };
}
