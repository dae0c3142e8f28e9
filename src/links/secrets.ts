/** Codes and tokens that carry the bucket of their row in clear and are stored as a hash. Pure but for the dice. */
import { randomToken, sha256Hex } from '../base/crypto.ts';
import { bucketOf } from '../base/ids.ts';
import type { SecretKey } from './sql.access.ts';

/** A secret: its text is for the one who may use it, its key is where its row is. */
type Secret = SecretKey & { text: string };

/** Makes and reads secrets that begin alike and carry `bytes` bytes of chance. */
type SecretForm = {
  make(contactId: number): Secret;
  /** The key of a text, when it has the form. */
  keyOf(text: string): SecretKey | undefined;
};

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A form. Two digits of base64url are twelve bits: just a bucket. */
export function secretForm(prefix: string, bytes: number): SecretForm {
  const pattern = new RegExp(`^${prefix}([\\w-]{2})[\\w-]{${Math.ceil((bytes * 4) / 3)}}$`);
  return {
    make(contactId) {
      const bucket = bucketOf(contactId);
      const text = prefix + DIGITS[bucket >> 6]! + DIGITS[bucket & 63]! + randomToken(bytes);
      return { text, bucket, hash: sha256Hex(text) };
    },
    keyOf(text) {
      const digits = pattern.exec(text)?.[1];
      if (digits === undefined) return undefined;
      const bucket = DIGITS.indexOf(digits[0]!) * 64 + DIGITS.indexOf(digits[1]!);
      return { bucket, hash: sha256Hex(text) };
    },
  };
}
