import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** A program that reads what the gateway releases; never a device. */
export default defineCertificateProfile({
  id: 'consumer',
  validityDays: 90,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['clientAuth'],
  alternativeNames: ['uri'],
  uriPrefix: 'urn:wardgate:consumer:',
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
