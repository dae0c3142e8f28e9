/**
 * MessageBird's signature of classic webhooks: a JWT in a header whose claims hold the hash of the URL and, when
 * there is one, of the body. Checked by hand because `receive` is synchronous and the official SDK's middleware
 * lets forged tokens through (it does not await its own check).
 */
import { createHmac } from 'node:crypto';
import { sameText, sha256Hex } from '../../base/crypto.ts';
import type { CallbackRequest } from '../adapter.ts';
import { jsonObject } from '../kit/outcome.ts';

/** `none` and everything with a public key are left out: the algorithm is chosen by whoever sends the token. */
const HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };
/** Clocks differ. */
const LEEWAY_MS = 1_000;

/** Whether the request carries a token that was signed with the key, for this URL, this body and this time. */
export function isMessageBirdSigned(request: CallbackRequest, key: string): boolean {
  const header = request.headers['messagebird-signature-jwt'];
  const token = Array.isArray(header) ? header[0] : header;
  if (!token || !key) return false;
  const [head, claims, signature, more] = token.split('.');
  if (!head || !claims || !signature || more !== undefined) return false;
  const algorithm = decoded(head)?.alg;
  const hash =
    typeof algorithm === 'string' && Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  if (!hash) return false;
  const expected = createHmac(hash, key).update(`${head}.${claims}`).digest('base64url');
  return sameText(signature.replace(/=+$/, ''), expected) && claimsHold(decoded(claims), request);
}

function decoded(part: string): Record<string, unknown> | undefined {
  return jsonObject(Buffer.from(part, 'base64url').toString('utf8'));
}

function claimsHold(claims: Record<string, unknown> | undefined, request: CallbackRequest): boolean {
  if (!claims || claims.iss !== 'MessageBird') return false;
  if (claims.url_hash !== sha256Hex(request.url)) return false;
  if (
    request.body.length > 0
      ? claims.payload_hash !== sha256Hex(request.body)
      : claims.payload_hash !== undefined
  )
    return false;
  const nowMs = request.receivedAtMs;
  if (nowMs === undefined) return true;
  const { nbf, exp } = claims;
  if (typeof exp !== 'number' || nowMs > exp * 1000 + LEEWAY_MS) return false;
  return nbf === undefined || (typeof nbf === 'number' && nowMs >= nbf * 1000 - LEEWAY_MS);
}
