/**
 * The operators' inbox as doors use it: looking at its views, and what operators do with a conversation. What contacts and the business
 * say comes to it by the feed (reader.ts). Sends nothing.
 */
import { PRIORITIES } from '../../contract/inboxViews.ts';
import { fault, type Fault } from '../base/fault.ts';
import { holdContacts } from '../contacts/held.ts';
import { conversationsOf } from '../conversations/conversations.ts';
import { conversationsById, historyPage } from '../conversations/history.ts';
import type { Db, Tx } from '../db/pool.ts';
import {
  insertRow,
  lockRow,
  lockRows,
  selectRows,
  updateAnswered,
  updateRead,
  updateSaid,
  updateStandings,
  type InboxRow,
} from './sql.ts';
import { takeOverSeen } from './seenBefore.ts';
import { lockUnheard, upsertDraft, upsertSeen } from './sql.notes.ts';

export { countView, selectRows, type InboxRow, type Look, type ViewPlace } from './sql.ts';
export { narrows, viewPage } from './narrowed.ts';
export { selectMentioned, selectSeats, type Seat } from './sql.notes.ts';

/** Whose conversation it is, in a workspace; undefined when there is none. */
export async function contactOf(
  db: Db,
  workspaceId: number,
  conversationId: number,
): Promise<number | undefined> {
  if (conversationId <= 0) return undefined;
  return (await conversationsById(db, workspaceId, [conversationId]))[0]?.contactId;
}

/** Whose conversations they are, in a workspace; those that are not there are left out. */
export async function contactsOf(
  db: Db,
  workspaceId: number,
  conversationIds: readonly number[],
): Promise<Map<number, number>> {
  const found = await conversationsById(
    db,
    workspaceId,
    conversationIds.filter((id) => id > 0),
  );
  return new Map(found.map(({ id, contactId }) => [id, contactId]));
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
    teamId: null,
    priority: PRIORITIES.indexOf('none'),
    channel: null,
    destinationId: null,
    lastMessageId: last.id,
    lastMs: last.atMs,
    lastInMs: 0,
    lastOutMs: last.atMs,
    waitingMs: null,
    readMs: 0,
    answeredBy: null,
    answeredMs: 0,
  };
}

/**
 * The row of a conversation, locked; made when only the business has spoken in it so far. Undefined when nothing was said at all, or whose
 * conversation it was is gone.
 */
export async function takeUp(tx: Tx, workspaceId: number, contactId: number): Promise<InboxRow | undefined> {
  const known = await lockRow(tx, workspaceId, contactId);
  if (known) return known;
  const unheard = await rowOfUnheard(tx, contactId);
  if (!unheard || !(await isThere(tx, { workspaceId, contactId }))) return undefined;
  const { conversationId, lastMessageId: messageId, lastMs: atMs } = unheard;
  await beginRow(tx, { workspaceId, contactId, conversationId, messageId, atMs });
  return await lockRow(tx, workspaceId, contactId);
}

/** The same of several, by contact: two statements where all are in the inbox. */
export async function takeUpAll(
  tx: Tx,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, InboxRow>> {
  const rows = new Map((await lockRows(tx, workspaceId, contactIds)).map((row) => [row.contactId, row]));
  const unheard = contactIds.filter((id) => !rows.has(id));
  for (const contactId of unheard.toSorted((a, b) => a - b)) {
    const row = await takeUp(tx, workspaceId, contactId);
    if (row) rows.set(contactId, row);
  }
  return rows;
}

/** What an operator does with a conversation; what is left out stays as it is. */
export type InboxChange = {
  closed?: boolean;
  snoozedUntilMs?: number | null;
  assigneeId?: number | null;
  teamId?: number | null;
  priority?: number;
  /** What the contact said last is as if nobody had seen it. */
  unread?: true;
};

/** Changes whose conversations are, how pressing, and whether they are open; their rows are locked. Closing ends a snooze, snoozing opens. */
export async function changeStandings(
  tx: Tx,
  rows: readonly InboxRow[],
  change: InboxChange,
): Promise<InboxRow[]> {
  const changed = rows.map((row) => ({ ...row, ...standingAfter(row, change) }));
  if (changed.length) await updateStandings(tx, changed);
  return changed;
}

function standingAfter(row: InboxRow, change: InboxChange) {
  const wakes = change.closed === true;
  const opens = change.snoozedUntilMs !== undefined && change.snoozedUntilMs !== null;
  return {
    closed: change.closed ?? (opens ? false : row.closed),
    snoozedUntilMs: wakes
      ? null
      : change.snoozedUntilMs === undefined
        ? row.snoozedUntilMs
        : change.snoozedUntilMs,
    assigneeId: change.assigneeId === undefined ? row.assigneeId : change.assigneeId,
    teamId: change.teamId === undefined ? row.teamId : change.teamId,
    priority: change.priority ?? row.priority,
    readMs: change.unread && row.lastInMs > 0 ? Math.min(row.readMs, row.lastInMs - 1) : row.readMs,
  };
}

/**
 * Lets an operator answer who has seen all up to `seenMs`. Another's answer that he has not seen is a conflict: both were about to say the
 * same; his own is no conflict, however fast he writes. The row is locked, so of two who answer at the same moment the second learns of the first.
 */
export async function mayAnswer(
  tx: Tx,
  at: { workspaceId: number; contactId: number; seenMs: number | undefined; operatorId: number | undefined },
): Promise<Fault | undefined> {
  const row = await lockRow(tx, at.workspaceId, at.contactId);
  const isOwn = row !== undefined && row.answeredBy === at.operatorId && row.answeredMs >= row.lastOutMs;
  return row && at.seenMs !== undefined && row.lastOutMs > at.seenMs && !isOwn
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
  await beginRow(tx, at);
  await updateSaid(tx, [{ contactId, messageId, atMs }]);
  await updateAnswered(tx, contactId, { operatorId: operatorId ?? null, atMs });
  if (operatorId !== undefined) await upsertSeen(tx, { workspaceId, contactId, operatorId, readMs: atMs });
}

/** Notes that an operator has seen a conversation up to a moment; false when whose it was is gone. */
export async function noteSeen(
  tx: Tx,
  at: { workspaceId: number; contactId: number; operatorId: number; readMs: number },
): Promise<boolean> {
  if (!(await isThere(tx, at))) return false;
  await upsertSeen(tx, at);
  if (await updateRead(tx, at.contactId, at.readMs)) return true;
  // It has no row; whoever writes one at this moment is waited for, or waits until he can see that this was seen. In one write.
  await Promise.all([lockUnheard(tx, [at.contactId]), updateRead(tx, at.contactId, at.readMs)]);
  return true;
}

/** Writes the row of a conversation that had none. */
async function beginRow(tx: Tx, row: Parameters<typeof insertRow>[1]): Promise<void> {
  if (await insertRow(tx, row)) await takeOverSeen(tx, [row.contactId]);
}

/** Keeps what an operator has begun to write; false when whose conversation it was is gone. */
export async function keepDraft(tx: Tx, at: Parameters<typeof upsertDraft>[1]): Promise<boolean> {
  if (!(await isThere(tx, at))) return false;
  await upsertDraft(tx, at);
  return true;
}

/** Holds a contact, so that what is written of it is there when it is erased or becomes another; false when that was meanwhile. */
async function isThere(tx: Tx, of: { workspaceId: number; contactId: number }): Promise<boolean> {
  return (await holdContacts(tx, [of])).present.has(of.contactId);
}
