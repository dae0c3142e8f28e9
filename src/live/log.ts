/**
 * What each contact's web chat shows, in order: the log behind the live channel. Never talks to a socket.
 *
 * A cursor is a place in that log. Ids and times would not do: two transactions commit in another order than they took their
 * ids or times, and a client that had seen the later would never be sent the earlier. A number of the log is taken by updating
 * the contact's head, whose lock is held until the commit; so when a number can be seen, all before it can.
 *
 * Before the log of a contact begins there are only messages. Who comes without a cursor is shown the last of them, and a
 * cursor at the head as it stood at that same moment (one snapshot of the store). A message that is committed but whose event
 * is still in the feed is among those shown, and will get a number above that head; so the cursor also carries the ids of such
 * messages, and they are left out when their number comes. An event that is handed on at the very moment the log begins may be
 * given no number at all: what it tells is then among what was shown, or is a mark that the next one contains.
 */
import { isId } from '../base/ids.ts';
import type { Fragment, Sql, Tx } from '../db/pool.ts';
import { holdContacts } from '../contacts/held.ts';
import { conversationsOf } from '../conversations/conversations.ts';
import type { Conversation, Message } from '../conversations/message.ts';
import { historyPage } from '../conversations/history.ts';
import type { LogEntry, Head, NewEntry } from './entry.ts';
import {
  advanceHeads,
  advanceHeadsSelected,
  deleteEntries,
  deleteLogs,
  insertEntries,
  insertHead,
  lockWebChat,
  seeOneMoment,
  selectEntries,
  selectHeads,
  selectOldest,
  selectPending,
} from './sql.ts';

/** A client's place: all up to `seq` was sent to it, and the messages `ahead`, whose number is above it. */
export type Cursor = { contactId: number; seq: number; ahead: readonly number[] };

/** Messages shown at once. */
export const PAGE = 100;
/** Entries that are kept of a contact, at least; who has missed more is shown the last messages instead. */
const KEPT = 1_000;
/** The old ones are deleted each time a head passes a multiple of this. */
const DELETE_EVERY = 200;

/** A cursor as a client keeps it. */
export function cursorText({ contactId, seq, ahead }: Cursor): string {
  return ['1', contactId.toString(36), seq.toString(36), ...ahead.map((id) => id.toString(36))].join('.');
}

/** The cursor behind a text, or undefined when it is none. */
export function readCursor(text: string): Cursor | undefined {
  if (!/^1(?:\.[0-9a-z]{1,11}){2,202}$/.test(text)) return undefined;
  const [contactId, seq, ...ahead] = text
    .split('.')
    .slice(1)
    .map((part) => Number.parseInt(part, 36));
  return isId(contactId) && Number.isSafeInteger(seq) && ahead.every(isId)
    ? { contactId, seq: seq!, ahead }
    : undefined;
}

/** Numbers and writes what happened to contacts that are logged, in the order given. Returns the heads that moved. */
export async function appendEntries(tx: Tx, entries: readonly NewEntry[]): Promise<Head[]> {
  const byContact = Map.groupBy(entries, ({ contactId }) => contactId);
  const rows = [...byContact].map(([contactId, list]) => ({ contactId, n: list.length }));
  const heads = await advanceHeads(
    tx,
    rows.sort((a, b) => a.contactId - b.contactId),
  );
  if (!heads.length) return [];
  const old: Head[] = [];
  const numbered = heads.flatMap(({ contactId, seq }): LogEntry[] => {
    const list = byContact.get(contactId)!;
    const before = seq - list.length;
    if (Math.floor(seq / DELETE_EVERY) > Math.floor(before / DELETE_EVERY) && seq > KEPT)
      old.push({ contactId, seq: seq - KEPT });
    return list.map((entry, index) => ({ ...entry, seq: before + index + 1 }));
  });
  await Promise.all([insertEntries(tx, numbered), old.length ? deleteEntries(tx, old) : undefined]);
  return heads;
}

