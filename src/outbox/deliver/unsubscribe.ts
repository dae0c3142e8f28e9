/**
 * Leaving marketing by one click (RFC 8058): an address of its own for each recipient, whose token is sealed and names all that
 * is needed, so that nothing is stored for it. It needs no key, hence it can do this one thing only.
 */
import { CHANNELS, type ChannelName } from '../../../contract/channels.ts';
import type { Vault } from '../../base/crypto.ts';
import { isId, type IdSource } from '../../base/ids.ts';
import { blockDestination } from '../../contacts/consent/blocks.ts';
import type { Tx } from '../../db/pool.ts';

/** Who leaves: an address, and the contact that it was of when it was written to. */
export type Recipient = { workspaceId: number; contactId: number; channel: string; address: string };

/** Makes the address by which a recipient leaves. */
export type UnsubscribeUrl = (recipient: Recipient) => string;

const CONTEXT = 'unsubscribe';

/** The addresses of an install. */
export function unsubscribeUrls(deps: { vault: Vault; publicUrl: () => string }): UnsubscribeUrl {
  return ({ workspaceId, contactId, channel, address }) => {
    const plain = `${workspaceId.toString(36)}.${contactId.toString(36)}.${channel}.${address}`;
    return `${deps.publicUrl()}/u/${Buffer.from(deps.vault.lasting.seal(plain, CONTEXT)).toString('base64url')}`;
  };
}

/** What a token names; undefined when it is none of ours. */
export function openUnsubscribe(vault: Vault, token: string): Recipient | undefined {
  const plain = vault.lasting.open(Buffer.from(token, 'base64url'), CONTEXT);
  const parts = /^([0-9a-z]+)\.([0-9a-z]+)\.([a-z]+)\.(.+)$/s.exec(plain ?? '');
  if (!parts) return undefined;
  const [workspaceId, contactId] = [Number.parseInt(parts[1]!, 36), Number.parseInt(parts[2]!, 36)];
  return isId(workspaceId) && isId(contactId)
    ? { workspaceId, contactId, channel: parts[3]!, address: parts[4]! }
    : undefined;
}

/** Stands for the address by which one leaves in what is said before it is known where it goes. No address that is shortened, and no text of a template's any more. */
export const WAY_OUT = 'https://{{links.unsubscribe}}';

/** Whether a content names the way out. */
export function namesWayOut(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(WAY_OUT);
  return typeof value === 'object' && value !== null && Object.values(value).some(namesWayOut);
}

/** The content with the address in it. */
export function withWayOut<T>(value: T, url: string): T {
  if (typeof value === 'string') return value.replaceAll(WAY_OUT, () => url) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => withWayOut(one, url)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withWayOut(inner, url)])) as T;
}

/** The headers of a marketing mail (RFC 2369, RFC 8058): the mail program shows a button, and one POST is all it takes. */
export function listUnsubscribe(url: string): Record<string, string> {
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}

/** Takes an address out of marketing, for whoever has it now; the consent log says by what. */
export async function unsubscribe(tx: Tx, ids: IdSource, nowMs: number, recipient: Recipient): Promise<void> {
  const { workspaceId, channel, address } = recipient;
  if (!CHANNELS.includes(channel as ChannelName)) return;
  await blockDestination(tx, ids, nowMs, {
    workspaceId,
    channel: channel as ChannelName,
    address,
    cause: 'opted_out_channel',
    classes: ['marketing'],
    by: 'person',
    reason: 'unsubscribed',
  });
}
