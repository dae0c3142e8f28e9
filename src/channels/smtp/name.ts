/**
 * The name of a delivery as its mail carries it: in the Message-ID, the envelope id and the bounce address. It is signed, since
 * anybody can send mail to a bounce address, and ids of one import lie close enough together to be tried out: a bounce that was
 * made up must not suppress somebody. The key is that of the integration's callbacks, which is in both URLs.
 */
import { hmac, sameText } from '../../base/crypto.ts';

/** 48 bits: nobody tries them all over the network. Lower case, since some servers change the case of addresses. */
const TAG_LENGTH = 12;

/** `<ref>-<tag>`: at most 40 characters where the ref is one of ours, so that a bounce address stays within the 64 of a local part. */
export function nameOf(ref: string, callbackUrl: string): string {
  return `${ref}-${tagOf(ref, callbackUrl)}`;
}

/** The ref in a name that we gave; undefined when it is not ours, or another integration's. */
export function refNamed(name: string, callbackUrl: string): string | undefined {
  const [, ref, tag] = /^([a-z0-9._~-]{1,40})-([0-9a-f]{12})$/.exec(name.toLowerCase()) ?? [];
  return ref !== undefined && sameText(tag!, tagOf(ref, callbackUrl)) ? ref : undefined;
}

/** The ref that a Message-ID of ours names, with or without its brackets. */
export function refInMessageId(id: string, callbackUrl: string): string | undefined {
  const name = /^<?([^<>@\s]{1,64})@[^<>@\s]+>?$/.exec(id.trim())?.[1];
  return name === undefined ? undefined : refNamed(name, callbackUrl);
}

/** The bounce address of one delivery: `bounce@mail.example` becomes `bounce+<name>@mail.example`. */
export function bounceAddressOf(bounceAddress: string, name: string): string {
  const at = bounceAddress.lastIndexOf('@');
  return `${bounceAddress.slice(0, at)}+${name}${bounceAddress.slice(at)}`;
}

/** The subject of a mail by which a mail program takes its person out of what it got (RFC 2369), at an address that holds the delivery’s name. */
export const LEAVING = 'unsubscribe';

/** The ref that a bounce address names. */
export function refInBounceAddress(address: string, callbackUrl: string): string | undefined {
  const name = /\+([^+@\s]{1,64})@[^@\s]+$/.exec(address)?.[1];
  return name === undefined ? undefined : refNamed(name, callbackUrl);
}

function tagOf(ref: string, callbackUrl: string): string {
  // …/callbacks/<integration>/<key>/<purpose>?ref=…: the purpose differs between sending and receiving, and so may the host.
  const key = callbackUrl.split(/[?#]/)[0]!.split('/').slice(-3, -1).join('/');
  return hmac('sha256', key, `mail ${ref.toLowerCase()}`, 'hex').slice(0, TAG_LENGTH);
}
