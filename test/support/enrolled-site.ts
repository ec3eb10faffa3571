import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { type GatewayUnderTest, startGatewayProcess } from './gateway-under-test.ts';
import type { Certificate } from './mqtt-certificates.ts';
import { host, makeSite, temporaryFolder } from './site.ts';

const run = promisify(execFile);

export interface EnrolledSite {
  readonly directory: string;
  readonly gateway: GatewayUnderTest;
  readonly url: string;
  readonly mqttPort: number;
  readonly httpsPort: number;
  readonly rootPem: string;
  /** A folder of this test's own for the files of real programs. */
  file(name: string): string;
  read(name: string): string;
  openssl(...words: readonly string[]): Promise<string>;
  /** What curl got, with the root as its only anchor; rejects as curl does. */
  curl(path: string, ...words: readonly string[]): Promise<CurlAnswer>;
  /** Makes `<name>.key` and a request for it in base64, as docs/enrolment.md has it. */
  request(name: string, subject: string, ...words: readonly string[]): Promise<string>;
  /** Unpacks what EST answered into `<name>.pem`, by openssl. */
  unpack(answer: CurlAnswer, name: string): Promise<Certificate>;
}

export interface CurlAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** A gateway with these devices and their profiles, in a process of its own; what asks it are curl and openssl. */
export async function startEnrolledSite(
  devices: Readonly<Record<string, string>>,
  madeAt = Date.now(),
): Promise<EnrolledSite> {
  const folder = temporaryFolder('enrolment');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  const settings = { https: { port: 0 }, mllp: { port: 0 } };
  const registered = Object.entries(devices).map(([id, profile]) => ({ id, profile }));
  await makeSite(directory, registered, settings, madeAt);
  const gateway = await startGatewayProcess(directory);
  const ready = await gateway.event({ event: 'gateway.ready' });
  const httpsPort = ready['httpsPort'] as number;
  const url = `https://${host}:${httpsPort}`;
  const file = (name: string) => join(folder.path, name);
  const read = (name: string) => readFileSync(file(name), 'utf8');
  const rootPath = join(directory, 'pki/root-authority.pem');
  const openssl = async (...words: readonly string[]) => (await run('openssl', words)).stdout;
  return {
    ...{ directory, gateway, url, httpsPort, file, read, openssl },
    mqttPort: gateway.mqttPort,
    rootPem: readFileSync(rootPath, 'utf8'),
    async curl(path, ...words) {
      const { stdout } = await run('curl', [
        ...['--silent', '--show-error', '--cacert', rootPath, '--dump-header', file('headers')],
        ...['--write-out', '\n%{http_code}', ...words, `${url}${path}`],
      ]);
      const end = stdout.lastIndexOf('\n');
      const status = Number(stdout.slice(end + 1));
      return { status, headers: read('headers'), body: stdout.slice(0, end) };
    },
    async request(name, subject, ...words) {
      const key =
        words.length > 0 ? words : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
      const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)];
      await openssl('req', '-new', '-nodes', ...key, '-subj', subject, '-outform', 'DER', ...files);
      const base64 = readFileSync(file(`${name}.csr`)).toString('base64');
      writeFileSync(file(`${name}.b64`), base64);
      return base64;
    },
    async unpack({ body }, name) {
      writeFileSync(file(`${name}.p7`), Buffer.from(body, 'base64'));
      const words = ['pkcs7', '-inform', 'DER', '-print_certs'];
      await openssl(...words, '-in', file(`${name}.p7`), '-out', file(`${name}.pem`));
      return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
    },
  };
}

/** Words of curl that send a request to EST. */
export function posting(base64: string): readonly string[] {
  return ['--header', 'Content-Type: application/pkcs10', '--data', base64];
}
