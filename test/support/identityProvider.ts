/**
 * A provider of sign-ins on a real socket: `oidc-provider`, certified, as a company would run one. Whoever is sent to it is at once the
 * account that the test names, or turned away.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** What the provider says of somebody. */
export type Account = { email?: string; email_verified?: boolean; name?: string };

export type IdentityProvider = Awaited<ReturnType<typeof startIdentityProvider>>;

/** Listens at once, and calls itself by `host`; `serve` begins once it is known where the client is. */
export async function startIdentityProvider(host = '127.0.0.1') {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = (_request, response) =>
    response.writeHead(503).end();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  const accounts = new Map<string, Account>();
  const client = { id: 'parley', secret: 'a secret of the client' };
  /** Who sits before the browser. */
  const at: { desk: string | undefined } = { desk: undefined };
  return {
    issuer,
    client,
    accounts,
    at,
    serve(redirectUri: string) {
      const provider = providerOf(issuer, client, redirectUri, accounts);
      const answer = provider.callback();
      handle = async (request, response) => {
        // The document of this provider in the place of another's.
        if (request.url?.startsWith('/another/')) request.url = request.url.slice('/another'.length);
        if (!request.url?.startsWith('/interaction/')) return answer(request, response);
        const result =
          at.desk === undefined
            ? { error: 'access_denied', error_description: 'not today' }
            : { login: { accountId: at.desk } };
        await provider.interactionFinished(request, response, result);
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function providerOf(
  issuer: string,
  client: { id: string; secret: string },
  redirectUri: string,
  accounts: ReadonlyMap<string, Account>,
): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' };
  const provider: Provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['a key of the cookies'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts.get(sub) }) }),
    async loadExistingGrant({ oidc }) {
      const known = oidc.session!.grantIdFor(client.id);
      if (known) return await provider.Grant.find(known);
      const grant = new provider.Grant({ clientId: client.id, accountId: oidc.session!.accountId! });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  return provider;
}

/** A browser of few words: keeps cookies by origin and follows what leads on, one step or all of them. */
export function newBrowser() {
  const jars = new Map<string, Map<string, string>>();
  const step = async (url: string, headers: Record<string, string> = {}) => {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { ...headers, ...(cookie ? { cookie } : {}) },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      if (value) jar.set(name!, value);
      else jar.delete(name!);
    }
    const leads = answer.headers.get('location');
    return { answer, leadsTo: leads === null ? undefined : new URL(leads, url).href };
  };
  return {
    step,
    /** Goes on until an address fulfils `until`, which is not opened, or nothing leads on. */
    async follow(url: string, until: (url: string) => boolean = () => false) {
      let at = url;
      for (let steps = 0; steps < 20; steps += 1) {
        const { answer, leadsTo } = await step(at);
        if (leadsTo === undefined) return { at, answer };
        await answer.body?.cancel();
        at = leadsTo;
        if (until(at)) return { at, answer };
      }
      throw new Error(`it leads round and round: ${at}`);
    },
  };
}
