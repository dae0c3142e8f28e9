/** The statements on notes, and on what an operator has of a conversation. */
import { hash32 } from '../base/crypto.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';

/** What an operator noted in a conversation. */
export type InboxNote = {
  id: number;
  contactId: number;
  workspaceId: number;
  operatorId: number;
  text: string;
  /** Operators whom it is for. */
  mentions: number[];
  atMs: number;
};

/** What an operator has of a conversation. */
export type Seat = {
  operatorId: number;
  readMs: number;
  /** When he was mentioned last. */
  mentionedMs: number | null;
  draft: string | null;
  draftDestinationId: number | null;
};

/** Writes notes down. */
export async function insertNotes(db: Db, rows: readonly InboxNote[]): Promise<void> {
  await db`
    INSERT INTO inbox_notes (bucket, id, contact_id, workspace_id, operator_id, text, mentions, at_ms)
    SELECT bucket, id, contact_id, workspace_id, operator_id, text, mentions::bigint[], at_ms FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.id)}::bigint[],
      ${rows.map((r) => r.contactId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => r.operatorId)}::bigint[], ${rows.map((r) => r.text)}::text[],
      ${rows.map((r) => `{${r.mentions.join(',')}}`)}::text[], ${rows.map((r) => r.atMs)}::bigint[])
      AS n (bucket, id, contact_id, workspace_id, operator_id, text, mentions, at_ms)`;
}

const noteColumns = (db: Db) =>
  db`id, contact_id AS "contactId", workspace_id AS "workspaceId", operator_id AS "operatorId", text, mentions, at_ms AS "atMs"`;

/** Notes of a contact in a span of time, both ends in it, oldest first; the newest `limit` of them. */
export async function selectNotes(
  db: Db,
  contactId: number,
  span: { fromMs: number; toMs: number; limit: number },
): Promise<InboxNote[]> {
  const rows = await db<InboxNote[]>`
    SELECT ${noteColumns(db)} FROM inbox_notes
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND at_ms BETWEEN ${span.fromMs} AND ${span.toMs}
    ORDER BY at_ms DESC, id DESC LIMIT ${span.limit}`;
  return [...rows].reverse();
}

/** Notes by id. */
export async function selectNotesById(db: Db, ids: readonly number[]): Promise<InboxNote[]> {
  return await db<InboxNote[]>`
    SELECT ${noteColumns(db)} FROM inbox_notes
    JOIN unnest(${ids.map(bucketOf)}::smallint[], ${[...ids]}::bigint[]) AS k (key_bucket, key_id)
      ON inbox_notes.bucket = k.key_bucket AND inbox_notes.id = k.key_id`;
}

/** Takes all notes of a contact out. */
export async function takeNotes(tx: Tx, contactId: number): Promise<InboxNote[]> {
  return await tx<InboxNote[]>`
    DELETE FROM inbox_notes WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} RETURNING ${noteColumns(tx)}`;
}

/** Notes up to when an operator has seen a conversation; earlier marks change nothing. */
export async function upsertSeen(
  db: Db,
  at: { workspaceId: number; contactId: number; operatorId: number; readMs: number },
): Promise<void> {
  await db`
    INSERT INTO inbox_seats AS s (bucket, contact_id, operator_id, workspace_id, read_ms)
    VALUES (${bucketOf(at.contactId)}, ${at.contactId}, ${at.operatorId}, ${at.workspaceId}, ${at.readMs})
    ON CONFLICT (bucket, contact_id, operator_id) DO UPDATE SET read_ms = greatest(s.read_ms, EXCLUDED.read_ms)`;
}

/** Of rows that nobody has read by what they say, up to when somebody had seen them before they were there. */
export async function updateSeenBefore(tx: Tx, contactIds: readonly number[]): Promise<void> {
  await tx`
    UPDATE inbox i SET read_ms = s.read_ms
    FROM (SELECT bucket, contact_id, max(read_ms) AS read_ms FROM inbox_seats
      WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])
      GROUP BY bucket, contact_id) s
    WHERE i.bucket = s.bucket AND i.contact_id = s.contact_id AND i.read_ms = 0 AND s.read_ms > 0`;
}

/**
 * Makes those who see a conversation that has no row, and whoever writes its row, queue up until the transaction ends: advisory locks, in
 * order of contact. Neither of two at one moment has anything of the other's to wait for.
 */
