/** What this room declares. */
import { firstIdAt, toHex24, type IdSource } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { removeFile, removeSomeFiles, type MediaStore } from '../content/mediaStore.ts';
import type { Erasing, Room } from '../db/room.ts';
import { conversationsOf, mergeConversations } from './conversations.ts';
import { withMerged } from './history.ts';
import { forgetInGroups, groupsExports, groupsPersonal, mergeInGroups } from './groups/people.ts';
import { deleteRemoved } from './sql.removed.ts';
import { deleteConversation, deleteInboundSeen, deleteMessages, selectFileTexts } from './sql.ts';

/** What letting go of what people said takes: their files are kept elsewhere. */
type Deps = { ids: IdSource; files: MediaStore; log: Log };

/** WhatsApp repeats a callback for up to seven days. */
const INBOUND_KEPT_MS = 8 * 24 * 3600_000;

/** Conversations. */
export function conversationsRoom(deps: Deps): Room {
  return {
    name: 'conversations',
    personal: {
      conversations: 'deleted',
      messages: 'deleted',
      inbound_seen: 'kept: ids of the provider, for eight days',
      removed_messages: 'kept: the id of what was said, without what and to whom',
      ...groupsPersonal,
    },
    kept: { messages: { sort: 'messages', by: 'id' }, removed_messages: { sort: 'messages', by: 'id' } },
    parts: { inbound_seen: { column: 'integration_id', of: 'integrations' } },
    exports: {
      conversations: { by: 'contact', column: 'contact_id' },
      messages: { by: 'contact', column: 'contact_id' },
      inbound_seen: { not: 'ids of the provider, without whose they are' },
      removed_messages: { not: 'ids of what is gone' },
      ...groupsExports,
    },
    erase: (erasing) => forget(deps, erasing),
    removeOutside: (workspaceId) => removeSomeFiles(deps, workspaceId),
    async merge({ tx, workspaceId, survivingId, discardedId, atMs }) {
      await mergeConversations(tx, deps.ids, atMs, { workspaceId, survivingId, discardedId });
      await mergeInGroups(tx, { survivingId, discardedId });
    },
    async sweep({ sql, nowMs, retentionMs }) {
      await deleteInboundSeen(sql, nowMs - INBOUND_KEPT_MS);
      await deleteRemoved(sql, firstIdAt(nowMs - retentionMs));
    },
  };
}

async function forget(
  deps: Deps,
  { tx, workspaceId, contactIds, afterCommit, atMs }: Erasing,
): Promise<void> {
  await forgetInGroups(tx, { workspaceId, contactIds, atMs });
  for (const { id } of (await conversationsOf(tx, contactIds)).values()) {
    const all = await withMerged(tx, id);
    // First what everybody locks who says something in it: what was being said is there then, and nothing comes after.
    await deleteConversation(tx, id);
    const files = filesIn(await selectFileTexts(tx, all), workspaceId);
    await deleteMessages(tx, all);
    afterCommit(() => void removeAll(deps, workspaceId, files));
  }
}

/** Addresses of files that we keep for the workspace. */
function filesIn(texts: readonly string[], workspaceId: number): string[] {
  const ours = new RegExp(`https?://[^\\s"\\\\]+/files/${toHex24(workspaceId)}/[\\w-]{32}/[\\w.-]+`, 'g');
  return [...new Set(texts.flatMap((text) => text.match(ours) ?? []))];
}

async function removeAll(deps: Deps, workspaceId: number, files: readonly string[]): Promise<void> {
  for (const url of files) {
    const removed = await removeFile(deps, workspaceId, url).catch((error: unknown) => ({ error }));
    if (typeof removed !== 'boolean')
      deps.log.error({ workspaceId, url, removed }, 'a file of somebody who was erased could not be removed');
  }
}
