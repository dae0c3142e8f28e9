/**
 * The provider token that signs requests to APNs in. Apple refuses one older than 60 minutes, and answers
 * TooManyProviderTokenUpdates when a key makes a new one within 20. So there is one per key, kept for the process:
 * two integrations with the same key, or one that is opened anew, share it.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { sha256Hex } from '../../base/crypto.ts';
import { signedJwt } from '../kit/jwt.ts';

/** The tokens of one key. */
export type ProviderTokens = {
  /** The token to use now. */
  current(nowMs: number): string;
  /** Puts another in place of one that Apple takes for too old. False when it is too early for that. */
  replace(token: string, nowMs: number): boolean;
};

const RENEW_MS = 40 * 60_000;
const SOONEST_MS = 20 * 60_000;

type Kept = { token: string; madeMs: number };
const kept = new Map<string, Kept>();

/** The tokens of a key; undefined when `pem` is not a P-256 private key. */
export function providerTokens(keyId: string, teamId: string, pem: string): ProviderTokens | undefined {
  const key = ecKeyOf(pem);
  if (!key) return undefined;
  const name = sha256Hex(JSON.stringify([keyId, teamId, pem]));
  const make = (nowMs: number): Kept => {
    const claims = { iss: teamId, iat: Math.floor(nowMs / 1000) };
    const made = { token: signedJwt({ alg: 'ES256', kid: keyId }, claims, key), madeMs: nowMs };
    kept.set(name, made);
    return made;
  };
  return {
    current(nowMs) {
      const found = kept.get(name);
      const fresh = found && nowMs >= found.madeMs && nowMs - found.madeMs < RENEW_MS;
      return (fresh ? found : make(nowMs)).token;
    },
    replace(token, nowMs) {
      const found = kept.get(name);
      if (found && found.token !== token) return true;
      if (found && nowMs - found.madeMs < SOONEST_MS) return false;
      make(nowMs);
      return true;
    },
  };
}

function ecKeyOf(pem: string): KeyObject | undefined {
  try {
    // A key that passed through an environment variable often has its line ends written out.
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
