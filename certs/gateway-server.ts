import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** The gateway's own MQTT and HTTPS servers. It renews by itself, also after a long time without power. */
export default defineCertificateProfile({
  id: 'gateway-server',
  validityDays: 90,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['serverAuth'],
  alternativeNames: ['dns', 'ip'],
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
