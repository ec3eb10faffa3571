import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vouchedFor } from '../access/sign-on-role.ts';
import type { SignOn } from '../api/sign-on.ts';
import type { Config } from '../config.ts';
import { GatewayError } from '../core/error.ts';
import { readSecretFile } from '../pki/secrets.ts';

/** The client secret that the hospital’s provider gave this site. */
const secretFile = 'pki/oidc-client.key';

/**
 * The hospital’s sign-on as the settings have it. Its packages are loaded only where it is set.
 *
 * @throws GatewayError `secret-missing`, `secret-exposed`, `config-invalid`.
 */
export async function openSignOn(
  directory: string,
  settings: NonNullable<Config['https']['oidc']>,
  now: () => number,
): Promise<SignOn> {
  const { issuer, clientId, redirectUri, scope, ca } = settings;
  const clientSecret = readSecretFile(join(directory, secretFile)).toString('utf8').trim();
  if (clientSecret === '') throw new GatewayError('secret-missing', `${secretFile} is empty`);
  const { openIdentityProvider } = await import('../identity/open-id-connect.ts');
  const provider = openIdentityProvider({
    ...{ issuer, clientId, clientSecret, redirectUri, scope, now },
    ca: ca === undefined ? undefined : readAuthority(join(directory, ca)),
  });
  return {
    begin: provider.begin,
    async finish(query, memory) {
      const answer = await provider.finish(query, memory);
      return answer.kind === 'claims' ? vouchedFor(answer.claims, settings) : answer;
    },
  };
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('config-invalid', `https.oidc.ca: cannot read ${path}`, { cause });
  }
}