/** Numbers and writes one thing that happened to all of a selection, as (bucket, contact_id), that are logged. Returns their heads. */
export async function appendToAll(
  tx: Tx,
  selected: Fragment,
  entry: Omit<NewEntry, 'contactId'>,
): Promise<Head[]> {
  const heads = await advanceHeadsSelected(tx, selected);
  if (!heads.length) return [];
  const old = heads.filter(({ seq }) => seq % DELETE_EVERY === 0 && seq > KEPT);
  await Promise.all([
    insertEntries(
      tx,
      heads.map((head) => ({ ...entry, ...head })),
    ),
    old.length
      ? deleteEntries(
          tx,
          old.map(({ contactId, seq }) => ({ contactId, seq: seq - KEPT })),
        )
      : undefined,
  ]);
  return heads;
}

/** What is shown to who comes without a cursor. */
type Snapshot = {
  cursor: Cursor;
  conversation: Conversation | undefined;
  messages: Message[];
  /** There are more before those. */
  more: boolean;
};

/** The last messages of a contact, and the place in the log from which to go on. The log begins here if it had not, of whoever is there. */
export async function takeSnapshot(
  sql: Sql,
  { workspaceId, contactId }: { workspaceId: number; contactId: number },
): Promise<Snapshot> {
  // Held, so that who is erased meanwhile leaves no log behind.
  await sql.begin(async (tx) => {
    const { present } = await holdContacts(tx, [{ workspaceId, contactId }]);
    if (present.has(contactId)) await insertHead(tx, contactId);
  });
  return await sql.begin(async (tx) => {
    await seeOneMoment(tx);
    const [heads, pending, conversations] = await Promise.all([
      selectHeads(tx, [contactId]),
      selectPending(tx, contactId),
      conversationsOf(tx, [contactId]),
    ]);
    const conversation = conversations.get(contactId);
    const page = conversation ? await pageBefore(tx, conversation.id) : { messages: [], more: false };
    const shown = new Set(page.messages.map(({ id }) => id));
    const cursor = {
      contactId,
      seq: heads[0]?.seq ?? 0,
      ahead: pending.filter((id) => shown.has(id)).slice(0, 2 * PAGE),
    };
    return { cursor, conversation, ...page };
  });
}

/** The last messages before a time. Of messages of one moment none is left for the next page, which begins before a moment. */
export async function pageBefore(
  db: Sql | Tx,
  conversationId: number,
  beforeMs?: number,
): Promise<{ messages: Message[]; more: boolean }> {
  const found = await historyPage(db, { conversationId, beforeMs, limit: PAGE + 1 });
  if (found.length <= PAGE) return { messages: found, more: false };
  const kept = found.filter(({ atMs }) => atMs !== found[0]!.atMs);
  return { messages: kept.length ? kept : found, more: true };
}

/** True when all after the cursor is still there. */
export async function isKept(sql: Sql, cursor: Cursor): Promise<boolean> {
  const [[head], oldest] = await Promise.all([
    selectHeads(sql, [cursor.contactId]),
    selectOldest(sql, cursor.contactId),
  ]);
  if (!head || cursor.seq > head.seq) return false;
  return cursor.seq === head.seq || (oldest !== undefined && oldest <= cursor.seq + 1);
}

/** What happened to contacts after a place each, in order, at most `limit` each. */
export async function entriesAfter(
  sql: Sql,
  after: readonly Head[],
  limit: number,
): Promise<Map<number, LogEntry[]>> {
  return Map.groupBy(await selectEntries(sql, after, limit), ({ contactId }) => contactId);
}

/** Part of erasing contacts, and of merging one into another: nothing is logged of them any more. */
export async function forgetLive(tx: Tx, contactIds: readonly number[]): Promise<void> {
  await deleteLogs(tx, contactIds);
}

/** Where the logs of contacts end. */
export async function headsOf(sql: Sql, contactIds: readonly number[]): Promise<Head[]> {
  return await selectHeads(sql, contactIds);
}

/** Lets one transaction at a time make the web chat of a workspace. */
export async function holdWebChat(tx: Tx, workspaceId: number): Promise<void> {
  await lockWebChat(tx, workspaceId);
}
