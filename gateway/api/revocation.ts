import { z } from 'zod';
import { answerBytes, defineRoute, type Route } from './route.ts';

/** What others ask about certificates of the site. Everything as DER. */
export interface RevocationOptions {
  readonly issuingList: () => Promise<Uint8Array>;
  readonly rootList: () => Uint8Array;
  readonly ocsp: (request: Uint8Array) => Promise<Uint8Array>;
}

const listType = 'application/pkix-crl';
const ocspType = 'application/ocsp-response';
const ocspBytesMax = 4_096;

/** Revocation lists (RFC 5280) and a responder for the status of one certificate (RFC 6960). */
export function revocationRoutes(options: RevocationOptions): readonly Route[] {
  const { issuingList, rootList, ocsp } = options;
  return [
    defineRoute({
      method: 'GET',
      path: '/pki/issuing-authority.crl',
      action: 'trust.read',
      summary: 'Certificates the site revoked; a new list at once after each revocation.',
      handle: async () => answerBytes(listType, await issuingList()),
    }),
    defineRoute({
      method: 'GET',
      path: '/pki/root-authority.crl',
      action: 'trust.read',
      summary: 'The root’s own list, for clients that check every authority of a chain.',
      handle: () => answerBytes(listType, rootList()),
    }),
    defineRoute({
      method: 'POST',
      path: '/pki/ocsp',
      action: 'trust.read',
      summary: 'The status of certificates (RFC 6960, A.1).',
      takes: ['application/ocsp-request'],
      body: z
        .instanceof(Uint8Array)
        .refine((bytes) => bytes.length <= ocspBytesMax, `more than ${ocspBytesMax} bytes`),
      handle: async ({ body }) => answerBytes(ocspType, await ocsp(body)),
    }),
    defineRoute({
      method: 'GET',
      path: '/pki/ocsp/:request',
      action: 'trust.read',
      summary: 'The same for a short request in base64, in the address.',
      parameters: z.strictObject({ request: z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/) }),
      handle: async ({ parameters }) =>
        answerBytes(ocspType, await ocsp(Buffer.from(parameters.request, 'base64'))),
    }),
  ];
}
