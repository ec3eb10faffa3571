import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Admission } from '../../gateway/keeper/admission.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { certificateCalls } from '../../gateway/trust/certificate-calls.ts';
import { startTrust, tlsOf } from '../../gateway/trust/trust.ts';
import { host, makeSite, temporaryFolder } from '../support/site.ts';

const dayMs = 86_400_000;

it('renews the server certificate while it runs, once two thirds of its life are over', async () => {
  const folder = temporaryFolder('renewal');
  onTestFinished(() => folder.remove());
  const directory = folder.path;
  const madeAt = Date.now();
  await makeSite(directory, [], {}, madeAt);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const calls = certificateCalls(store);
  let asked = Promise.withResolvers<void>();
  const call = async (_: string, revision: number, at: number) => {
    asked.resolve();
    return calls.standing(revision, at);
  };
  let now = madeAt as Instant;
  const trust = await startTrust({
    directory,
    call: call as Admission['call'],
    log: () => {},
    now: () => now,
    chance: () => 0,
    onFault: (error) => {
      throw error;
    },
  });
  onTestFinished(() => trust.close());
  const looked = async () => {
    // What follows the first question may be under way still; the second one comes after it.
    for (const _ of [1, 2]) {
      asked = Promise.withResolvers<void>();
      await asked.promise;
    }
  };
  const tlsNow = () => ({ ...tlsOf(trust.pki), ca: [...trust.pki.trust] });
  const server = createServer(tlsNow()).listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  trust.onRenewed(() => server.setSecureContext(tlsNow()));
  const { port } = server.address() as { port: number };
  const serialNow = async () => {
    // The client goes by the real time: it is to look at the certificate, not to judge it.
    const socket = connect({ host, port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    return { socket, serialNumber };
  };
  const before = await serialNow();
  onTestFinished(() => void before.socket.destroy());
  const { validFromDate, validToDate } = new X509Certificate(trust.pki.server.cert);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];

  now = (from + ((to - from) * 2) / 3 - dayMs) as Instant;
  await looked();
  expect(trust.pki.server.cert).toBe(openSitePki(directory).server.cert);
  expect((await serialOf(serialNow())).serialNumber).toBe(before.serialNumber);

  now = (now + 2 * dayMs) as Instant;
  await looked();
  const after = await serialOf(serialNow());
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect(after.validTo).toBeGreaterThan(to);
  // Whoever was connected still is.
  expect(before.socket.destroyed).toBe(false);

  // The clock had been ahead: what was made meanwhile is not valid yet, and is made anew.
  now = madeAt as Instant;
  await looked();
  expect((await serialOf(serialNow())).validTo).toBeLessThan(to + dayMs);
});

async function serialOf(opened: Promise<{ socket: TLSSocket; serialNumber: string }>) {
  const { socket, serialNumber } = await opened;
  const { valid_to } = socket.getPeerCertificate();
  socket.destroy();
  return { serialNumber, validTo: Date.parse(valid_to) };
}

it.each([
  ['enrolled-device', 'device:own-1', 'device.enrol'],
  ['consumer', 'consumer:own-1', 'certificate.issue'],
  ['operator', 'machine:own-1', 'certificate.issue'],
] as const)('the renewal of one of kind %s is entered as by %s', async (kind, actor, action) => {
  const folder = temporaryFolder('renewal');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  const profile = 'generic-vital-signs-monitor';
  await makeSite(directory, [{ id: 'own-1', profile, subject: 'MRN-1' }]);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const enrolment = { by: 'certificate', kind, subject: 'own-1', fingerprint: 'AA' } as const;
  const certificate = {
    ...{ serialNumber: '0A', fingerprint: 'BB', notBefore: 0, notAfter: Date.now() + 1_000_000 },
    ...{ kind, subject: 'own-1', replaces: 'AA' },
  };
  expect(certificateCalls(store).enrol(enrolment, certificate, Date.now())).toBe(true);
  expect(store.audit.list().at(-1)).toMatchObject({ actor, action, object: 'own-1' });
});
