import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** A person with a certificate on a card or in a browser. */
export default defineCertificateProfile({
  id: 'operator',
  validityDays: 30,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['clientAuth'],
  alternativeNames: ['uri'],
  uriPrefix: 'urn:wardgate:operator:',
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
