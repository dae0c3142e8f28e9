/**
 * A push certificate (`.p12` with a password), with which one connects to APNs instead of signing each request. It is read to what
 * TLS takes: files that keychains write are encrypted in ways that OpenSSL does not open any more (RC2, RFC 7292 appendix B), so a
 * library does that.
 */
import { createRequire } from 'node:module';
import type forge from 'node-forge';

/** What a certificate is good for. */
type ApnsCertificate = {
  /** PEM, the leaf first. */
  cert: string;
  key: string;
  /** The bundle id it was made for. */
  topic: string | undefined;
  /** Whether it is for the App Store's apps: Apple's mark says so; undefined when it has none. */
  production: boolean | undefined;
  endsMs: number;
};

/** Attribute UID (RFC 4519 §2.39): in it Apple writes the bundle id. */
const UID = '0.9.2342.19200300.100.1.1';
/** Apple's marks of what a push certificate connects to (Apple, "WWDR Certificate Practice Statement", §4.11.4). */
const DEVELOPMENT = '1.2.840.113635.100.6.3.1';
const PRODUCTION = '1.2.840.113635.100.6.3.2';

/** A key of 4,096 bits with a chain of four certificates has a fifth of this; the library takes long over what is made to be slow. */
const LONGEST = 32 * 1024;

/** Reads one; `wrong` says why it cannot be used. */
export function readCertificate(base64: string, password: string): ApnsCertificate | { wrong: string } {
  if (base64.length > LONGEST) return { wrong: 'is larger than any certificate for push' };
  const lib = library();
  let store: forge.pkcs12.Pkcs12Pfx;
  try {
    const der = lib.util.createBuffer(Buffer.from(base64, 'base64').toString('latin1'));
    store = lib.pkcs12.pkcs12FromAsn1(lib.asn1.fromDer(der), false, password);
  } catch (error) {
    return {
      wrong: /password|mac could not/i.test((error as Error).message)
        ? 'the password does not open it'
        : 'is not a .p12 file in base64',
    };
  }
  const { oids } = lib.pki;
  const bags = (type: string | undefined) => store.getBags({ bagType: type! })[type!] ?? [];
  const key = [...bags(oids['pkcs8ShroudedKeyBag']), ...bags(oids['keyBag'])].find((bag) => bag.key)?.key;
  if (!key) return { wrong: 'holds no private key of RSA' };
  const { n } = key;
  const chain = bags(oids['certBag']).flatMap(({ cert }) => cert ?? []);
  const leaf = chain.find((one) => (one.publicKey as forge.pki.rsa.PublicKey).n?.equals(n));
  if (!leaf) return { wrong: 'holds no certificate of its private key' };
  const has = (oid: string) => leaf.extensions.some(({ id }: { id?: string }) => id === oid);
  const uid = leaf.subject.attributes.find(({ type }) => type === UID)?.value;
  return {
    cert: [leaf, ...chain.filter((one) => one !== leaf)].map((one) => lib.pki.certificateToPem(one)).join(''),
    key: lib.pki.privateKeyToPem(key),
    topic: typeof uid === 'string' ? uid : undefined,
    production: has(PRODUCTION) ? true : has(DEVELOPMENT) ? false : undefined,
    endsMs: leaf.validity.notAfter.getTime(),
  };
}

/** Loaded when there is a certificate to read: few installs have one. */
function library(): typeof forge {
  return createRequire(import.meta.url)('node-forge') as typeof forge;
}
