import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import type { Intake } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { startLineServer } from '../../gateway/links/line-server.ts';
import { defaultMqttLimits } from '../../gateway/links/mqtt-limits.ts';
import { createSitePki, openSitePki } from '../../gateway/pki/site-pki.ts';
import { findProfile, loadProfiles } from '../../gateway/site/profiles.ts';
import { ManualStanding } from '../support/standing.ts';

const host = '127.0.0.1';
const now = () => Date.now() as Instant;
const profiles = await loadProfiles();
const analyser = findProfile(profiles, 'generic-astm-analyser');
const monitor = findProfile(profiles, 'generic-vital-signs-monitor');

async function start(
  answer: (intake: Intake) => Promise<Uint8Array>,
  { madeAt = Date.now(), clock = now } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-line-server-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await createSitePki({ directory, site: 'test', hosts: [host], now: madeAt });
  const pki = openSitePki(directory);
  const taken: Intake[] = [];
  const signals: Signal[] = [];
  const standing = new ManualStanding();
  const server = await startLineServer({
    host,
    port: 0,
    tls: { ...pki.server, ca: pki.trust },
    standing,
    limits: defaultMqttLimits,
    device: async (id) => {
      if (id === 'lab-1') return { profile: analyser, speaks: false };
      return id === 'mon-1' ? { profile: monitor, speaks: false } : undefined;
    },
    intake: {
      offer(intake) {
        taken.push(intake);
        return answer(intake);
      },
      signal: (signal) => void signals.push(signal),
    },
    now: clock,
    log: () => undefined,
  });
  onTestFinished(() => server.close());

  async function client(id: string): Promise<TLSSocket> {
    const { privateKeyPem, chainPem } = await pki.issueDevice(id, { now: now() });
    return reconnect({ key: privateKeyPem, cert: chainPem });
  }
  async function reconnect(tls: object): Promise<TLSSocket> {
    const socket = connect({ host, port: server.port, ca: pki.rootPem, ...tls });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }
  return { server, client, reconnect, taken, signals, pki, standing };
}

/** However it was ended: an error is an end too. */
async function gone(socket: TLSSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve()).resume();
  if (!socket.destroyed) await promise;
}

it('takes the bytes of a device with a certificate, and answers once they are kept', async () => {
  const kept = Promise.withResolvers<Uint8Array>();
  const { client, taken, signals } = await start(() => kept.promise);
  const socket = await client('lab-1');
  socket.write(Buffer.of(0x05));
  let heard = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    heard = Buffer.concat([heard, bytes]);
  });
  await expect.poll(() => taken.length).toBe(1);
  expect(taken[0]).toMatchObject({ device: 'lab-1', channel: 'line', isFirst: true });
  expect(heard).toHaveLength(0);
  kept.resolve(Buffer.of(0x06));
  await expect.poll(() => [...heard]).toEqual([0x06]);
  expect(signals).toMatchObject([{ kind: 'line-opened', device: 'lab-1', address: host }]);
});

it.each([
  ['a device that is not registered', 'lab-9'],
  ['a device whose profile speaks MQTT', 'mon-1'],
])('refuses %s', async (_, id) => {
  const { client, signals, taken } = await start(async () => new Uint8Array());
  await gone(await client(id));
  expect(signals).toMatchObject([{ kind: 'refused', cause: 'not-registered', device: id }]);
  expect(taken).toEqual([]);
});

it('refuses whoever brings no certificate', async () => {
  const { reconnect, signals } = await start(async () => new Uint8Array());
  const socket = await reconnect({}).catch(() => undefined);
  if (socket) await gone(socket);
  await expect.poll(() => signals).toMatchObject([{ kind: 'refused' }]);
});

it('goes on with a device that connects anew, but not with another certificate of its name', async () => {
  const { reconnect, client, pki, signals } = await start(async () => new Uint8Array());
  const issued = await pki.issueDevice('lab-1', { now: now() });
  const tls = { key: issued.privateKeyPem, cert: issued.chainPem };
  const first = await reconnect(tls);
  await expect.poll(() => signals.length).toBe(1);
  const second = await reconnect(tls);
  await gone(first);
  await expect
    .poll(() => signals.map(({ kind }) => kind))
    .toEqual(['line-opened', 'taken-over', 'line-closed', 'line-opened', 'displaced']);
  await gone(await client('lab-1'));
  expect(signals.at(-1)).toMatchObject({ kind: 'refused', cause: 'another-certificate' });
  expect(second.destroyed).toBe(false);
});

it('leaves the older one its line while it speaks and its certificate is used elsewhere', async () => {
  const { reconnect, pki, signals, taken } = await start(async () => new Uint8Array());
  const issued = await pki.issueDevice('lab-1', { now: now() });
  const tls = { key: issued.privateKeyPem, cert: issued.chainPem };
  const owner = await reconnect(tls);
  const timer = setInterval(() => owner.write(Buffer.of(0x05)), 50);
  onTestFinished(() => clearInterval(timer));
  await expect.poll(() => taken.length).toBeGreaterThan(0);
  const elsewhere = '127.0.0.66';
  const thief = await reconnect({ ...tls, localAddress: elsewhere });
  thief.write('forged');
  await gone(thief);
  expect(signals.at(-1)).toMatchObject({
    ...{ kind: 'refused', cause: 'certificate-cloned', device: 'lab-1', address: elsewhere },
  });
  expect(Buffer.concat(taken.map(({ bytes }) => bytes)).toString()).not.toContain('forged');
  // Once it is silent it may have moved.
  clearInterval(timer);
  await reconnect({ ...tls, localAddress: elsewhere });
  await expect
    .poll(() => signals.find(({ kind }) => kind === 'taken-over'), { timeout: 5_000 })
    .toMatchObject({ isSameAddress: false, wasAlive: false });
});

it('serves a device whose certificate has expired while a grace lasts, and no longer', async () => {
  const dayMs = 86_400_000;
  const answer = async () => Buffer.of(0x06);
  let laterMs = 0;
  const { reconnect, pki, signals, standing, taken } = await start(answer, {
    madeAt: now() - 100 * dayMs,
    clock: () => (now() + laterMs) as Instant,
  });
  const issued = await pki.issue('enrolled-device', 'lab-1', { now: now() - 91 * dayMs });
  // The server’s own is as old here; it is not what is asked about.
  const own = { key: issued.privateKeyPem, cert: issued.chainPem };
  const tls = { ...own, rejectUnauthorized: false };
  await gone(await reconnect(tls));
  expect(signals).toMatchObject([{ kind: 'refused', cause: 'CERT_HAS_EXPIRED' }]);

  const until = (now() + dayMs) as Instant;
  standing.graces.set(issued.fingerprint256, until);
  const socket = await reconnect(tls);
  socket.write(Buffer.of(0x05));
  const [heard] = await once(socket, 'data');
  expect([...heard]).toEqual([0x06]);
  expect(taken).toMatchObject([{ device: 'lab-1', channel: 'line' }]);
  expect(signals.slice(1)).toMatchObject([
    { kind: 'grace-used', device: 'lab-1', until },
    { kind: 'line-opened', device: 'lab-1' },
  ]);

  laterMs = 2 * dayMs;
  await gone(socket);
  await expect
    .poll(() => signals.at(-1))
    .toMatchObject({ kind: 'line-closed', cause: 'distrusted' });
  await gone(await reconnect(tls));
  expect(signals.at(-1)).toMatchObject({ kind: 'refused', cause: 'CERT_HAS_EXPIRED' });
});