export async function lockUnheard(tx: Tx, contactIds: readonly number[]): Promise<void> {
  const keys = contactIds.toSorted((a, b) => a - b).map((id) => hash32(String(id)));
  await tx`SELECT pg_advisory_xact_lock(hashtext('inbox unheard'), key) FROM unnest(${keys}::integer[]) AS key`;
}

/** Notes for whom a note is. Locks the seats, in order of operator. */
export async function upsertMentioned(
  db: Db,
  note: Pick<InboxNote, 'workspaceId' | 'contactId' | 'mentions' | 'atMs'>,
): Promise<void> {
  const { workspaceId, contactId, atMs } = note;
  const mentions = [...new Set(note.mentions)].sort((a, b) => a - b);
  await db`
    INSERT INTO inbox_seats AS s (bucket, contact_id, operator_id, workspace_id, mentioned_ms)
    SELECT ${bucketOf(contactId)}::smallint, ${contactId}::bigint, m, ${workspaceId}::bigint, ${atMs}::bigint
    FROM unnest(${mentions}::bigint[]) AS m
    ON CONFLICT (bucket, contact_id, operator_id) DO UPDATE SET mentioned_ms = greatest(s.mentioned_ms, EXCLUDED.mentioned_ms)`;
}

/** Contacts in whose conversations an operator was mentioned since he has seen them, the newest first. */
export async function selectMentioned(
  db: Db,
  of: { workspaceId: number; operatorId: number; limit: number },
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT contact_id AS "contactId" FROM inbox_seats
    WHERE workspace_id = ${of.workspaceId} AND operator_id = ${of.operatorId} AND mentioned_ms > read_ms
    ORDER BY mentioned_ms DESC LIMIT ${of.limit}`;
  return rows.map(({ contactId }) => contactId);
}

/** Keeps what an operator has begun to write; null when there is nothing any more. */
export async function upsertDraft(
  db: Db,
  at: {
    workspaceId: number;
    contactId: number;
    operatorId: number;
    draft: string | null;
    destinationId: number | null;
  },
): Promise<void> {
  await db`
    INSERT INTO inbox_seats (bucket, contact_id, operator_id, workspace_id, draft, draft_destination_id)
    VALUES (${bucketOf(at.contactId)}, ${at.contactId}, ${at.operatorId}, ${at.workspaceId}, ${at.draft}, ${at.destinationId})
    ON CONFLICT (bucket, contact_id, operator_id) DO UPDATE SET draft = EXCLUDED.draft, draft_destination_id = EXCLUDED.draft_destination_id`;
}

/** Puts what an operator had begun to write to somebody who became another to the other's, where he has begun nothing. */
export async function absorbDraft(
  db: Db,
  at: {
    workspaceId: number;
    contactId: number;
    operatorId: number;
    draft: string;
    destinationId: number | null;
  },
): Promise<void> {
  await db`
    INSERT INTO inbox_seats AS s (bucket, contact_id, operator_id, workspace_id, draft, draft_destination_id)
    VALUES (${bucketOf(at.contactId)}, ${at.contactId}, ${at.operatorId}, ${at.workspaceId}, ${at.draft}, ${at.destinationId})
    ON CONFLICT (bucket, contact_id, operator_id) DO UPDATE SET
      draft = coalesce(s.draft, EXCLUDED.draft),
      draft_destination_id = CASE WHEN s.draft IS NULL THEN EXCLUDED.draft_destination_id ELSE s.draft_destination_id END`;
}

/** What operators have of a conversation. */
export async function selectSeats(db: Db, contactId: number): Promise<Seat[]> {
  return await db<Seat[]>`
    SELECT operator_id AS "operatorId", read_ms AS "readMs", mentioned_ms AS "mentionedMs", draft, draft_destination_id AS "draftDestinationId" FROM inbox_seats
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} ORDER BY operator_id`;
}

/** Takes out what operators have of a conversation. */
export async function takeSeats(tx: Tx, contactId: number): Promise<Seat[]> {
  return await tx<Seat[]>`
    DELETE FROM inbox_seats WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}
    RETURNING operator_id AS "operatorId", read_ms AS "readMs", mentioned_ms AS "mentionedMs", draft, draft_destination_id AS "draftDestinationId"`;
}
