/**
 * Who calls the Web1on1 door: a bot by its access token or by its key, or a person who signed in (api/web1on1.md §B.1). Access
 * tokens are given out here, and are good for as long as the key or membership behind them is.
 */
import type { TokenGiven } from '../../../contract/doors/web1on1/answers.ts';
import { Type } from 'typebox';
import { TokenRequest } from '../../../contract/doors/web1on1/bodies.ts';
import {
  issueAccessToken,
  readAccessToken,
  SCOPES,
  scopeText,
  type AccessScope,
} from '../../accounts/accessTokens.ts';
import { authenticateKey, type KeyHolder } from '../../accounts/authenticate.ts';
import type { Keyring } from '../../accounts/keys.ts';
import { listKeys } from '../../accounts/keys.ts';
import { listMembers, openSession } from '../../accounts/operators.ts';
import type { Holder, Role } from '../../../contract/roles.ts';
import { listWorkspaces } from '../../accounts/workspaces.ts';
import { sha256Hex } from '../../base/crypto.ts';
import { isoTime } from '../../base/clock.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { HttpContext } from '../kit/context.ts';
import { proveSignIn } from '../kit/signIn.ts';

/** A caller. */
export type Caller = {
  /** The user it acts as, as this door shows ids. */
  userId: string;
  scope: AccessScope;
  /** What it may do, by the table of roles. */
  holder: Holder;
  workspaceId: number;
  /** For the audit log. */
  actor: string;
};

/** Somebody who can act: a bot (a key) or a member. */
export type User = { id: string; name: string; role: string; email: string };

/** Access tokens that are refreshed live a day. */
const TOKEN_MS = 24 * 3600_000;
/** The client refreshes on these words. */
const INVALID = fault('invalid_auth', 'invalid token');
const EXPIRED = fault('invalid_auth', 'jwt expired');

/** The body of `POST /auth/token`, as the door reads it. */
export const tokenBody = Type.Object(TokenRequest.properties);

/** Who is calling, by the Authorization header. */
export async function authenticate(
  ctx: Pick<HttpContext, 'keyring' | 'vault'>,
  authorization: string | undefined,
  nowMs: number,
): Promise<Caller | Fault> {
  if (!authorization?.trim()) return fault('unauthorized', 'Authorization is required');
  const token = /^bearer +(\S{1,8000}) *$/i.exec(authorization)?.[1];
  if (!token) return fault('invalid_auth', 'invalid token: the header must be “Bearer <token>”');
  if (token.split('.').length !== 3) {
    const key = await authenticateKey(ctx.keyring, { door: 'web1on1', token, nowMs });
    return isFault(key) ? INVALID : ofKey(key);
  }
  const claims = readAccessToken(ctx.vault, token);
  if (!claims) return INVALID;
  if (claims.exp !== undefined && nowMs >= claims.exp * 1000) return EXPIRED;
  if (claims.key !== undefined) {
    const key = await ctx.keyring.key('web1on1', claims.key);
    if (!key) return INVALID;
    if (key.expiresMs !== undefined && nowMs >= key.expiresMs) return EXPIRED;
    return ofKey(key);
  }
  const organization = Number.parseInt(claims.organization.slice(8), 16);
  const operatorId = claims.operator ?? 0;
  const session = await ctx.keyring.sessionByHash(claims.session ?? '');
  if (!session || session.operatorId !== operatorId || session.expiresMs <= nowMs) return INVALID;
  return await ofOperator(ctx.keyring, operatorId, organization);
}

/** Gives out an access token: for a refresh token, or for e-mail address and password. */
export async function giveToken(
  ctx: HttpContext,
  body: {
    email?: string;
    password?: string;
    clientId?: string;
    refreshToken?: string;
    organization?: string;
    code?: string;
  },
  nowMs: number,
): Promise<TokenGiven | Fault> {
  const { email, password, clientId, refreshToken } = body;
  if (refreshToken === undefined && (email === undefined || password === undefined))
    return fault('bad_request', 'refreshToken: is required, or else email and password', {
      field: 'refreshToken',
    });
  if (refreshToken === undefined)
    return await bySignIn(
      ctx,
      { email: email!, password: password!, code: body.code, organization: body.organization },
      nowMs,
    );
  if (refreshToken.startsWith('ses_')) {
    // The session, and the organization that it was opened for.
    const [token = '', named = body.organization] = refreshToken.split('.');
    const session = await ctx.keyring.session(token);
    return session && session.expiresMs > nowMs
      ? await forOperator(ctx, session.operatorId, { token, organization: named }, nowMs)
      : INVALID;
  }
  const key = await authenticateKey(ctx.keyring, { door: 'web1on1', token: refreshToken, nowMs });
  const caller = isFault(key) ? key : ofKey(key);
  if (isFault(key) || isFault(caller)) return INVALID;
  const bot = /^bot\+([0-9a-f]{24})@/i.exec(clientId ?? '')?.[1];
  if (bot !== undefined && bot.toLowerCase() !== caller.userId)
    return fault('invalid_auth', 'invalid token: clientId is of another bot', { field: 'clientId' });
  const held = await ctx.keyring.key('web1on1', key.keyId);
  const expiresMs = Math.min(nowMs + TOKEN_MS, held?.expiresMs ?? Infinity);
  return given(ctx, caller, { key: key.keyId, refreshToken, expiresMs, nowMs });
}

