/**
 * Who is calling. Credentials of a door in, a caller out, or a fault: `unauthorized` when there are none, `invalid_auth`
 * when they are not good. Says who, never what they may do to which object: that is for the door and `can`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { sameText, sha256Hex } from '../base/crypto.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { isObject } from '../base/objects.ts';
import type { DoorName, HeldKey, Keyring } from './keys.ts';
import { can } from './roles.ts';
import { isRole, ROLES, type Action, type Role } from '../../contract/roles.ts';

/** A caller of the Sunshine door (api/sunshine.md §1.2). An account reaches the workspaces of its operator: `keyring.rolesOf`. */
export type SunshineCaller =
  | { scope: 'account'; operatorId: number; keyId: string }
  | { scope: 'app'; workspaceId: number; keyId: string }
  | { scope: 'appUser'; workspaceId: number; userId: string; keyId: string };

/** A caller of the console door: an operator in a session, or a key in a role. */
export type ConsoleCaller = {
  operatorId?: number;
  keyId?: string;
  /** Role by workspace: the workspaces the caller reaches. */
  roles: ReadonlyMap<number, Role>;
};

/** The holder of a compared key, of any door but Sunshine. */
export type KeyHolder = {
  keyId: string;
  workspaceId?: number;
  operatorId?: number;
  scopes: readonly string[];
};

/** Credentials longer than this are no credentials. */
const MAX_AUTHORIZATION = 8192;

/** Authenticates a request to the Sunshine door by its Authorization header: a token signed with HS256, or key id and secret. */
export async function authenticateSunshine(
  keyring: Keyring,
  request: { authorization: string | undefined; nowMs: number },
): Promise<SunshineCaller | Fault> {
  const given = readAuthorization(request.authorization);
  if (isFault(given)) return given;
  return given.scheme === 'bearer'
    ? await bySignedToken(keyring, given.value, request.nowMs)
    : await bySecret(keyring, given.value, request.nowMs);
}

/** Authenticates a request to the console door by `Bearer`: a session's token, or a console key's. */
export async function authenticateConsole(
  keyring: Keyring,
  request: { authorization: string | undefined; nowMs: number },
): Promise<ConsoleCaller | Fault> {
  const given = readAuthorization(request.authorization);
  if (isFault(given)) return given;
  if (given.scheme === 'bearer' && given.value.startsWith('ses_')) {
    const caller = await behindSession(keyring, await keyring.session(given.value), request.nowMs);
    return caller ?? invalid(await whyOver(keyring, given.value));
  }
  const key = await authenticateKey(keyring, { ...request, door: 'console' });
  return isFault(key) ? key : await behindKey(keyring, key);
}

const OVER = {
  signed_out: 'You have signed out; sign in again.',
  elsewhere: 'This session was ended from another one of yours; sign in again.',
  password: 'Your password was changed, which ends all sessions; sign in with the new one.',
} as const;

async function whyOver(keyring: Keyring, token: string): Promise<string> {
  const ending = await keyring.endingOf(token);
  if (!ending) return 'The session is over or never was; sign in again.';
  return ending.by === null ? 'Your session has expired; sign in again.' : OVER[ending.by];
}

/** Who it is by now that was let in before, by the hash of the session's token or by the console key; undefined for nobody. */
export async function authenticateAgain(
  keyring: Keyring,
  by: { sessionHash: string } | { keyId: string },
  nowMs: number,
): Promise<ConsoleCaller | undefined> {
  if ('sessionHash' in by)
    return await behindSession(keyring, await keyring.sessionByHash(by.sessionHash), nowMs);
  const key = await keyring.key('console', by.keyId);
  const caller = key && isInTime(key, nowMs) ? await behindKey(keyring, key) : undefined;
  return isFault(caller) ? undefined : caller;
}

