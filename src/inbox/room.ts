/** What this room declares. */
import { bucketOf, type IdSource } from '../base/ids.ts';
import { conversationsOf } from '../conversations/conversations.ts';
import { historyPage } from '../conversations/history.ts';
import type { Db } from '../db/pool.ts';
import type { Comes, ComesOf, Merging } from '../db/room.ts';
import { tellContactsGone } from '../live/gone.ts';
import type { Notices } from '../live/notices.ts';
import type { Queue } from '../queue/queue.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { wordsReader } from './find.ts';
import { inboxReader } from './reader.ts';
import { absorbRow, deleteInbox, updateNewest } from './sql.people.ts';
import { selectWaking, takeRow } from './sql.ts';
import { deleteWords } from './sql.words.ts';
import { absorbDraft, insertNotes, takeNotes, takeSeats, upsertMentioned, upsertSeen } from './sql.notes.ts';

/** The inbox. Stands after conversations: what is merged into a conversation needs it. */
export function inboxRoom(deps: {
  ids: IdSource;
  queue: Pick<Queue, 'append'>;
  notices: Pick<Notices, 'send'>;
}): WorkingRoom {
  const { queue, notices } = deps;
  return {
    name: 'inbox',
    readers: [inboxReader(notices), wordsReader],
    kept: { message_words: { sort: 'messages', by: 'id' } },
    personal: {
      inbox: 'deleted',
      inbox_notes: 'deleted',
      inbox_seats: 'deleted',
      message_words: 'deleted',
      saved_replies: 'kept: an operator wrote it, for everybody',
      inbox_views: 'kept: an operator made it, and it names nobody',
      inbox_teams: 'kept: of operators',
      inbox_team_members: 'kept: of operators',
      inbox_operators: 'kept: of operators',
    },
    exports: {
      inbox: { not: 'whose a conversation is, and how long it waits' },
      inbox_notes: { by: 'contact', column: 'contact_id' },
      inbox_seats: { not: 'what operators have seen of it, and begun to write' },
      message_words: { not: 'the words of messages, which are here' },
      saved_replies: { not: 'operators wrote it, for everybody' },
      inbox_views: { not: 'what operators look at' },
      inbox_teams: { not: 'of operators' },
      inbox_team_members: { not: 'of operators' },
      inbox_operators: { not: 'of operators' },
    },
    async erase({ tx, workspaceId, contactIds, atMs }) {
      const listedIds = await deleteInbox(tx, contactIds);
      await deleteWords(tx, contactIds);
      const payload = { contactIds: [...contactIds], listedIds };
      await tellContactsGone(queue, tx, { workspaceId, atMs, payload });
    },
    merge: (merging) => mergeInbox(deps, merging),
    comes,
  };
}

/** Conversations that wake. */
async function comes(db: Db, { workspaceId, aheadMs, afterMs, most }: ComesOf): Promise<Comes> {
  const rows = await selectWaking(db, workspaceId, afterMs + aheadMs, most);
  const items = rows.map(({ contactId, untilMs }) => ({
    dueMs: untilMs - aheadMs,
    kind: 'snooze' as const,
    contactId,
    of: null,
  }));
  return { items, untilMs: rows.length === most ? items.at(-1)!.dueMs : undefined };
}

/** Notes get ids in the bucket of whom they are now of. */
async function mergeInbox(
  { ids, queue }: { ids: IdSource; queue: Pick<Queue, 'append'> },
  { tx, workspaceId, survivingId, discardedId, atMs }: Merging,
): Promise<void> {
  const row = await takeRow(tx, discardedId);
  const payload = {
    contactIds: [discardedId],
    listedIds: row ? [discardedId] : [],
    intoId: survivingId,
  };
  await tellContactsGone(queue, tx, { workspaceId, atMs, payload });
  const conversation = (await conversationsOf(tx, [survivingId])).get(survivingId);
  if (conversation) {
    const to = { workspaceId, contactId: survivingId, conversationId: conversation.id };
    if (row) await absorbRow(tx, to, row);
    // Who never wrote has no row, and may have been told the last that there is.
    const [newest] = await historyPage(tx, { conversationId: conversation.id, limit: 1 });
    if (newest) await updateNewest(tx, survivingId, newest);
  }
  const notes = await takeNotes(tx, discardedId);
  if (notes.length)
    await insertNotes(
      tx,
      notes.map((note) => ({ ...note, id: ids.inBucket(bucketOf(survivingId)), contactId: survivingId })),
    );
  for (const seat of await takeSeats(tx, discardedId)) {
    const { operatorId, readMs, mentionedMs, draft, draftDestinationId } = seat;
    const at = { workspaceId, contactId: survivingId, operatorId };
    await upsertSeen(tx, { ...at, readMs });
    if (mentionedMs !== null) await upsertMentioned(tx, { ...at, mentions: [operatorId], atMs: mentionedMs });
    if (draft !== null) await absorbDraft(tx, { ...at, draft, destinationId: draftDestinationId });
  }
}
