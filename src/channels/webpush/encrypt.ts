/** Encryption of a Web Push message (RFC 8291 over RFC 8188, `aes128gcm`), in one record. node:crypto only. */
import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';

/** The keys of a subscription, as bytes. */
export type SubscriptionKeys = { p256dh: Buffer; auth: Buffer };
/** What is drawn for each message. */
type Drawn = { privateKey: Buffer; salt: Buffer };

const RECORD_BYTES = 4096;
const HEADER_BYTES = 16 + 4 + 1 + 65;
/** The most a message can be: a body is at most 4096 bytes (RFC 8291 §4), of which header, tag and delimiter take 103. */
export const LARGEST_PLAINTEXT = RECORD_BYTES - HEADER_BYTES - 16 - 1;

/**
 * The body of a push. Undefined when the browser's key is no point of the curve: such a subscription can be sent
 * nothing. `drawn` is random when absent.
 */
export function encryptPush(plain: Buffer, keys: SubscriptionKeys, drawn?: Drawn): Buffer | undefined {
  const ours = createECDH('prime256v1');
  if (drawn) ours.setPrivateKey(drawn.privateKey);
  else ours.generateKeys();
  const salt = drawn?.salt ?? randomBytes(16);
  const ourPublic = ours.getPublicKey();
  let shared: Buffer;
  try {
    shared = ours.computeSecret(keys.p256dh);
  } catch {
    return undefined;
  }
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.p256dh, ourPublic]);
  const secret = Buffer.from(hkdfSync('sha256', shared, keys.auth, info, 32));
  const contentKey = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: aes128gcm\0', 16));
  const nonce = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: nonce\0', 12));
  const cipher = createCipheriv('aes-128-gcm', contentKey, nonce);
  // The delimiter 2 says that this is the last record.
  const sealed = [cipher.update(plain), cipher.update(Buffer.of(2)), cipher.final(), cipher.getAuthTag()];
  const sizes = Buffer.alloc(5);
  sizes.writeUInt32BE(RECORD_BYTES, 0);
  sizes.writeUInt8(ourPublic.length, 4);
  return Buffer.concat([salt, sizes, ourPublic, ...sealed]);
}