async function behindSession(
  keyring: Keyring,
  session: { operatorId: number; expiresMs: number } | undefined,
  nowMs: number,
): Promise<ConsoleCaller | undefined> {
  if (!session || session.expiresMs <= nowMs) return undefined;
  return { operatorId: session.operatorId, roles: await keyring.rolesOf(session.operatorId) };
}

async function behindKey(keyring: Keyring, key: KeyHolder): Promise<ConsoleCaller | Fault> {
  const role = key.scopes[0];
  if (!isRole(role)) return invalid('The key has no role.');
  if (key.workspaceId !== undefined) return { keyId: key.keyId, roles: new Map([[key.workspaceId, role]]) };
  const roles = atMost(role, await keyring.rolesOf(key.operatorId!));
  return { keyId: key.keyId, operatorId: key.operatorId!, roles };
}

/** True when a caller may do something in a workspace. One it does not reach is not there for it. */
export function mayConsole(caller: ConsoleCaller, workspaceId: number, action: Action): true | Fault {
  const role = caller.roles.get(workspaceId);
  return role === undefined ? fault('not_found', 'There is no such workspace.') : can(role, action);
}

/**
 * Authenticates by a compared key: `Bearer <token>`, `Basic <key id>:<secret>`, or the token by itself where a door has a
 * header of its own (`token`).
 */
export async function authenticateKey(
  keyring: Keyring,
  request: {
    door: Exclude<DoorName, 'sunshine'>;
    authorization?: string | undefined;
    token?: string;
    nowMs: number;
  },
): Promise<KeyHolder | Fault> {
  const given =
    request.token === undefined
      ? readAuthorization(request.authorization)
      : ({ scheme: 'bearer', value: request.token } as const);
  if (isFault(given)) return given;
  const pair = splitAt(given.value, given.scheme === 'bearer' ? '.' : ':');
  const key = pair && (await keyring.key(request.door, pair[0]));
  if (!pair || !key || !isInTime(key, request.nowMs) || !sameText(sha256Hex(pair[1]), key.secretHash!))
    return invalid('The key is not valid.');
  return {
    keyId: key.keyId,
    ...(key.workspaceId === undefined ? {} : { workspaceId: key.workspaceId }),
    ...(key.operatorId === undefined ? {} : { operatorId: key.operatorId }),
    scopes: key.scopes,
  };
}

/** A token of scope `app` signed with a key of the workspace, for callers that cannot sign (api/sunshine.md §1.2, `GET …/jwt`). */
export async function signAppToken(
  keyring: Keyring,
  input: { workspaceId: number; keyId: string; nowMs: number },
): Promise<string | Fault> {
  const key = await keyring.key('sunshine', input.keyId);
  if (!key?.signingKey || key.workspaceId !== input.workspaceId || !isInTime(key, input.nowMs))
    return fault('not_found', 'There is no such key.');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = part({ alg: 'HS256', typ: 'JWT', kid: key.keyId });
  const text = `${header}.${part({ scope: 'app', iat: Math.floor(input.nowMs / 1000) })}`;
  return `${text}.${createHmac('sha256', key.signingKey).update(text).digest('base64url')}`;
}

/** An operator's roles through a key of the operator's: never more than the role of the key. */
function atMost(role: Role, roles: ReadonlyMap<number, Role>): ReadonlyMap<number, Role> {
  const weaker = (own: Role): Role => (ROLES.indexOf(own) > ROLES.indexOf(role) ? own : role);
  return new Map([...roles].map(([workspaceId, own]) => [workspaceId, weaker(own)]));
}

function readAuthorization(
  header: string | undefined,
): { scheme: 'bearer' | 'basic'; value: string } | Fault {
  if (!header?.trim()) return fault('unauthorized', 'Authorization is required');
  const parts = /^(bearer|basic) +(\S+) *$/i.exec(header.slice(0, MAX_AUTHORIZATION + 1));
  if (!parts || header.length > MAX_AUTHORIZATION)
    return invalid('The Authorization header must be “Bearer <token>” or “Basic <credentials>”.');
  const scheme = parts[1]!.toLowerCase() as 'bearer' | 'basic';
  const value = parts[2]!;
  return { scheme, value: scheme === 'basic' ? Buffer.from(value, 'base64').toString('utf8') : value };
}

