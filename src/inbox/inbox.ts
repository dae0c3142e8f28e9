/**
 * The operators' inbox as doors use it: looking at its views, and what operators do with a conversation. What contacts and the business
 * say comes to it by the feed (reader.ts). Sends nothing.
 */
import { fault, type Fault } from '../base/fault.ts';
import { conversationsOf } from '../conversations/conversations.ts';
import { conversationsById, historyPage } from '../conversations/history.ts';
import type { Db, Tx } from '../db/pool.ts';
import {
  insertRow,
  lockRow,
  selectRows,
  updateRead,
  updateSaid,
  updateStanding,
  type InboxRow,
} from './sql.ts';
import { upsertSeen } from './sql.notes.ts';

export { countView, selectRows, selectView, type InboxRow, type Look, type Place } from './sql.ts';
export { selectSeats, upsertDraft, type Seat } from './sql.notes.ts';

/** Whose conversation it is, in a workspace; undefined when there is none. */
export async function contactOf(
  db: Db,
  workspaceId: number,
  conversationId: number,
): Promise<number | undefined> {
  if (conversationId <= 0) return undefined;
  return (await conversationsById(db, workspaceId, [conversationId]))[0]?.contactId;
}

/** How a conversation stands; of one that is not in the inbox, as it would if it were opened now. */
export async function rowOf(db: Db, workspaceId: number, contactId: number): Promise<InboxRow | undefined> {
  const [row] = await selectRows(db, workspaceId, [contactId]);
  return row ?? (await rowOfUnheard(db, contactId));
}

async function rowOfUnheard(db: Db, contactId: number): Promise<InboxRow | undefined> {
  const conversation = (await conversationsOf(db, [contactId])).get(contactId);
  const [last] = conversation ? await historyPage(db, { conversationId: conversation.id, limit: 1 }) : [];
  if (!conversation || !last) return undefined;
  return {
    contactId,
    conversationId: conversation.id,
    closed: false,
    snoozedUntilMs: null,
    assigneeId: null,
    channel: null,
    destinationId: null,
    lastMessageId: last.id,
    lastMs: last.atMs,
    lastInMs: 0,
    lastOutMs: last.atMs,
    waitingMs: null,
    readMs: 0,
  };
}

/** The row of a conversation, locked; made when only the business has spoken in it so far. Undefined when nothing was said at all. */
export async function takeUp(tx: Tx, workspaceId: number, contactId: number): Promise<InboxRow | undefined> {
  const known = await lockRow(tx, workspaceId, contactId);
  if (known) return known;
  const unheard = await rowOfUnheard(tx, contactId);
  if (!unheard) return undefined;
  const { conversationId, lastMessageId: messageId, lastMs: atMs } = unheard;
  await insertRow(tx, { workspaceId, contactId, conversationId, messageId, atMs });
  return await lockRow(tx, workspaceId, contactId);
}

/** What an operator does with a conversation; what is left out stays as it is. */
export type Change = { closed?: boolean; snoozedUntilMs?: number | null; assigneeId?: number | null };

/** Changes whose a conversation is and whether it is open. Closing ends a snooze, snoozing opens. */
export async function changeStanding(tx: Tx, row: InboxRow, change: Change): Promise<InboxRow> {
  const wakes = change.closed === true;
  const opens = change.snoozedUntilMs !== undefined && change.snoozedUntilMs !== null;
  const to = {
    closed: change.closed ?? (opens ? false : row.closed),
    snoozedUntilMs: wakes
      ? null
      : change.snoozedUntilMs === undefined
        ? row.snoozedUntilMs
        : change.snoozedUntilMs,
    assigneeId: change.assigneeId === undefined ? row.assigneeId : change.assigneeId,
  };
  await updateStanding(tx, row.contactId, to);
  return { ...row, ...to };
}

/**
 * Lets an operator answer who has seen all up to `seenMs`. Another's answer that he has not seen is a conflict: both were about to say the
 * same. The row is locked, so of two who answer at the same moment the second learns of the first.
 */
export async function mayAnswer(
  tx: Tx,
  at: { workspaceId: number; contactId: number; seenMs: number | undefined },
): Promise<Fault | undefined> {
  const row = await lockRow(tx, at.workspaceId, at.contactId);
  return row && at.seenMs !== undefined && row.lastOutMs > at.seenMs
    ? fault('conflict', 'Somebody has answered meanwhile; look, and send again if it still holds.', {
        field: 'seenUpTo',
      })
    : undefined;
}

/** Notes an operator's answer in the transaction that sends it, so that whoever comes next sees it at once. */
export async function noteAnswer(
  tx: Tx,
  at: {
    workspaceId: number;
    contactId: number;
    conversationId: number;
    messageId: number;
    atMs: number;
    operatorId?: number;
  },
): Promise<void> {
  const { workspaceId, contactId, messageId, atMs, operatorId } = at;
  await insertRow(tx, at);
  await updateSaid(tx, [{ contactId, messageId, atMs }]);
  await updateRead(tx, contactId, atMs);
  if (operatorId !== undefined) await upsertSeen(tx, { workspaceId, contactId, operatorId, readMs: atMs });
}

/** Notes that an operator has seen a conversation up to a moment. */
export async function noteSeen(
  tx: Tx,
  at: { workspaceId: number; contactId: number; operatorId: number; readMs: number },
): Promise<void> {
  await upsertSeen(tx, at);
  await updateRead(tx, at.contactId, at.readMs);
}
