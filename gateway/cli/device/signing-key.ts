import { createPublicKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { defineCommand, siteOptions } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { findProfile, loadProfiles } from '../../site/profiles.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';

const secretBytes = 32;

export const signingKey = defineCommand({
  name: 'signing-key',
  summary: 'Enrols the key by which a device signs its messages; the one before is good no more.',
  arguments: ['<id>'],
  options: siteOptions.extend({
    public: z
      .string()
      .optional()
      .describe('PEM file of the device’s Ed25519 public key, for profiles that sign by EdDSA.'),
  }),
  example: 'wardgate device signing-key mon-1',

  async run({ arguments: [word = ''], options: { dir, json, public: path }, print }) {
    const profiles = await loadProfiles(dir);
    const { store } = openSiteStore(dir);
    try {
      const device = store.devices.find(word);
      if (!device) throw new GatewayError('device-unknown', `${word} is not registered`);
      const { link } = findProfile(profiles, device.profile);
      const signs = link.kind === 'mqtt' ? link.signs : undefined;
      if (signs === undefined) {
        throw new GatewayError('usage', `${device.profile} does not say that its devices sign`);
      }
      const isPublic = signs === 'EdDSA';
      if (isPublic !== (path !== undefined)) {
        const need = isPublic
          ? 'needs --public FILE'
          : 'takes no --public: the secret is made here';
        throw new GatewayError('usage', `${device.profile} signs by ${signs}, which ${need}`);
      }
      const key = path === undefined ? randomBytes(secretBytes) : readPublicKey(path);
      store.transact(() => {
        store.deviceKeys.set(device.id, signs, key);
        store.audit.add({
          ...{ at: Date.now(), actor: commandActor(), action: 'device.signing-key', object: word },
          ...{ outcome: 'success', detail: signs },
        });
      });
      const secret = isPublic ? undefined : key.toString('base64url');
      if (json) print(JSON.stringify({ device: word, algorithm: signs, secret }));
      else if (secret === undefined) print(`${word} signs by ${signs} from now on.`);
      else print(`Secret of ${word} for ${signs}, base64url, shown once: ${secret}`);
      return 0;
    } finally {
      store.close();
    }
  },
});

function readPublicKey(path: string): Buffer {
  try {
    const key = createPublicKey(readFileSync(path));
    if (key.asymmetricKeyType === 'ed25519') return key.export({ format: 'der', type: 'spki' });
  } catch {
    // Said below, for a file that is not there and for one that is none.
  }
  throw new GatewayError('usage', `${path} is no PEM file of an Ed25519 public key`);
}
