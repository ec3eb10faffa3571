import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../core/error.ts';
import { createOneTimePassword } from '../pki/password.ts';
import { toPkcs12 } from '../pki/pkcs12.ts';

/** A certificate whose key was made here, with what its owner needs to know the gateway by. */
interface CertificateBundle {
  /** Names the files. */
  readonly id: string;
  readonly certificatePem: string;
  readonly chainPem: string;
  readonly privateKeyPem?: string | undefined;
  readonly rootPem: string;
}

/**
 * Writes them for somebody to take away. Keys only the owner may read; an existing file is never
 * overwritten. Returns the path of each, and the one-time password of a PKCS#12 file.
 *
 * @throws GatewayError `usage` when a file cannot be written.
 */
export async function writeCertificateFiles(
  { id, certificatePem, chainPem, privateKeyPem = '', rootPem }: CertificateBundle,
  { out, format }: { readonly out: string; readonly format: 'pem' | 'p12' },
): Promise<Record<string, string>> {
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const put = (name: string, content: string | Buffer, mode: number) => {
    const path = join(out, name);
    writeNew(path, content, mode);
    return path;
  };
  const authority = put(`${id}.ca.pem`, rootPem, 0o644);
  if (format === 'p12') {
    const password = createOneTimePassword();
    const bundle = await toPkcs12({ privateKeyPem, certificatePem, chainPem, password });
    return { authority, bundle: put(`${id}.p12`, bundle, 0o600), password };
  }
  const key = put(`${id}.key`, privateKeyPem, 0o600);
  return { authority, key, certificate: put(`${id}.pem`, chainPem, 0o644) };
}

function writeNew(path: string, content: string | Buffer, mode: number): void {
  try {
    writeFileSync(path, content, { mode, flag: 'wx' });
  } catch (cause) {
    throw new GatewayError('usage', `cannot write ${path}: ${String(cause)}`, { cause });
  }
}
