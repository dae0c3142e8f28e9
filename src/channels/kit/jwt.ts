/** Signed JSON Web Tokens as push services take them: APNs and Web Push (ES256), Google (RS256). node:crypto only. */
import { type KeyObject, sign } from 'node:crypto';

/** A JWT signed with SHA-256. An EC signature is r and s next to each other (RFC 7518 §3.4); RSA's is PKCS #1 v1.5. */
export function signedJwt(header: object, claims: object, key: KeyObject): string {
  const head = `${encoded(header)}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(head), { key, dsaEncoding: 'ieee-p1363' });
  return `${head}.${signature.toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