async function bySecret(
  keyring: Keyring,
  credentials: string,
  nowMs: number,
): Promise<SunshineCaller | Fault> {
  const pair = splitAt(credentials, ':');
  const key = pair && (await keyring.key('sunshine', pair[0]));
  if (!pair || !key || !isInTime(key, nowMs) || !sameText(pair[1], key.secret!))
    return invalid('The key id or secret is not valid.');
  // Basic acts for the owner of the key, never for one of its users.
  return key.workspaceId === undefined
    ? { scope: 'account', operatorId: key.operatorId!, keyId: key.keyId }
    : { scope: 'app', workspaceId: key.workspaceId, keyId: key.keyId };
}

/**
 * A JWT as smooch-core signs it: three parts, HS256 and nothing else (RFC 8725 §3.1), the secret's characters as the key.
 * By hand rather than with jose, whose WebCrypto calls cost several times as much (measured: 6 against 65 µs).
 */
async function bySignedToken(
  keyring: Keyring,
  token: string,
  nowMs: number,
): Promise<SunshineCaller | Fault> {
  const [head, body, signature, ...more] = token.split('.');
  if (!head || !body || !signature || more.length > 0) return invalid('The token is not a JWT.');
  const header = readJson(head);
  if (!header || header['alg'] !== 'HS256' || 'crit' in header || typeof header['kid'] !== 'string')
    return invalid('The token needs a header with alg HS256 and the key id as kid.');
  const key = await keyring.key('sunshine', header['kid']);
  if (!key || !isInTime(key, nowMs) || !isSignedBy(key, `${head}.${body}`, signature))
    return invalid("The token's key id or signature is not valid.");
  const claims = readJson(body);
  return claims ? callerOf(key, claims, nowMs) : invalid('The claims of the token must be a JSON object.');
}

/** What the claims of a token with a good signature amount to. */
function callerOf(key: HeldKey, claims: Record<string, unknown>, nowMs: number): SunshineCaller | Fault {
  const { exp, nbf, scope, userId } = claims;
  const nowS = nowMs / 1000;
  if (exp !== undefined && !(typeof exp === 'number' && nowS < exp)) return invalid('The token is expired.');
  if (nbf !== undefined && !(typeof nbf === 'number' && nowS >= nbf))
    return invalid('The token is not valid yet.');
  if (userId !== undefined && (typeof userId !== 'string' || userId === ''))
    return invalid('The userId claim must be a string.');
  if (typeof scope !== 'string' || !key.scopes.includes(scope))
    return invalid(`The scope claim must be ${key.scopes.join(' or ')} for this key.`);
  const { keyId } = key;
  if (scope === 'account') return { scope, operatorId: key.operatorId!, keyId };
  const workspaceId = key.workspaceId!;
  if (scope === 'app') return { scope, workspaceId, keyId };
  return typeof userId === 'string'
    ? { scope: 'appUser', workspaceId, userId, keyId }
    : invalid('A token of scope appUser needs the userId claim.');
}

function isSignedBy(key: HeldKey, text: string, signature: string): boolean {
  if (!/^[\w-]{43}$/.test(signature)) return false;
  const expected = createHmac('sha256', key.signingKey!).update(text).digest();
  return timingSafeEqual(Buffer.from(signature, 'base64url'), expected);
}

function isInTime(key: HeldKey, nowMs: number): boolean {
  return key.expiresMs === undefined || nowMs < key.expiresMs;
}

function readJson(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function splitAt(text: string, mark: string): [string, string] | undefined {
  const at = text.indexOf(mark);
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(message: string): Fault {
  return fault('invalid_auth', message);
}
