/** A short link of a contact's own, as a message to it makes one. */
import { bucketOf, type IdSource } from '../../src/base/ids.ts';
import type { Tx } from '../../src/db/pool.ts';
import { shortenMessages, type Links } from '../../src/links/links.ts';

/** What a message shows in the place of an address: the path of its short link, or the address where that may not be one. */
export async function ownLink(
  { links, ids }: { links: Links; ids: IdSource },
  tx: Tx,
  of: { workspaceId: number; contactId: number; longUri: string; atMs: number },
): Promise<string> {
  const { workspaceId, contactId, longUri, atMs } = of;
  const workspace = { id: workspaceId, name: '', settings: { trackClicks: true } };
  const content = {
    type: 'text' as const,
    text: 'Look',
    actions: [{ type: 'link' as const, text: 'Look', uri: longUri }],
  };
  const causeId = ids.inBucket(bucketOf(contactId));
  const [shown] = await shortenMessages(links, tx, [{ workspace, contactId, causeId, content, atMs }]);
  const [action] = (shown as typeof content).actions;
  return action!.uri.replace(/^.*(?=\/l\/)/, '');
}
