import { z } from 'zod';
import type { RelayContext } from './relay.ts';
import { tlsPolicy } from './tls-policy.ts';

/** A destination’s base address. What it is told must not leak by the address it is told at. */
export const httpsUrl = z.url({ protocol: /^https$/ }).refine((text) => {
  const { username, password, search, hash } = new URL(text);
  return username + password + search + hash === '';
}, 'no credentials, query or fragment');

/** How a destination proves who it is, and the gateway to it: options of every relay over TLS. */
export const tlsOptions = {
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file in the site directory: who signs the server. Default: public roots.'),
  clientCertificate: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file in the site directory, with its chain: mutual TLS.'),
  clientKey: z.string().min(1).optional().describe('PEM file of the client certificate’s key.'),
};

interface TlsOptions {
  readonly ca?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
}

export function isKeyWithCertificate({ clientCertificate, clientKey }: TlsOptions): boolean {
  return (clientCertificate === undefined) === (clientKey === undefined);
}

export const keyWithCertificate = 'clientCertificate and clientKey belong together';

/** PEM, read from the site directory. */
export interface TlsMaterial {
  /** Who signs the server. Public roots when left out. */
  readonly ca?: string | Buffer | undefined;
  readonly certificate?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** How every client of the hospital's connects: as `node:tls` takes it. */
export function clientTls({ ca, certificate, key }: TlsMaterial) {
  return {
    ...tlsPolicy,
    // Said aloud, so that no environment variable can turn it off.
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
  };
}

/** @throws GatewayError when a file is missing, or others may read the key. */
export function readTlsMaterial(
  { ca, clientCertificate, clientKey }: TlsOptions,
  { readFile, readSecret }: RelayContext,
): TlsMaterial {
  return {
    ...(ca !== undefined && { ca: readFile(ca) }),
    ...(clientCertificate !== undefined && { certificate: readFile(clientCertificate) }),
    ...(clientKey !== undefined && { key: readSecret(clientKey) }),
  };
}
