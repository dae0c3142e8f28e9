/** Hashes, signatures, random text and sealing of secrets. node:crypto only. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

/** SHA-256 of a text or bytes, hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** HMAC in the given encoding. */
export function hmac(
  algorithm: 'sha1' | 'sha256',
  key: string | Uint8Array,
  data: string | Uint8Array,
  encoding: 'hex' | 'base64',
): string {
  return createHmac(algorithm, typeof key === 'string' ? key : asKey(key))
    .update(data)
    .digest(encoding);
}

const keys = new WeakMap<Uint8Array, KeyObject>();

/** Bytes as a key, made once: given bytes, Node's `createHmac` first takes them for a key object and throws, 21 µs a call (24.21). */
function asKey(bytes: Uint8Array): KeyObject {
  const known = keys.get(bytes);
  if (known) return known;
  const key = createSecretKey(bytes);
  keys.set(bytes, key);
  return key;
}

/** Compares two texts in time that does not depend on where they differ; that they differ in length may show. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Random URL-safe text with `bytes` bytes of entropy. */
export function randomToken(bytes = 24): string {
  return randomBytes(bytes).toString('base64url');
}

/** A signed 32-bit hash of a text: the distribution key of lookup tables (identities, idempotency). Stable for ever. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  // FNV-1a alone leaves the high bits poor for short texts; murmur3's finalizer spreads them.
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A hash of 53 bits, from 1 up: a key that is safe in JavaScript, for what is unique within a contact. SHA-256. */
export function hash53(text: string): number {
  const digest = createHash('sha256').update(text).digest();
  return Math.max(1, digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11));
}

/** Seals and opens texts: AES-256-GCM, the context bound in, so that a secret cannot be moved to another row. */
export type Seal = {
  seal(plain: string, context: string): Buffer;
  /** The plain text, or undefined when the bytes were not sealed by this key for this context. */
  open(sealed: Uint8Array, context: string): string | undefined;
};

/** The secrets of an install at rest. */
export type Vault = Seal & {
  /** For what is out in the world, in addresses of messages: sealed under a secret that outlives rotations of the install's. */
  lasting: Seal;
  /** That secret. */
  lastingSecret: string;
};

const SEAL_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A vault whose key is derived from the install's secret (PARLEY_SECRET), and from the one it was made with. */
export function vault(secret: string, lastingSecret = secret): Vault {
  const seal = sealUnder(secret);
  const lasting = lastingSecret === secret ? seal : sealUnder(lastingSecret);
  return { ...seal, lasting, lastingSecret };
}

const NONCES_DRAWN = 256;
let drawn = Buffer.alloc(0);

/** Random bytes that are used once. They are drawn for many: most of what twelve cost is the call, and each marketing mail seals its way out. */
function nextNonce(): Buffer {
  if (!drawn.length) drawn = randomBytes(NONCES_DRAWN * NONCE_BYTES);
  const nonce = drawn.subarray(0, NONCE_BYTES);
  drawn = drawn.subarray(NONCE_BYTES);
  return nonce;
}

function sealUnder(secret: string): Seal {
  // A key object is imported once; a plain buffer would be at every seal, which costs three times the sealing.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'parley', 'vault-1', 32)));
  return {
    seal(plain, context) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(SEAL_VERSION), nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== SEAL_VERSION || bytes.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined;
      const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
      const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce)
          .setAAD(Buffer.from(context))
          .setAuthTag(tag);
        const body = bytes.subarray(1 + NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
