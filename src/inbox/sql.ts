/** The statements on inbox. */
import { isNewestFirst, USUAL_SORT, type Sort, type View } from '../../contract/inboxViews.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db, Fragment, Tx } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';

/** A conversation as it stands in the inbox. Times by the workspace's clock. */
export type InboxRow = {
  contactId: number;
  conversationId: number;
  closed: boolean;
  snoozedUntilMs: number | null;
  assigneeId: number | null;
  /** The team that it is with; one that was deleted is none. */
  teamId: number | null;
  /** How pressing it is: its place in `PRIORITIES`. */
  priority: number;
  channel: string | null;
  destinationId: number | null;
  lastMessageId: number;
  lastMs: number;
  lastInMs: number;
  lastOutMs: number;
  waitingMs: number | null;
  readMs: number;
  /** The operator who answered last, and when. */
  answeredBy: number | null;
  answeredMs: number;
};

const columns = (db: Db) => db`
  contact_id AS "contactId", conversation_id AS "conversationId", closed, snoozed_until_ms AS "snoozedUntilMs",
  assignee_id AS "assigneeId", team_id AS "teamId", priority, channel, destination_id AS "destinationId",
  last_message_id AS "lastMessageId", last_ms AS "lastMs",
  last_in_ms AS "lastInMs", last_out_ms AS "lastOutMs", waiting_ms AS "waitingMs", read_ms AS "readMs",
  answered_by AS "answeredBy", answered_ms AS "answeredMs"`;

/** What a contact said, of one batch: the last of it, and the first that nothing in the batch answers. */
export type Heard = {
  workspaceId: number;
  contactId: number;
  conversationId: number;
  channel: string;
  destinationId: number;
  lastMessageId: number;
  lastInMs: number;
  /** When the business spoke last in the same batch; 0 when it said nothing. */
  lastOutMs: number;
  lastMs: number;
  waitingMs: number | null;
};

/**
 * Notes what contacts said; a conversation that was closed or sleeps is open again by something new. Repeating it changes nothing. One row
 * each contact; locks them. Returns the contacts that had none.
 */
export async function upsertHeard(db: Db, rows: readonly Heard[]): Promise<number[]> {
  const found = await db<{ contactId: number; isNew: boolean }[]>`
    INSERT INTO inbox AS i (bucket, contact_id, workspace_id, conversation_id, channel, destination_id, last_message_id, last_in_ms,
      last_out_ms, last_ms, waiting_ms)
    SELECT * FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.conversationId)}::bigint[],
      ${rows.map((r) => r.channel)}::text[], ${rows.map((r) => r.destinationId)}::bigint[],
      ${rows.map((r) => r.lastMessageId)}::bigint[], ${rows.map((r) => r.lastInMs)}::bigint[],
      ${rows.map((r) => r.lastOutMs)}::bigint[], ${rows.map((r) => r.lastMs)}::bigint[],
      ${rows.map((r) => r.waitingMs)}::bigint[])
    ON CONFLICT (bucket, contact_id) DO UPDATE SET
      conversation_id = EXCLUDED.conversation_id,
      channel = CASE WHEN EXCLUDED.last_in_ms >= i.last_in_ms THEN EXCLUDED.channel ELSE i.channel END,
      destination_id = CASE WHEN EXCLUDED.last_in_ms >= i.last_in_ms THEN EXCLUDED.destination_id ELSE i.destination_id END,
      last_message_id = CASE WHEN EXCLUDED.last_ms >= i.last_ms THEN EXCLUDED.last_message_id ELSE i.last_message_id END,
      last_ms = greatest(i.last_ms, EXCLUDED.last_ms),
      last_in_ms = greatest(i.last_in_ms, EXCLUDED.last_in_ms),
      last_out_ms = greatest(i.last_out_ms, EXCLUDED.last_out_ms),
      waiting_ms = least(
        CASE WHEN i.waiting_ms > greatest(i.last_out_ms, EXCLUDED.last_out_ms) THEN i.waiting_ms END,
        CASE WHEN EXCLUDED.waiting_ms > greatest(i.last_out_ms, EXCLUDED.last_out_ms) THEN EXCLUDED.waiting_ms END,
        CASE WHEN greatest(i.last_in_ms, EXCLUDED.last_in_ms) > greatest(i.last_out_ms, EXCLUDED.last_out_ms)
          THEN greatest(i.last_in_ms, EXCLUDED.last_in_ms) END),
      closed = i.closed AND EXCLUDED.last_in_ms <= i.last_in_ms,
      snoozed_until_ms = CASE WHEN EXCLUDED.last_in_ms <= i.last_in_ms THEN i.snoozed_until_ms END
    RETURNING contact_id AS "contactId", xmax = 0 AS "isNew"`;
  return found.filter(({ isNew }) => isNew).map(({ contactId }) => contactId);
}

