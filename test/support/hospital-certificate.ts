import hospitalServer from '../../certs/hospital-server.ts';
import rootAuthority from '../../certs/root-authority.ts';
import { createAuthority } from '../../gateway/pki/authority.ts';
import { generateKey } from '../../gateway/pki/keys.ts';
import { hostNames } from '../../gateway/pki/names.ts';

export interface ServerCertificate {
  readonly key: string;
  /** The certificate with its chain. */
  readonly cert: string;
  /** Who signed it. */
  readonly ca: string;
}

/** A hospital's own authority and a server certificate of it. PEM. */
export async function makeHospitalCertificate(host = '127.0.0.1'): Promise<ServerCertificate> {
  const now = Date.now();
  const profile = rootAuthority;
  const authority = await createAuthority({ profile, commonName: 'Hospital Root', now });
  const key = await generateKey('ecdsa-p256');
  const issued = await authority.issue({
    profile: hospitalServer,
    commonName: host,
    alternativeNames: hostNames([host]),
    key,
    now,
  });
  return { key: key.privateKeyPem, cert: issued.chainPem, ca: authority.certificatePem };
}
