/** What callers write, read strictly: what is not known is refused, so that a misspelt field is not silently left out. */
import { beginningOf } from '../../base/text.ts';
import type { Static, TObject } from 'typebox';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { WHATSAPP_USER_ID, type ChannelName } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import type { Identity } from '../../contacts/keys.ts';
import { ADDRESS_BYTES } from '../../contacts/keys.ts';
import { withHtml } from '../../content/mjml.ts';
import { normaliseEmail } from '../../content/address.ts';
import { checkContent } from '../../content/check.ts';
import { compile } from '../../content/compile.ts';
import { normalisePhone } from '../../content/phone.ts';
import { readBody } from '../kit/body.ts';

/** The body by its schema; a fault for a field it does not name. Without a schema there is nothing to say. */
export function readStrictly<S extends TObject>(
  schema: S | undefined,
  body: unknown,
): Static<S> | Fault | undefined {
  if (!schema) {
    if (body === undefined) return undefined;
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return breaks('body', 'must be absent, or an empty JSON object');
    const [odd] = Object.keys(body);
    return odd === undefined ? undefined : notKnown(shown(odd));
  }
  const read = readBody(schema, body);
  if (isFault(read)) return read;
  const odd = firstDropped(body, read, '');
  return odd === undefined ? read : notKnown(odd);
}

/** The first name in a query that a route does not know, or that is given twice. */
export function oddQuery(
  query: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Fault | undefined {
  for (const [name, value] of Object.entries(query)) {
    if (!known.includes(name)) return notKnown(shown(name));
    if (Array.isArray(value)) return breaks(name, 'is given twice');
  }
  return undefined;
}

/** Content that can be sent, or the first rule it breaks. MJML has become HTML, in the turns of the workspace it is of. */
export async function readContent(given: unknown, path: string, whose: number): Promise<Content | Fault> {
  const value = await withHtml(given, path, whose);
  if (isFault(value)) return value;
  const content = checkContent(value, path);
  if (isFault(content)) return content;
  const odd = firstDropped(value, content, path);
  if (odd !== undefined) return notKnown(odd);
  const compiled = compile(content, { path });
  return isFault(compiled) ? compiled : content;
}

/** An address in the one form it is stored in, and what it says about whose it is. */
export type Addressed = { channel: ChannelName; address: string; identity?: Identity };

/** The address on a channel that a caller wrote. Numbers without a country code are of the workspace's country. */
export function readAddress(
  channel: ChannelName,
  text: string,
  field: string,
  country: string,
): Addressed | Fault {
  switch (channel) {
    case 'sms':
    case 'whatsapp':
    case 'voice': {
      if (channel === 'whatsapp' && WHATSAPP_USER_ID.test(text))
        return { channel, address: text, identity: { kind: 'whatsapp', value: text } };
      const phone = normalisePhone(text, { path: field, defaultCountry: country });
      if (isFault(phone)) return phone;
      return { channel, address: phone.e164, identity: { kind: 'phone', value: phone.e164 } };
    }
    case 'email': {
      const address = normaliseEmail(text, field);
      return isFault(address) ? address : { channel, address, identity: { kind: 'email', value: address } };
    }
    case 'push':
    case 'webchat':
    case 'webhook':
      return Buffer.byteLength(text) <= ADDRESS_BYTES && text.trim() === text
        ? { channel, address: text, ...ownerOf(channel, text) }
        : breaks(field, `needs at most ${ADDRESS_BYTES} bytes, without spaces around it`);
  }
}

/** On the web chat an address says nothing of whose it is. */
function ownerOf(channel: 'push' | 'webchat' | 'webhook', value: string): { identity?: Identity } {
  if (channel === 'webchat') return {};
  return { identity: { kind: channel === 'push' ? 'token' : 'webhook', value } };
}

/** Where the first key stands that reading left out; undefined when all were read. */
function firstDropped(given: unknown, read: unknown, path: string): string | undefined {
  if (typeof given !== 'object' || given === null || typeof read !== 'object' || read === null)
    return undefined;
  if (Array.isArray(given)) {
    for (let i = 0; i < given.length; i++) {
      const odd = firstDropped(given[i], (read as unknown[])[i], `${path}[${i}]`);
      if (odd !== undefined) return odd;
    }
    return undefined;
  }
  for (const [name, value] of Object.entries(given)) {
    const at = path === '' ? shown(name) : `${path}.${shown(name)}`;
    if (!Object.hasOwn(read, name)) return at;
    const odd = firstDropped(value, (read as Record<string, unknown>)[name], at);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

function notKnown(field: string): Fault {
  return breaks(field, 'is not known here');
}

function shown(name: string): string {
  return beginningOf(name, 64).replaceAll('\0', '').toWellFormed();
}