/** Notes what the business said where there is a row; returns the contacts that have one. Repeating it changes nothing. Locks the rows. */
export async function updateSaid(
  db: Db,
  rows: readonly { contactId: number; messageId: number; atMs: number }[],
): Promise<number[]> {
  const found = await db<{ contactId: number }[]>`
    UPDATE inbox i SET
      last_message_id = CASE WHEN s.at_ms >= i.last_ms THEN s.message_id ELSE i.last_message_id END,
      last_ms = greatest(i.last_ms, s.at_ms),
      last_out_ms = greatest(i.last_out_ms, s.at_ms),
      waiting_ms = least(
        CASE WHEN i.waiting_ms > greatest(i.last_out_ms, s.at_ms) THEN i.waiting_ms END,
        CASE WHEN i.last_in_ms > greatest(i.last_out_ms, s.at_ms) THEN i.last_in_ms END)
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.messageId)}::bigint[], ${rows.map((r) => r.atMs)}::bigint[]) AS s (bucket, contact_id, message_id, at_ms)
    WHERE i.bucket = s.bucket AND i.contact_id = s.contact_id
    RETURNING i.contact_id AS "contactId"`;
  return found.map(({ contactId }) => contactId);
}

/** Those of some contacts that are in the inbox. */
export async function selectPresent(db: Db, contactIds: readonly number[]): Promise<number[]> {
  const found = await db<{ contactId: number }[]>`
    SELECT i.contact_id AS "contactId" FROM inbox i
    JOIN unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, contact_id)
      ON i.bucket = k.bucket AND i.contact_id = k.contact_id`;
  return found.map(({ contactId }) => contactId);
}

