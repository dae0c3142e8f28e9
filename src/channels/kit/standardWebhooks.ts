/**
 * Standard Webhooks signatures (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body` with the bytes behind
 * `whsec_`. For providers that sign with it, and for what we send to them.
 */
import { hmac, sameText } from '../../base/crypto.ts';
import type { CallbackRequest } from '../adapter.ts';

/** How far a timestamp may be from now. */
const TOLERANCE_MS = 5 * 60_000;

/** The key in a secret; a secret without the prefix is taken as the key in base64 too. */
export function signingKey(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/** The three headers of a signed request. */
export function signatureHeaders(
  key: Buffer,
  request: { id: string; nowMs: number; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(request.nowMs / 1000));
  return {
    'webhook-id': request.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${hmac('sha256', key, `${request.id}.${timestamp}.${request.body}`, 'base64')}`,
  };
}

/** Whether a request is signed with the key, and not too long ago. One of several signatures suffices (key rotation). */
export function isSigned(request: CallbackRequest, key: Buffer): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  });
  if (!id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp) || key.length === 0) return false;
  const nowMs = request.receivedAtMs;
  if (nowMs !== undefined && Math.abs(nowMs - Number(timestamp) * 1000) > TOLERANCE_MS) return false;
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]);
  const expected = `v1,${hmac('sha256', key, signed, 'base64')}`;
  return signatures.split(' ').some((given) => sameText(given, expected));
}