/** Everybody of a workspace who can act, bots first. */
export async function usersOf(ctx: Pick<HttpContext, 'sql'>, workspaceId: number): Promise<User[]> {
  const [keys, members] = await Promise.all([
    listKeys(ctx.sql, { owner: { workspaceId }, door: 'web1on1' }),
    listMembers(ctx.sql, { workspaceId }),
  ]);
  return [
    ...keys.map(({ id, name }) => ({
      id: toHex24(id),
      name: name || 'Bot',
      role: 'bot',
      email: `bot+${toHex24(id)}@web1on1.chat`,
    })),
    ...members.map(({ id, name, email, role }) => ({ id: toHex24(id), name, role: SCOPE_OF[role], email })),
  ];
}

const SCOPE_OF: Readonly<Record<Role, AccessScope>> = {
  owner: 'admin',
  admin: 'admin',
  marketer: 'agent',
  agent: 'agent',
  viewer: 'viewer',
};

/** What a key of a scope may do. */
const HOLDER_OF: Readonly<Record<AccessScope, Holder>> = {
  viewer: 'viewer',
  guest: 'viewer',
  agent: 'agent',
  bot: 'bot',
  admin: 'admin',
};

/** A key names its scope; one that names none was made by an admin for all there is. */
function ofKey({
  keyId,
  workspaceId,
  scopes,
}: Pick<KeyHolder, 'keyId' | 'scopes'> & { readonly workspaceId?: number }): Caller | Fault {
  if (workspaceId === undefined) return INVALID;
  const scope = SCOPES.findLast((name) => scopes.includes(name)) ?? 'admin';
  const userId = keyId.slice(keyId.indexOf('_') + 1);
  return { userId, scope, holder: HOLDER_OF[scope], workspaceId, actor: `key:${keyId}` };
}

async function ofOperator(
  keyring: Keyring,
  operatorId: number,
  workspaceId: number,
): Promise<Caller | Fault> {
  const role = (await keyring.rolesOf(operatorId)).get(workspaceId);
  if (!role) return INVALID;
  return {
    userId: toHex24(operatorId),
    scope: SCOPE_OF[role],
    holder: role,
    workspaceId,
    actor: `operator:${operatorId}`,
  };
}

async function bySignIn(
  ctx: HttpContext,
  wanted: { email: string; password: string; code: string | undefined; organization: string | undefined },
  nowMs: number,
): Promise<TokenGiven | Fault> {
  const { organization, ...credentials } = wanted;
  const proved = await proveSignIn(ctx, credentials, nowMs);
  if (isFault(proved)) return proved;
  const { token } = await openSession(ctx.sql, proved, nowMs);
  return await forOperator(ctx, proved.id, { token, organization }, nowMs);
}

/** A token for one organization: the one that is named, or the only one. None is chosen for the operator. */
async function forOperator(
  ctx: HttpContext,
  operatorId: number,
  { token, organization }: { token: string; organization: string | undefined },
  nowMs: number,
): Promise<TokenGiven | Fault> {
  const all = await listWorkspaces(ctx.sql, { operatorId });
  const field = 'organization';
  const named = organization?.toLowerCase();
  const fit = all.filter(({ workspace }) => named === undefined || toHex24(workspace.id) === named);
  const [one] = fit;
  if (!all.length) return fault('forbidden', 'You belong to no organization.');
  if (!one) return fault('forbidden', 'organization: you do not belong to it', { field });
  if (fit.length > 1)
    return fault('bad_request', 'organization: is required, since you belong to more than one', { field });
  const caller = await ofOperator(ctx.keyring, operatorId, one.workspace.id);
  if (isFault(caller)) return caller;
  const refreshToken = `${token}.${toHex24(one.workspace.id)}`;
  const behind = { operator: operatorId, session: sha256Hex(token) };
  return given(ctx, caller, { ...behind, refreshToken, expiresMs: nowMs + TOKEN_MS, nowMs });
}

function given(
  ctx: HttpContext,
  caller: Caller,
  grant: {
    key?: string;
    operator?: number;
    session?: string;
    refreshToken: string;
    expiresMs: number;
    nowMs: number;
  },
): TokenGiven {
  const { refreshToken, expiresMs, nowMs, ...behind } = grant;
  const organization = toHex24(caller.workspaceId);
  const scope = scopeText(caller.scope);
  const token = issueAccessToken(ctx.vault, {
    _id: caller.userId,
    organization,
    scope,
    grant_type: 'access_token',
    ...behind,
    iat: Math.floor(nowMs / 1000),
    exp: Math.floor(expiresMs / 1000),
  });
  return {
    tokenType: 'Bearer',
    token,
    refreshToken,
    user: caller.userId,
    organization,
    expiresAt: isoTime(expiresMs),
    scope,
  };
}
