import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { onTestFinished } from 'vitest';
import { makeHospitalCertificate } from './hospital-certificate.ts';
import { host } from './site.ts';

/** Who signs in at the provider next, and what it says of them. */
export interface Person {
  readonly sub: string;
  readonly roles?: readonly string[];
  readonly amr?: readonly string[];
  /** Presses “cancel” instead. */
  readonly isUnwilling?: boolean;
}

export interface IdentityProviderUnderTest {
  readonly issuer: string;
  /** Who signed its TLS certificate. */
  readonly ca: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whoever comes next is this person: there is no form to fill in. */
  next(person: Person): void;
  close(): Promise<void>;
}

const clientId = 'wardgate-ward-3b';

/** A real OpenID provider over HTTPS, with an authority of its own. */
export async function startIdentityProvider(
  redirectUri: string,
): Promise<IdentityProviderUnderTest> {
  const { key, cert, ca } = await makeHospitalCertificate(host);
  const server = createServer({ key, cert }).listen(0, host);
  await once(server, 'listening');
  const issuer = `https://${host}:${(server.address() as AddressInfo).port}`;
  const clientSecret = randomBytes(24).toString('base64url');
  const people = new Map<string, Person>();
  let person: Person = { sub: 'nobody' };
  const provider = new Provider(issuer, settings(redirectUri, clientSecret, people));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const finish = async () => {
      if (!request.url?.startsWith('/sign-in/')) return answer(request, response);
      const { sub, amr } = person;
      people.set(sub, person);
      const result = person.isUnwilling
        ? { error: 'access_denied' }
        : { login: { accountId: sub, amr } };
      await provider.interactionFinished(request, response, result);
    };
    finish().catch((error) => server.emit('error', error));
  });
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  onTestFinished(() => (server.listening ? close() : undefined));
  return {
    issuer,
    ca,
    clientId,
    clientSecret,
    next: (given) => {
      person = given;
    },
    close,
  };
}

function settings(
  redirectUri: string,
  clientSecret: string,
  people: ReadonlyMap<string, Person>,
): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    pkce: { required: () => true },
    claims: { openid: ['sub', 'roles', 'amr'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/sign-in/${uid}` },
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, roles: people.get(sub)?.roles, amr: people.get(sub)?.amr }),
    }),
    async loadExistingGrant({ oidc }: { oidc: Context }) {
      const accountId = oidc.session.accountId;
      const grant = new oidc.provider.Grant({ clientId, accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  };
}

interface Context {
  readonly session: { readonly accountId: string };
  readonly provider: Provider;
}