/** Rows of contacts of a workspace, in no order. */
export async function selectRows(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<InboxRow[]> {
  return await db<InboxRow[]>`
    SELECT ${columns(db)} FROM inbox ${amongKeys(db, contactIds)} WHERE workspace_id = ${workspaceId}`;
}

function amongKeys(db: Db, contactIds: readonly number[]): Fragment {
  return db`JOIN unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (key_bucket, key_contact)
    ON inbox.bucket = k.key_bucket AND inbox.contact_id = k.key_contact`;
}

/** Which conversations are looked at. */
export type Look = {
  workspaceId: number;
  view: View;
  operatorId: number;
  /** The teams that the operator is in. */
  teamIds: readonly number[];
  nowMs: number;
  channel?: string | undefined;
  assigneeId?: number | undefined;
  teamId?: number | undefined;
  priority?: number | undefined;
  unread?: boolean | undefined;
  /** Where it is not the view's own. */
  sort?: Sort | undefined;
};

/** A place in a view: what the last one was sorted by, and its contact. */
export type ViewPlace = { rank: number; contactId: number };

/** A page of a view, in its order; looks no further than `upTo`, and only at the contacts of `of` where it is given. Locks nothing. */
export async function selectView(
  db: Db,
  look: Look,
  page: {
    after?: ViewPlace | undefined;
    upTo?: ViewPlace | undefined;
    of?: readonly number[];
    limit: number;
  },
): Promise<InboxRow[]> {
  const order = orderOf(db, look);
  return await db<InboxRow[]>`
    SELECT ${columns(db)} FROM ${inOrder(
      db,
      look,
      db`${page.of ? amongKeys(db, page.of) : db``} WHERE ${inView(db, look)} ${behind(db, order, page.after)} ${upTo(db, order, page.upTo)}`,
      page.limit,
    )}
    ORDER BY ${order.column} ${order.way}, contact_id ${order.way} LIMIT ${page.limit}`;
}

/** Places of the next so many conversations of a view, in its order. Locks nothing. */
export async function selectPlaces(
  db: Db,
  look: Look,
  page: { after: ViewPlace | undefined; limit: number; skip?: number },
): Promise<ViewPlace[]> {
  const order = orderOf(db, look);
  const rows = await db<ViewPlace[]>`
    SELECT ${order.column} AS rank, contact_id AS "contactId"
    FROM ${inOrder(db, look, db`WHERE ${inView(db, look)} ${behind(db, order, page.after)}`, (page.skip ?? 0) + page.limit)}
    ORDER BY ${order.column} ${order.way}, contact_id ${order.way} OFFSET ${page.skip ?? 0} LIMIT ${page.limit}`;
  return order.isNewest ? rows.map((row) => ({ ...row, rank: -row.rank })) : rows;
}

/** What of the inbox is looked at for so many: several teams are several orders of the index, of each of which so many are enough. */
function inOrder(db: Db, look: Look, where: Fragment, limit: number): Fragment {
  const isByTeam = look.view === 'teams' && (look.sort ?? USUAL_SORT.teams) === USUAL_SORT.teams;
  return isByTeam
    ? db`unnest(${[...look.teamIds]}::bigint[]) AS t (team), LATERAL (
        SELECT * FROM inbox ${where} AND team_id = t.team ORDER BY rank, contact_id LIMIT ${limit}) AS inbox`
    : db`inbox ${where}`;
}

/** The newest `step` conversations of a workspace behind a place, open or closed. Reads no more than it gives; locks nothing. */
export async function walkNewest(
  db: Db,
  workspaceId: number,
  after: ViewPlace | undefined,
  step: number,
): Promise<InboxRow[]> {
  // Each half has its index.
  const half = (closed: Fragment) => db`(
    SELECT * FROM inbox
    WHERE workspace_id = ${workspaceId} AND ${closed}
      ${after === undefined ? db`` : db`AND (last_ms, contact_id) < (${-after.rank}::bigint, ${after.contactId}::bigint)`}
    ORDER BY last_ms DESC, contact_id DESC LIMIT ${step})`;
  return await db<InboxRow[]>`
    SELECT ${columns(db)} FROM (${half(db`NOT closed`)} UNION ALL ${half(db`closed`)}) AS newest
    ORDER BY last_ms DESC, contact_id DESC LIMIT ${step}`;
}

/** How many conversations a view has; at most `most`, so that it costs no more however many there are. */
export async function countView(db: Db, look: Look, most: number): Promise<number> {
  const rows = await db<{ n: number }[]>`
    SELECT count(*)::integer AS n FROM (SELECT 1 FROM inbox WHERE ${inView(db, look)} LIMIT ${most}) AS up_to`;
  return rows[0]!.n;
}

type Order = { column: Fragment; way: Fragment; isNewest: boolean };

function orderOf(db: Db, { view, sort = USUAL_SORT[view] }: Look): Order {
  if (isNewestFirst(view, sort)) return { column: db`last_ms`, way: db`DESC`, isNewest: true };
  const column =
    view === 'snoozed'
      ? db`snoozed_until_ms`
      : sort === 'waiting'
        ? db`rank`
        : // As inbox_pressing has it, and `rankIn`.
          db`(priority * 1000000000000000 + coalesce(waiting_ms, 500000000000000 - last_ms))`;
  return { column, way: db`ASC`, isNewest: false };
}

function behind(db: Db, order: Order, place: ViewPlace | undefined): Fragment {
  return order.isNewest ? than(db, order, db`<`, place) : than(db, order, db`>`, place);
}

function upTo(db: Db, order: Order, place: ViewPlace | undefined): Fragment {
  return order.isNewest ? than(db, order, db`>=`, place) : than(db, order, db`<=`, place);
}

function than(db: Db, order: Order, sign: Fragment, place: ViewPlace | undefined): Fragment {
  if (place === undefined) return db``;
  const rank = order.isNewest ? -place.rank : place.rank;
  return db`AND (${order.column}, contact_id) ${sign} (${rank}::bigint, ${place.contactId}::bigint)`;
}

function inView(db: Db, look: Look): Fragment {
  const { workspaceId, view, operatorId, nowMs, channel, assigneeId, teamId, priority, unread } = look;
  const awake = db`NOT closed AND (snoozed_until_ms IS NULL OR snoozed_until_ms <= ${nowMs})`;
  const where = {
    mine: () => db`${awake} AND assignee_id = ${operatorId}`,
    teams: () => db`${awake} AND team_id = ANY(${[...look.teamIds]}::bigint[])`,
    unassigned: () => db`${awake} AND assignee_id IS NULL`,
    all: () => awake,
    snoozed: () => db`NOT closed AND snoozed_until_ms > ${nowMs}`,
    closed: () => db`closed`,
  };
  return db`workspace_id = ${workspaceId} AND ${where[view]()}
    ${channel === undefined ? db`` : db`AND channel = ${channel}`}
    ${assigneeId === undefined ? db`` : db`AND assignee_id = ${assigneeId}`}
    ${teamId === undefined ? db`` : db`AND team_id = ${teamId}`}
    ${priority === undefined ? db`` : db`AND priority = ${priority}`}
    ${unread ? db`AND last_in_ms > read_ms` : db``}`;
}

/** The row of a contact, locked until the transaction ends: who answers and who changes it take turns. */
export async function lockRow(tx: Tx, workspaceId: number, contactId: number): Promise<InboxRow | undefined> {
  const [row] = await tx<InboxRow[]>`
    SELECT ${columns(tx)} FROM inbox
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND workspace_id = ${workspaceId} FOR UPDATE`;
  return row;
}

/** Makes the row of a conversation in which only the business has spoken, when an operator turns to it. */
export async function insertRow(
  tx: Tx,
  row: { workspaceId: number; contactId: number; conversationId: number; messageId: number; atMs: number },
): Promise<boolean> {
  const { count } = await tx`
    INSERT INTO inbox (bucket, contact_id, workspace_id, conversation_id, last_message_id, last_ms)
    VALUES (${bucketOf(row.contactId)}, ${row.contactId}, ${row.workspaceId}, ${row.conversationId}, ${row.messageId}, ${row.atMs})
    ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** Rows of contacts, locked in order of contact until the transaction ends, as everybody locks who locks several. */
export async function lockRows(
  tx: Tx,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<InboxRow[]> {
  return await onEachShard(
    tx,
    contactIds,
    bucketOf,
    async (some, buckets) =>
      await tx<InboxRow[]>`
        SELECT ${columns(tx)} FROM inbox
        WHERE bucket = ANY(${buckets}::smallint[]) AND contact_id = ANY(${[...some]}::bigint[]) AND workspace_id = ${workspaceId}
        ORDER BY contact_id FOR UPDATE`,
  );
}

/** Sets whose conversations are, whether they are open, how pressing they are, and up to when they were read. Locks the rows, which who calls has locked. */
export async function updateStandings(
  tx: Tx,
  rows: readonly Pick<
    InboxRow,
    'contactId' | 'closed' | 'snoozedUntilMs' | 'assigneeId' | 'teamId' | 'priority' | 'readMs'
  >[],
): Promise<void> {
  await tx`
    UPDATE inbox i SET closed = s.closed, snoozed_until_ms = s.snoozed_until_ms, assignee_id = s.assignee_id, team_id = s.team_id,
      priority = s.priority, read_ms = s.read_ms
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.closed)}::boolean[], ${rows.map((r) => r.snoozedUntilMs)}::bigint[],
      ${rows.map((r) => r.assigneeId)}::bigint[], ${rows.map((r) => r.teamId)}::bigint[], ${rows.map((r) => r.priority)}::smallint[], ${rows.map((r) => r.readMs)}::bigint[])
      AS s (bucket, contact_id, closed, snoozed_until_ms, assignee_id, team_id, priority, read_ms)
    WHERE i.bucket = s.bucket AND i.contact_id = s.contact_id`;
}

/** Notes up to when a conversation was read; earlier marks change nothing. Locks the row. */
export async function updateRead(tx: Tx, contactId: number, readMs: number): Promise<boolean> {
  const { count } = await tx`
    UPDATE inbox SET read_ms = greatest(read_ms, ${readMs}::bigint)
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}`;
  return count > 0;
}

/** Notes who answered, and that he has thereby seen it. Locks the row. */
export async function updateAnswered(
  tx: Tx,
  contactId: number,
  by: { operatorId: number | null; atMs: number },
): Promise<void> {
  await tx`
    UPDATE inbox SET read_ms = greatest(read_ms, ${by.atMs}::bigint), answered_by = ${by.operatorId}, answered_ms = ${by.atMs}
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}`;
}

/** Takes the row of a contact out. Locks it. */
export async function takeRow(tx: Tx, contactId: number): Promise<InboxRow | undefined> {
  const [row] = await tx<InboxRow[]>`
    DELETE FROM inbox WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} RETURNING ${columns(tx)}`;
  return row;
}

/** Says how a conversation ends, where something of it was taken away. The caller holds the row. */
export async function updateLast(
  tx: Tx,
  contactId: number,
  last: { messageId: number; atMs: number; inMs: number; outMs: number; waitingMs: number | null },
): Promise<void> {
  await tx`
    UPDATE inbox SET last_message_id = ${last.messageId}, last_ms = ${last.atMs}, last_in_ms = ${last.inMs}, last_out_ms = ${last.outMs},
      waiting_ms = ${last.waitingMs}
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}`;
}

/** Conversations that sleep until after a moment, the first to wake first. Times by the workspace's clock. Locks nothing. */
export async function selectWaking(
  db: Db,
  workspaceId: number,
  afterMs: number,
  most: number,
): Promise<{ contactId: number; untilMs: number }[]> {
  return await db<{ contactId: number; untilMs: number }[]>`
    SELECT contact_id AS "contactId", snoozed_until_ms AS "untilMs" FROM inbox
    WHERE workspace_id = ${workspaceId} AND NOT closed AND snoozed_until_ms > ${afterMs}
    ORDER BY snoozed_until_ms, contact_id LIMIT ${most}`;
}
