/**
 * The company's own provider of sign-ins (OpenID Connect), as its settings name it: found by discovery, asked with PKCE, state and nonce,
 * and believed when its ID token verifies (openid-client). Knows no operator, and calls through the client that it is given, so that the
 * rules of where this server may call hold here, too.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  customFetch,
  discovery,
  fetchUserInfo,
  type Configuration,
  type CustomFetch,
} from 'openid-client';
import type { Config } from '../../base/config.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { HttpClient } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';

/** Whom a provider vouches for. `email` only where the provider says that it has been verified. */
export type Vouched = { issuer: string; subject: string; email?: string; name?: string };

/** What only this browser's sign-in knows. */
export type Proofs = { state: string; nonce: string; verifier: string };

/** The provider. What it refuses, and that it cannot be reached, are faults; why is in the log. */
export type SignInProvider = {
  /** Where the browser is sent. */
  begin(redirectUri: string, proofs: Proofs): Promise<string | Fault>;
  /** Turns the address to which the browser came back into whom the provider vouches for. The code in it is used up. */
  redeem(cameTo: URL, proofs: Proofs): Promise<Vouched | Fault>;
};

type Settings = Pick<Config, 'oidcIssuer' | 'oidcClientId' | 'oidcClientSecret' | 'oidcName'>;

/** How long a call to the provider may take: somebody waits for the page. */
const DEADLINE_MS = 10_000;

/** What a button calls the provider; undefined where none is set. */
export function providerName({
  oidcIssuer,
  oidcName,
}: Omit<Settings, 'oidcClientId' | 'oidcClientSecret'>): string | undefined {
  return oidcIssuer ? oidcName || new URL(oidcIssuer).host : undefined;
}

/** The provider of the install; undefined where none is set. */
export function createProvider(
  settings: Settings,
  { http, log }: { http: HttpClient; log: Log },
): SignInProvider | undefined {
  const { oidcIssuer } = settings;
  if (!oidcIssuer) return undefined;
  let found: Promise<Configuration> | undefined;
  // What was found stays; that nothing was is tried again by whoever comes next.
  const configuration = async () => {
    found ??= find(settings, http);
    try {
      return await found;
    } catch (error) {
      found = undefined;
      throw error;
    }
  };
  const refusal = (error: unknown, doing: string) => {
    const { message, code, cause } = error as Error & { code?: string; cause?: unknown };
    log.warn(
      { issuer: oidcIssuer, reason: message, code, cause: wordsOf(cause) },
      `the sign-in provider: ${doing} failed`,
    );
  };
  return {
    async begin(redirectUri, { state, nonce, verifier }) {
      try {
        const asked = {
          redirect_uri: redirectUri,
          scope: 'openid email profile',
          state,
          nonce,
          code_challenge: await calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        };
        return buildAuthorizationUrl(await configuration(), asked).href;
      } catch (error) {
        refusal(error, 'finding it');
        return fault('unavailable', 'The provider by which you sign in cannot be reached.');
      }
    },
    async redeem(cameTo, { state, nonce, verifier }) {
      try {
        return await vouchedIn(await configuration(), cameTo, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
        });
      } catch (error) {
        refusal(error, 'signing in');
        return fault('invalid_auth', refusedBy(error));
      }
    },
  };
}

type Checks = { expectedState: string; expectedNonce: string; pkceCodeVerifier: string };

async function vouchedIn(configuration: Configuration, cameTo: URL, checks: Checks): Promise<Vouched> {
  const tokens = await authorizationCodeGrant(configuration, cameTo, checks);
  const claims = tokens.claims()!;
  // Many providers tell of the address only when asked with the access token (OpenID Connect Core §5.4).
  const told =
    claims['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
      ? await fetchUserInfo(configuration, tokens.access_token, claims.sub)
      : claims;
  const { email, email_verified: isVerified, name } = told as Record<string, unknown>;
  // Some write it as a word.
  const isProved = typeof email === 'string' && (isVerified === true || isVerified === 'true');
  return {
    issuer: claims.iss,
    subject: claims.sub,
    ...(isProved ? { email } : {}),
    ...(typeof name === 'string' ? { name } : {}),
  };
}

/** The provider's own words where it refused in the browser (RFC 6749 §4.1.2.1); else that it could not be believed. */
function refusedBy(error: unknown): string {
  const { code, error: said } = error as { code?: string; error?: string };
  return code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR' && said === 'access_denied'
    ? 'The provider did not let you in, or you did not go on there.'
    : 'What came back from the provider could not be believed.';
}

function wordsOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

async function find(settings: Settings, http: HttpClient): Promise<Configuration> {
  const issuer = new URL(settings.oidcIssuer);
  const { oidcClientId: id, oidcClientSecret: secret } = settings;
  return await discovery(issuer, id, secret, ClientSecretBasic(secret), {
    [customFetch]: fetchBy(http),
    // Only of this machine itself (configSignIn.ts), where no line is that others could read.
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
  });
}

/** The library's `fetch` by our own client, which follows no redirect and calls no address that it may not. */
function fetchBy(http: HttpClient): CustomFetch {
  return async (url, { method, headers, body }) => {
    const given = body instanceof URLSearchParams ? body.toString() : (body as string | null | undefined);
    const came = await http.call({
      method: method as 'GET',
      url,
      headers,
      ...(given === null || given === undefined ? {} : { body: given }),
      deadlineMs: DEADLINE_MS,
    });
    if (came.kind !== 'answer') throw new Error(`${new URL(url).host}: ${came.reason}`);
    const told = Object.entries(came.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    const hasBody = ![204, 205, 304].includes(came.status);
    return new Response(hasBody ? new Uint8Array(came.body) : null, { status: came.status, headers: told });
  };
}
