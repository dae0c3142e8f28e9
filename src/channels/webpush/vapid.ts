/** How a server names itself to push services (VAPID, RFC 8292): a key pair, and a JWT for each push service. */
import { createECDH, createPrivateKey } from 'node:crypto';
import { signedJwt } from '../kit/jwt.ts';

/** A key pair: the private scalar and the uncompressed public point, both base64url. */
type VapidKeys = { publicKey: string; privateKey: string };

/** Says `Authorization` for an endpoint's origin. */
export type Vapid = { publicKey: string; authorization(origin: string, nowMs: number): string };

/** At most 24 hours (RFC 8292 §2); half of that leaves room for clocks that differ. */
const LIFE_S = 12 * 3600;
const RENEW_MS = (LIFE_S * 1000) / 2;
/** Origins come from browsers, so anybody can bring new ones; there are about five real ones. */
const MOST_ORIGINS = 100;

/** A new key pair. */
export function generateVapidKeys(): VapidKeys {
  const pair = createECDH('prime256v1');
  const publicKey = pair.generateKeys('base64url');
  // Leading zeros are not in what node gives, and browsers' libraries expect 32 bytes.
  return { publicKey, privateKey: padded(pair.getPrivateKey()).toString('base64url') };
}

/** The public key of a private key; undefined when it is none. */
export function vapidPublicKey(privateKey: string): string | undefined {
  const bytes = Buffer.from(privateKey, 'base64url');
  if (bytes.length === 0 || bytes.length > 32) return undefined;
  try {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(padded(bytes));
    return pair.getPublicKey('base64url');
  } catch {
    return undefined;
  }
}

/** Signs with a key; undefined when it is none. A JWT is kept for each origin: signing is 0.1 ms, a third of what a message costs. */
export function vapidOf(privateKey: string, subject: string): Vapid | undefined {
  const publicKey = vapidPublicKey(privateKey);
  if (!publicKey) return undefined;
  const point = Buffer.from(publicKey, 'base64url');
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: padded(Buffer.from(privateKey, 'base64url')).toString('base64url'),
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  });
  const kept = new Map<string, { value: string; madeMs: number }>();
  return {
    publicKey,
    authorization(origin, nowMs) {
      const found = kept.get(origin);
      if (found && Math.abs(nowMs - found.madeMs) < RENEW_MS) return found.value;
      const claims = { aud: origin, exp: Math.floor(nowMs / 1000) + LIFE_S, sub: subject };
      const jwt = signedJwt({ typ: 'JWT', alg: 'ES256' }, claims, key);
      const value = `vapid t=${jwt}, k=${publicKey}`;
      if (kept.size >= MOST_ORIGINS) kept.clear();
      kept.set(origin, { value, madeMs: nowMs });
      return value;
    },
  };
}

function padded(scalar: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, 32 - scalar.length)), scalar]);
}
