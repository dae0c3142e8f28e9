/** Mail addresses in one form. Only what a mail server is likely to take: no quotes, comments, or bare host names. */
import { domainToASCII } from 'node:url';
import { type Fault, fault } from '../base/fault.ts';

// RFC 5321 §4.5.3.1: 64 octets before the @, 254 for what fits in a path.
const MAX = { whole: 254, local: 64 };
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const GIVEN_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/;

/** The address trimmed, its domain in lower case and in ASCII. The part before the @ is left as it is. */
export function normaliseEmail(value: unknown, path = 'email'): string | Fault {
  if (typeof value !== 'string') return refuse(path);
  // No part of an address that is taken has a character that is not seen; those that are copied along are no part of it.
  const trimmed = value.replaceAll(/[\p{Cf}\p{Variation_Selector}]/gu, '').trim();
  const at = trimmed.lastIndexOf('@');
  const local = trimmed.slice(0, Math.max(at, 0));
  const given = trimmed.slice(at + 1);
  if (local.length > MAX.local || !LOCAL.test(local) || !GIVEN_DOMAIN.test(given)) return refuse(path);
  const domain = domainToASCII(given).toLowerCase();
  const address = `${local}@${domain}`;
  return DOMAIN.test(domain) && address.length <= MAX.whole ? address : refuse(path);
}

function refuse(path: string): Fault {
  return fault('bad_request', `${path}: must be an e-mail address of at most ${MAX.whole} characters`, {
    field: path,
  });
}
