/**
 * Erasing a person, for every door: each room lets go of what it has. What stays is what the law or the books need: that something
 * was sent (without to whom and what), the consent log with hashes for addresses, suppressions, and counts.
 */
import { eraseContacts, type Erased } from '../../contacts/contacts.ts';
import { removeFile } from '../../content/mediaStore.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import { deleteConversation, selectFileTexts } from '../../conversations/history.ts';
import type { Tx } from '../../db/pool.ts';
import { forgetLinks } from '../../links/people.ts';
import { forgetLive } from '../../live/log.ts';
import { scrubDeliveries } from '../../ledger/sql.erase.ts';
import { forgetThreads } from '../../threads/threads.ts';
import { forgetDevices } from '../../simulator/sql.ts';
import { deleteEvents } from '../../queue/feed/sql.ts';
import { deleteCallsOf } from '../../webhooks/sql.calls.ts';
import { toHex24 } from '../../base/ids.ts';
import type { HttpContext } from './context.ts';

/** What works on the call of a door. */
type Eraser = {
  ctx: HttpContext;
  workspace: { id: number };
  afterCommit(run: () => void): void;
};

/** Erases a contact and all it was merged from; undefined when there is none. `atMs` is by the workspace's clock. */
export async function erasePerson(
  call: Eraser,
  tx: Tx,
  contactId: number,
  atMs: number,
): Promise<Erased | undefined> {
  const { ctx, workspace } = call;
  const conversation = (await conversationsOf(tx, [contactId])).get(contactId);
  const [erased] = await eraseContacts(tx, ctx.ids, atMs, workspace.id, [contactId]);
  if (!erased) return undefined;
  if (conversation) {
    const files = filesIn(await selectFileTexts(tx, conversation.id), workspace.id);
    await forgetThreads(tx, conversation.id);
    await deleteConversation(tx, conversation.id);
    call.afterCommit(() => void removeAll(ctx, workspace.id, files));
  }
  const everyId = [contactId, ...erased.mergedIds];
  await Promise.all([
    scrubDeliveries(tx, workspace.id, everyId),
    forgetLinks(tx, everyId),
    forgetLive(tx, everyId),
    deleteCallsOf(tx, workspace.id, everyId),
    // The only events that hold more of a person than ids: the Sunshine door's own (doors/sunshine/told.ts), and those of links.
    deleteEvents(tx, workspace.id, { type: 'sunshine.told', name: 'contactId', ids: everyId }),
    deleteEvents(tx, workspace.id, { type: 'link.told', name: 'contactId', ids: everyId }),
    forgetDevices(tx, workspace.id, erased.addresses),
  ]);
  return erased;
}

/** Addresses of files that we keep for the workspace. */
function filesIn(texts: readonly string[], workspaceId: number): string[] {
  const ours = new RegExp(`https?://[^\\s"\\\\]+/files/${toHex24(workspaceId)}/[\\w-]{32}/[\\w.-]+`, 'g');
  return [...new Set(texts.flatMap((text) => text.match(ours) ?? []))];
}

async function removeAll(ctx: HttpContext, workspaceId: number, files: readonly string[]): Promise<void> {
  for (const url of files) {
    const removed = await removeFile(ctx, workspaceId, url).catch((error: unknown) => ({ error }));
    if (typeof removed !== 'boolean')
      ctx.log.error({ workspaceId, url, removed }, 'a file of somebody who was erased could not be removed');
  }
}
