/**
 * What an address of the consent page says, read the same at every step: nothing of it is kept on the server. Nobody is led to an
 * address that the company has not registered.
 */
import type { FastifyRequest } from 'fastify';
import { hmac, randomToken, sameText } from '../../../base/crypto.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { clientNamed, clientSecret, type Client } from '../../../connect/clients.ts';
import { readIdentity, type ConnectIdentity } from '../../../connect/identity.ts';
import type { HttpContext } from '../../kit/context.ts';
import { queryOnce } from '../../kit/route.ts';

/** A visitor with what the company sent along. */
export type Asked = ConnectIdentity & {
  client: Client;
  /** Where the visitor goes back to; undefined when they came in a window of their own and nothing is registered. */
  redirectUri: string | undefined;
  state: string | undefined;
  /** The origin of the page that opened the window, which is told how it ended. */
  opener: string | undefined;
  /** All of this as the query of the page's own address. */
  query: string;
};

const MOST_STATE = 1024;

/** Reads an address; a fault with what the visitor can be told. */
export async function readAsked(ctx: HttpContext, request: FastifyRequest): Promise<Asked | Fault> {
  const client = await clientOf(ctx, request);
  if (isFault(client)) return client;
  const query = queryOnce(request.query);
  if (isFault(query)) return query;
  const {
    connect_id: connectId,
    signature,
    connect_token: token,
    state,
    redirect_uri: given,
    opener,
  } = query;
  if (state !== undefined && state.length > MOST_STATE)
    return breaks('state', `needs at most ${MOST_STATE} characters`);
  const registered = client.redirectUris;
  if (given !== undefined && !registered.includes(given))
    return breaks('redirect_uri', 'is not one that the company has registered');
  if (opener !== undefined && !registered.some((uri) => new URL(uri).origin === opener))
    return breaks('opener', 'is not the origin of an address that the company has registered');
  const secret = await clientSecret(ctx.sql, ctx.vault, client.workspaceId);
  if (isFault(secret)) return secret;
  const identity = await readIdentity(
    { connectId, signature, token },
    { ...client, secret },
    ctx.clock.nowMs(),
  );
  if (isFault(identity)) return identity;
  const carried = {
    connect_id: connectId,
    signature,
    connect_token: token,
    state,
    redirect_uri: given,
    opener,
  };
  const known = Object.entries(carried).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return {
    ...identity,
    client,
    redirectUri: given ?? (registered.length === 1 ? registered[0] : undefined),
    state,
    opener,
    query: new URLSearchParams(known).toString(),
  };
}

/** The client that a path names. */
export async function clientOf(ctx: HttpContext, request: FastifyRequest): Promise<Client | Fault> {
  const { client } = request.params as { client: string };
  const id = /^\d{1,16}$/.test(client) ? Number(client) : 0;
  return id > 0 && Number.isSafeInteger(id)
    ? await clientNamed(ctx.sql, id)
    : fault('not_found', 'There is no such connect client.');
}

/** Where a visitor is sent back to with what came of it. */
export function wayBack(
  { redirectUri, state }: Asked,
  told: Readonly<Record<string, string>>,
): string | undefined {
  if (redirectUri === undefined) return undefined;
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries({ ...told, ...(state === undefined ? {} : { state }) }))
    url.searchParams.set(name, value);
  return url.href;
}

/** Cookies of these pages: what the browser is known by before somebody has signed in, and the session. */
const BROWSER = 'parley_browser';
const SESSION = 'parley_session';

/** What a browser brings along. */
export type Browser = {
  /** Drawn for it, if it had none. */
  secret: string;
  isNew: boolean;
  session: string | undefined;
  /** What its forms carry, so that no other site posts them. */
  formToken: string;
};

/** The browser of a request. */
export function browserOf(ctx: Pick<HttpContext, 'vault'>, request: FastifyRequest): Browser {
  const cookies = cookiesOf(request);
  const kept = cookies.get(BROWSER);
  const secret = kept && /^[\w-]{32}$/.test(kept) ? kept : randomToken(24);
  const session = cookies.get(SESSION);
  return {
    secret,
    isNew: secret !== kept,
    session: session?.startsWith('ses_') ? session : undefined,
    formToken: hmac('sha256', ctx.vault.lastingSecret, `connect form|${secret}`, 'hex'),
  };
}

/** True for a form that came from a page that this browser was given. */
export function isOwnForm({ isNew, formToken }: Browser, given: string): boolean {
  return !isNew && sameText(given, formToken);
}

/** The Set-Cookie header of what a browser is to keep, until it is closed; a session of '' is forgotten. */
export function cookiesToSet(
  ctx: Pick<HttpContext, 'publicUrl'>,
  kept: { browser?: string; session?: string },
): string[] {
  // Plain http is for this machine only: then the browser must keep it all the same.
  const secure = ctx.publicUrl().startsWith('https:') ? '; Secure' : '';
  const more = `; Path=${new URL(ctx.publicUrl()).pathname.replace(/\/$/, '')}/connect; HttpOnly; SameSite=Lax${secure}`;
  const pairs = [
    ...(kept.browser === undefined ? [] : [`${BROWSER}=${kept.browser}`]),
    ...(kept.session === undefined ? [] : [`${SESSION}=${kept.session}${kept.session ? '' : '; Max-Age=0'}`]),
  ];
  return pairs.map((pair) => `${pair}${more}`);
}

function cookiesOf({ headers }: FastifyRequest): ReadonlyMap<string, string> {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return new Map(
    pairs.flatMap(([name, value]) => (name && value !== undefined ? [[name, value] as const] : [])),
  );
}
