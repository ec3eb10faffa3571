import deviceCertificate from '../certs/device.ts';
import rootAuthority from '../certs/root-authority.ts';
import type { Credentials } from '../gateway/demo/ward.ts';
import { createAuthority } from '../gateway/pki/authority.ts';
import { generateKey } from '../gateway/pki/keys.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { revoke } from '../gateway/trust/certificate-calls.ts';
import { defineAttack } from './attack.ts';
import { enter } from './forger.ts';
import { host, now, type Site, stolenId, victimId } from './ward.ts';

/** Revoked before the gateway started. */
let revoked: Credentials;

export default defineAttack({
  threat: 'D02',
  title: 'No certificate, a foreign authority’s, a revoked one, and another device’s',

  async setUp({ pki, directory }) {
    revoked = await issueAndRevoke({ pki, directory });
    return {};
  },

  async run(ward) {
    const { ca } = ward;
    const stolen = await ward.credentialsOf(stolenId);
    const tries: readonly (readonly [clientId: string, shown: Partial<Credentials>])[] = [
      [victimId, {}],
      [victimId, await foreign(victimId)],
      [victimId, revoked],
      [victimId, stolen],
    ];
    let entered = 0;
    for (const [clientId, shown] of tries) {
      if (await enter(ward, clientId, { ...shown, ca })) entered += 1;
    }
    const forged = (await ward.storedOf(victimId)).length;
    return {
      measured: `let in: ${entered} of ${tries.length}; forged values at the hospital: ${forged}`,
      isAbsent: entered === 0 && forged === 0,
    };
  },
});

/** Whoever makes an authority of its own can write any name into a certificate. */
async function foreign(id: string): Promise<Partial<Credentials>> {
  const authority = await createAuthority({
    profile: rootAuthority,
    commonName: 'Foreign authority',
    now: now(),
  });
  const key = await generateKey('ecdsa-p256');
  const { chainPem } = await authority.issue({
    profile: deviceCertificate,
    commonName: id,
    alternativeNames: [{ kind: 'uri', value: `urn:wardgate:device:${id}` }],
    key,
    now: now(),
  });
  return { key: key.privateKeyPem, cert: chainPem };
}

async function issueAndRevoke({ pki, directory }: Pick<Site, 'pki' | 'directory'>) {
  const issued = await pki.issueDevice(victimId, { now: now() });
  const { store } = openSiteStore(directory);
  store.transact(() => {
    store.certificates.add({
      ...issued,
      kind: 'device',
      subject: victimId,
      fingerprint: issued.fingerprint256,
    });
    const order = { subject: victimId, kinds: ['device'] as const, at: now(), actor: host };
    revoke(store, { ...order, reason: 'key-compromise' });
  });
  store.close();
  return { key: issued.privateKeyPem ?? '', cert: issued.chainPem, ca: pki.rootPem };
}
