import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** The process that runs the site’s flows; joined to the gateway as a client only. */
export default defineCertificateProfile({
  id: 'flow',
  validityDays: 30,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['clientAuth'],
  alternativeNames: ['uri'],
  uriPrefix: 'urn:wardgate:flow:',
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
