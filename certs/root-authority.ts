import { defineCertificateProfile } from '../gateway/core/certificate-profile.ts';

/** The site's anchor of trust. Its key is needed only to make another issuing authority. */
export default defineCertificateProfile({
  id: 'root-authority',
  isAuthority: true,
  pathLength: 1,
  validityDays: 3_653,
  keyUsages: ['keyCertSign', 'cRLSign'],
  keyAlgorithms: ['ecdsa-p256'],
});
