import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** A bedside device that enrols and renews by itself (EST): what is stolen of it is soon worthless. */
export default defineCertificateProfile({
  id: 'enrolled-device',
  validityDays: 90,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['clientAuth'],
  alternativeNames: ['uri'],
  uriPrefix: 'urn:wardgate:device:',
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
