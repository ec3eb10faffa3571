import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import vitalSignsMonitor from '../../device-profiles/generic/vital-signs-monitor.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { openSigned, signMessage } from '../../gateway/core/signed-message.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

const id = 'mon-1' as DeviceId;

async function siteOf(signs: 'HS256' | 'EdDSA' | undefined): Promise<string> {
  const folder = temporaryFolder('signing-key');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, []);
  const profile = 'own-monitor';
  const link = { ...vitalSignsMonitor.link, ...(signs && { signs }) };
  writeFileSync(
    join(directory, `profiles/${profile}.json`),
    JSON.stringify({ ...vitalSignsMonitor, id: profile, link }),
  );
  const { store } = openSiteStore(directory);
  const device = { id, profile, class: 'IIb', function: 'monitor', ward: '', addedAt: 0 } as const;
  store.transact(() => store.devices.add(device, { hash: '', expiresAt: 0 }));
  store.close();
  return directory;
}

it('wardgate device signing-key makes a secret, shown once, whose messages hold; its counter lasts', async () => {
  const directory = await siteOf('HS256');
  const words = ['device', 'signing-key', id, '--dir', directory];
  const { secret } = await wardgateJson<{ secret: string }>(...words);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  const known = store.deviceKeys.find(id);
  if (!known) throw new RangeError('no key');
  const message = signMessage('{}', 3, known);
  expect(Buffer.from(secret, 'base64url')).toEqual(known.key.export());
  expect(openSigned(Buffer.from(message), known)).toMatchObject({ counter: 3 });
  store.deviceKeys.count(id, 9);
  store.deviceKeys.count(id, 4);
  expect(store.deviceKeys.find(id)?.counter).toBe(9);
  await wardgateJson(...words);
  expect(store.deviceKeys.find(id)).toMatchObject({ counter: 0 });
  expect(store.deviceKeys.find(id)?.id).not.toBe(known.id);
  expect(store.audit.list().map(({ action }) => action)).toContain('device.signing-key');
});

it('wardgate device signing-key takes an Ed25519 public key, and nothing else', async () => {
  const directory = await siteOf('EdDSA');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const words = ['device', 'signing-key', id, '--dir', directory];
  const path = join(directory, 'key.pem');
  expectRefusal(await wardgate(words), 2, 'usage');
  writeFileSync(path, 'no key');
  expectRefusal(await wardgate([...words, '--public', path]), 2, 'usage');
  writeFileSync(path, publicKey.export({ type: 'spki', format: 'pem' }));
  expect((await wardgate([...words, '--public', path])).code).toBe(0);
  const { store } = openSiteStore(directory);
  const known = store.deviceKeys.find(id);
  store.close();
  const message = signMessage('{}', 1, { algorithm: 'EdDSA', key: privateKey });
  expect(known && openSigned(Buffer.from(message), known)).toMatchObject({ counter: 1 });
});

it('wardgate device signing-key refuses a device whose profile does not sign', async () => {
  const directory = await siteOf(undefined);
  expectRefusal(await wardgate(['device', 'signing-key', id, '--dir', directory]), 2, 'usage');
});
