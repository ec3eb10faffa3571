import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** The gateway itself, to a destination that asks for a client certificate. */
export default defineCertificateProfile({
  id: 'relay-client',
  validityDays: 90,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['clientAuth'],
  alternativeNames: ['uri'],
  uriPrefix: 'urn:wardgate:relay-client:',
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
