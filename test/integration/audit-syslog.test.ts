import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import type { AuditRecord } from '../../gateway/core/audit-entry.ts';
import type { Finding } from '../../gateway/core/finding.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { readSecret } from '../../gateway/pki/secrets.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { checkpointPath } from '../../gateway/store/checkpoints.ts';
import { openDatabase } from '../../gateway/store/database.ts';
import { wardgate } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { host, makeSite, temporaryFolder, until } from '../support/site.ts';

/** A log collector: TLS with client certificates, RFC 5425 framing. */
class Collector {
  readonly messages: string[] = [];
  #server: Server | undefined;

  async listen(port: number, directory: string): Promise<void> {
    const pki = openSitePki(directory);
    this.#server = createServer({ ...pki.server, ca: [...pki.trust], requestCert: true });
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('secureConnection', async (socket) => {
      socket.on('error', () => undefined);
      const chunks = await Array.fromAsync(socket as AsyncIterable<Buffer>);
      this.messages.push(...frames(Buffer.concat(chunks)));
    });
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server?.close();
    if (this.#server) await once(this.#server, 'close');
    this.#server = undefined;
  }

  /** The entries it has, each once, by their numbers. */
  get entries(): AuditRecord[] {
    const all = this.messages
      .filter((message) => message.includes('[meta sequenceId='))
      .map((message) => JSON.parse(message.slice(message.indexOf('{'))) as AuditRecord);
    return [...new Map(all.map((record) => [record.sequence, record])).values()];
  }
}

/** RFC 6587 3.4.1. */
function frames(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(' ', start);
    const length = Number(bytes.toString('latin1', start, space));
    found.push(bytes.toString('utf8', space + 1, space + 1 + length));
    start = space + 1 + length;
  }
  return found;
}

async function siteFor(
  port: number,
  ca = 'pki/root-authority.pem',
  findings = false,
): Promise<string> {
  const folder = temporaryFolder('audit-syslog');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  const syslog = {
    host,
    port,
    ca,
    clientCertificate: 'client.pem',
    clientKey: 'client.key',
    findings,
  };
  await makeSite(directory, [], { https: { port: 0 }, audit: { syslog } });
  const pki = openSitePki(directory);
  const issued = await pki.issueDevice('forwarder' as never, {
    key: 'ecdsa-p256',
    now: Date.now(),
  });
  writeFileSync(join(directory, 'client.pem'), issued.chainPem);
  writeFileSync(join(directory, 'client.key'), issued.privateKeyPem ?? '', { mode: 0o600 });
  return directory;
}

function lastOf(directory: string): number {
  const { store } = openSiteStore(directory);
  const last = store.audit.last()?.sequence ?? 0;
  store.close();
  return last;
}

it('a collector gets every entry in order, also those from while it was away', async () => {
  const port = await freePort();
  const directory = await siteFor(port);
  const collector = new Collector();
  // Nobody listens yet: the gateway runs all the same.
  const first = await startGatewayProcess(directory);
  await first.event({ event: 'collector.down' });
  await collector.listen(port, directory);
  onTestFinished(() => collector.close());
  await until('the first entries', () => collector.entries.length >= 2);
  await collector.close();
  await first.stop();
  await collector.listen(port, directory);
  const second = await startGatewayProcess(directory);
  await until('the rest', () => collector.entries.length >= 4);
  await second.stop();
  await until('all', () => collector.entries.length >= lastOf(directory) - 1);
  const numbers = collector.entries.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(collector.messages.filter((each) => each.includes('audit.checkpoint'))).not.toEqual([]);

  // What the collector kept tells of a site whose table and checkpoints were both cut.
  const kept = join(directory, '../collector.log');
  writeFileSync(kept, `${collector.messages.join('\n')}\n`);
  const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
  database.exec('delete from audit where sequence > 1');
  database.close();
  const [line = ''] = readFileSync(checkpointPath(directory), 'utf8').split('\n');
  writeFileSync(checkpointPath(directory), `${line}\n`);
  expect((await wardgate(['audit', 'verify', '--dir', directory])).code).toBe(0);
  const words = ['audit', 'verify', '--dir', directory, '--checkpoints', kept, '--json'];
  const { code, out } = await wardgate(words);
  expect({ code, ...JSON.parse(out) }).toMatchObject({
    code: 1,
    problem: 'truncated',
    sequence: 2,
  });
}, 120_000);

it('a collector gets findings too where the site says so, also those from while it was away', async () => {
  const port = await freePort();
  const directory = await siteFor(port, 'pki/root-authority.pem', true);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const found = (about: string): Finding => ({
    ...{ threat: 'D05', detector: 'topic-abuse', about, at: Date.now() as Instant },
    ...{ severity: 'critical', confidence: 0.9, outcome: 'blocked', evidence: { topic: 'a|b=c' } },
  });
  store.journal.addFindings([found('mon-1')]);
  const gateway = await startGatewayProcess(directory);
  await gateway.event({ event: 'collector.down' });
  const collector = new Collector();
  await collector.listen(port, directory);
  onTestFinished(() => collector.close());
  const cef = () => collector.messages.filter((each) => each.includes(' finding '));
  await until('the first', () => cef().length === 1);
  store.journal.addFindings([found('mon-2')]);
  await gateway.stop();
  await until('the second', () => cef().length === 2);
  expect(cef()[0]).toMatch(
    /^<82>1 \S+ test wardgate - finding \[origin [^\]]+\] CEF:0\|wardgate\|.*cs1=mon-1 .*a\|b\\=c/,
  );
  expect(cef()[1]).toContain('cs1=mon-2');
}, 120_000);

it('a collector that cannot prove who it is gets nothing', async () => {
  const port = await freePort();
  const directory = await siteFor(port, 'other.pem');
  const other = await siteFor(port);
  const foreign = readFileSync(join(other, 'pki/root-authority.pem'));
  writeFileSync(join(directory, 'other.pem'), foreign);
  const collector = new Collector();
  await collector.listen(port, directory);
  onTestFinished(() => collector.close());
  const gateway = await startGatewayProcess(directory);
  await gateway.event({ event: 'collector.down' });
  await gateway.stop();
  expect(collector.messages).toEqual([]);
}, 60_000);
