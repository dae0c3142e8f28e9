/**
 * Access tokens: what a door hands out for a key or a sign-in, in the form of a JWT, since clients of the Web1on1 API read its
 * claims (api/web1on1.md §B.1). Only this install can make one: the signature is the tag of the vault's cipher over the first
 * two parts, so no key of its own has to be kept. Whether the key behind a token is still good is for who reads it.
 */
import type { Vault } from '../base/crypto.ts';
import { isObject } from '../base/objects.ts';

/** What a token says. Times in seconds, as JWT has them. */
type AccessClaims = {
  /** The user that the token acts as. */
  _id: string;
  organization: string;
  /** Names with spaces between, from least to most. */
  scope: string;
  grant_type: 'access_token';
  /** The key it was given for; without, the operator who signed in. */
  key?: string;
  operator?: number;
  /** Hash of the token of the session that the operator signed in with: the access token ends with it. */
  session?: string;
  iat: number;
  exp?: number;
};

/** From least to most; whoever has one has those before it. */
export const SCOPES = ['viewer', 'guest', 'agent', 'bot', 'admin'] as const;
/** What a token may do. */
export type AccessScope = (typeof SCOPES)[number];

/** A scope with all below it, as claims have it. */
export function scopeText(scope: AccessScope): string {
  return SCOPES.slice(0, SCOPES.indexOf(scope) + 1).join(' ');
}

/** Makes a token. */
export function issueAccessToken(vault: Vault, claims: AccessClaims): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'A256GMAC', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${vault.seal('', contextOf(text)).toString('base64url')}`;
}

/** The claims of a token that this install made; undefined for any other text. Says nothing of its time. */
export function readAccessToken(vault: Vault, token: string): AccessClaims | undefined {
  const [head, body, signature, ...more] = token.split('.');
  if (!head || !body || !signature || more.length > 0) return undefined;
  if (vault.open(Buffer.from(signature, 'base64url'), contextOf(`${head}.${body}`)) === undefined)
    return undefined;
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  return isObject(claims) ? (claims as AccessClaims) : undefined;
}

function contextOf(text: string): string {
  return `access token:${text}`;
}
