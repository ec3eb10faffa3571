import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/**
 * A bedside device that was given its key: its common name is its MQTT client id. RSA for devices
 * that know nothing else.
 */
export default defineCertificateProfile({
  id: 'device',
  validityDays: 397,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['clientAuth'],
  alternativeNames: ['uri'],
  uriPrefix: 'urn:wardgate:device:',
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
