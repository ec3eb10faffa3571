import * as client from 'openid-client';
import { GatewayError } from '../core/error.ts';
import { boundedFetch } from './bounded-fetch.ts';

export interface ProviderSettings {
  /** https, exactly as the provider calls itself. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the provider sends people back to, exactly as it knows it. */
  readonly redirectUri: string;
  readonly scope: string;
  /** PEM of whoever signed the provider’s certificate. */
  readonly ca: string | undefined;
  readonly now: () => number;
}

/** What has to come back with the answer; known to one browser alone. */
export interface SignOnMemory {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export type SignOnAnswer =
  | { readonly kind: 'claims'; readonly claims: Readonly<Record<string, unknown>> }
  /** `cause` is an error code of OAuth or of the check that failed. */
  | { readonly kind: 'refused'; readonly cause: string };

export interface IdentityProvider {
  /** @throws GatewayError `sign-on-unreachable`. */
  begin(): Promise<{ readonly url: string; readonly memory: SignOnMemory }>;
  /**
   * Takes the address the browser came back with, its query as the provider gave it.
   *
   * @throws GatewayError `sign-on-unreachable`.
   */
  finish(query: string, memory: SignOnMemory): Promise<SignOnAnswer>;
}

const timeoutSeconds = 10;
/** After this the provider’s metadata are read again. */
const metadataForMs = 3_600_000;

/**
 * The hospital’s sign-on: OpenID Connect Core 1.0 by authorisation code with PKCE (RFC 7636), state,
 * nonce and the issuer of the answer (RFC 9207); ID tokens are verified by signature as well.
 */
export function openIdentityProvider(settings: ProviderSettings): IdentityProvider {
  const { redirectUri, scope, now } = settings;
  let known: { readonly at: number; readonly provider: Promise<client.Configuration> } | undefined;

  async function provider(): Promise<client.Configuration> {
    if (!known || now() - known.at >= metadataForMs) known = { at: now(), provider: ask(settings) };
    const asked = known;
    try {
      return await asked.provider;
    } catch (error) {
      // The next one who signs on asks again.
      if (known === asked) known = undefined;
      throw unreachable(error);
    }
  }

  return {
    async begin() {
      const memory: SignOnMemory = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri,
        scope,
        state: memory.state,
        nonce: memory.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(memory.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, memory };
    },

    async finish(query, { state, nonce, verifier }) {
      const url = new URL(redirectUri);
      url.search = query;
      const configuration = await provider();
      try {
        const tokens = await client.authorizationCodeGrant(configuration, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        return { kind: 'claims', claims: { ...tokens.claims() } };
      } catch (error) {
        return { kind: 'refused', cause: refusalOf(error) };
      }
    },
  };
}

async function ask(settings: ProviderSettings): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret, ca } = settings;
  const configuration = await client.discovery(
    new URL(issuer),
    clientId,
    undefined,
    client.ClientSecretBasic(clientSecret),
    { [client.customFetch]: boundedFetch(ca) as client.CustomFetch, timeout: timeoutSeconds },
  );
  client.enableNonRepudiationChecks(configuration);
  return configuration;
}

/** Why an answer is none. What only the line is to blame for is thrown. */
function refusalOf(error: unknown): string {
  if (error instanceof client.AuthorizationResponseError) return error.error;
  if (error instanceof client.ResponseBodyError) return error.error;
  // RFC 6749 5.2: this is how a provider refuses the secret of a client.
  if (error instanceof client.WWWAuthenticateChallengeError) return 'invalid_client';
  if (isOfTheLine(error)) throw unreachable(error);
  return (error as { code?: string }).code ?? 'malformed';
}

function isOfTheLine(error: unknown): boolean {
  if (!(error instanceof client.ClientError)) return false;
  return error.cause instanceof GatewayError || error.code === 'OAUTH_TIMEOUT';
}

function unreachable(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const { cause, code } = error as { cause?: unknown; code?: string };
  if (cause instanceof GatewayError) return cause;
  return new GatewayError('sign-on-unreachable', code ?? 'no answer that is one', { cause: error });
}
