import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** Signs every certificate of the site's daily life, and no further authority. */
export default defineCertificateProfile({
  id: 'issuing-authority',
  isAuthority: true,
  pathLength: 0,
  validityDays: 1_826,
  keyUsages: ['keyCertSign', 'cRLSign'],
  keyAlgorithms: ['ecdsa-p256'],
});
