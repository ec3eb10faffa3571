import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** The simulated hospital's HTTPS and MLLP servers, under an authority of their own. */
export default defineCertificateProfile({
  id: 'hospital-server',
  validityDays: 30,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['serverAuth'],
  alternativeNames: ['dns', 'ip'],
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
