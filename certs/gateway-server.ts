import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** The gateway's own MQTT and HTTPS servers. 397 days is what browsers accept of a site's own PKI. */
export default defineCertificateProfile({
  id: 'gateway-server',
  validityDays: 397,
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['serverAuth'],
  alternativeNames: ['dns', 'ip'],
  keyAlgorithms: ['ecdsa-p256', 'rsa-2048', 'rsa-3072'],
});
