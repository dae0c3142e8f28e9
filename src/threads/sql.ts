/** Every statement on threads, participants and posts. */
import { bucketOf } from '../base/ids.ts';
import type { Db, Fragment } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import type { Content } from '../../contract/content.ts';
import type { Send } from '../outbox/accept.ts';
import type { Actor, Participant, ThreadPost, Thread } from './participants.ts';

const threadColumns = (db: Db) => db`
  t.id, t.workspace_id AS "workspaceId", t.contact_id AS "contactId", t.type, t.status, t.name, t.slug, t.touchpoint, t.channels,
  t.tags, t.meta, t.category, t.language, t.created_by AS "createdBy", t.created_ms AS "createdMs", t.updated_ms AS "updatedMs"`;

const postColumns = (db: Db) => db`
  p.id, p.conversation_id AS "conversationId", p.workspace_id AS "workspaceId", p.type, p.role, p.user_id AS "userId", p.spoken,
  p.wire, p.at_ms AS "atMs", p.due_ms AS "dueMs", p.held #> '{send,content}' AS "heldContent"`;

/** Writes threads down; those that are there stay as they are. */
export async function insertThreads(db: Db, rows: readonly Thread[]): Promise<void> {
  await db`
    INSERT INTO threads (bucket, id, workspace_id, contact_id, type, status, name, slug, touchpoint, tags, meta, created_by,
      created_ms, updated_ms)
    SELECT n.bucket, n.id, n.workspace_id, n.contact_id, n.type, n.status, n.name, n.slug, n.touchpoint,
      ARRAY(SELECT jsonb_array_elements_text(n.tags::jsonb)), n.meta::jsonb, n.created_by, n.created_ms, n.updated_ms
    FROM unnest(
      ${rows.map((r) => bucketOf(r.id))}::smallint[], ${rows.map((r) => r.id)}::bigint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.contactId)}::bigint[], ${rows.map((r) => r.type)}::text[],
      ${rows.map((r) => r.status)}::text[], ${rows.map((r) => r.name)}::text[], ${rows.map((r) => r.slug)}::text[],
      ${rows.map((r) => r.touchpoint)}::text[], ${rows.map((r) => JSON.stringify(r.tags))}::text[],
      ${rows.map((r) => JSON.stringify(r.meta))}::text[], ${rows.map((r) => r.createdBy)}::text[],
      ${rows.map((r) => r.createdMs)}::bigint[], ${rows.map((r) => r.updatedMs)}::bigint[])
      AS n (bucket, id, workspace_id, contact_id, type, status, name, slug, touchpoint, tags, meta, created_by, created_ms, updated_ms)
    ORDER BY n.id
    ON CONFLICT DO NOTHING`;
}

/** Threads by id, in the order of their ids; locks them when asked to, so that two who change one do it one after the other. */
export async function selectThreads(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
  lock: boolean,
): Promise<Thread[]> {
  return await db<Thread[]>`
    SELECT ${threadColumns(db)} FROM threads t
    WHERE t.bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND t.id = ANY(${[...ids]}::bigint[])
      AND t.workspace_id = ${workspaceId}
    ORDER BY t.id ${lock ? db`FOR UPDATE` : db``}`;
}

/** Writes what became of a thread. The caller holds its lock. */
export async function updateThread(db: Db, thread: Thread): Promise<void> {
  const { id, status, name, touchpoint, category, language, createdBy, updatedMs } = thread;
  const columns = {
    status,
    name,
    touchpoint,
    category,
    language,
    created_by: createdBy,
    updated_ms: updatedMs,
  };
  await db`
    UPDATE threads SET ${db.assignments(columns)},
      channels = ${thread.channels}::text[], tags = ${thread.tags}::text[], meta = ${JSON.stringify(thread.meta)}::text::jsonb
    WHERE bucket = ${bucketOf(id)} AND id = ${id}`;
}

/** Removes threads with those who took part. */
export async function deleteThreads(db: Db, ids: readonly number[]): Promise<void> {
  const buckets = [...new Set(ids.map(bucketOf))];
  const which = [...ids];
  await Promise.all([
    db`DELETE FROM participants WHERE bucket = ANY(${buckets}::smallint[]) AND conversation_id = ANY(${which}::bigint[])`,
    db`DELETE FROM threads WHERE bucket = ANY(${buckets}::smallint[]) AND id = ANY(${which}::bigint[])`,
  ]);
}

/** Those who take part in threads, in the order in which they came. */
export async function selectParticipants(db: Db, conversationIds: readonly number[]): Promise<Participant[]> {
  return await db<Participant[]>`
    SELECT conversation_id AS "conversationId", user_id AS "userId", name, role, unread_count AS "unreadCount", inbox, accepted,
      active, created_ms AS "createdMs", updated_ms AS "updatedMs"
    FROM participants
    WHERE bucket = ANY(${[...new Set(conversationIds.map(bucketOf))]}::smallint[])
      AND conversation_id = ANY(${[...conversationIds]}::bigint[])
    ORDER BY created_ms, user_id`;
}

/** Writes down who takes part. The caller holds the threads' locks. */
export async function upsertParticipants(db: Db, rows: readonly Participant[]): Promise<void> {
  await db`
    INSERT INTO participants (bucket, conversation_id, user_id, name, role, unread_count, inbox, accepted, active, created_ms,
      updated_ms)
    SELECT * FROM unnest(
      ${rows.map((r) => bucketOf(r.conversationId))}::smallint[], ${rows.map((r) => r.conversationId)}::bigint[],
      ${rows.map((r) => r.userId)}::text[], ${rows.map((r) => r.name)}::text[], ${rows.map((r) => r.role)}::text[],
      ${rows.map((r) => r.unreadCount)}::integer[], ${rows.map((r) => r.inbox)}::boolean[],
      ${rows.map((r) => r.accepted)}::boolean[], ${rows.map((r) => r.active)}::boolean[],
      ${rows.map((r) => r.createdMs)}::bigint[], ${rows.map((r) => r.updatedMs)}::bigint[])
    ON CONFLICT (bucket, conversation_id, user_id) DO UPDATE SET name = excluded.name, role = excluded.role,
      unread_count = excluded.unread_count, inbox = excluded.inbox, accepted = excluded.accepted, active = excluded.active,
      updated_ms = excluded.updated_ms`;
}

/** A contact said something: a closed thread is queued for the inbox, and nobody has read it. Locks the threads. Returns those queued. */
export async function noteHeard(
  db: Db,
  rows: readonly {
    conversationId: number;
    count: number;
    atMs: number;
    touchpoint: string | null;
    inbox: string;
  }[],
): Promise<{ id: number }[]> {
  const ids = rows.map((r) => r.conversationId);
  const buckets = ids.map(bucketOf);
  const queued = await onEachShard(
    db,
    ids,
    bucketOf,
    async (some, ofShard) =>
      await db<{ id: number }[]>`
        SELECT t.id FROM threads t
        WHERE t.bucket = ANY(${ofShard}::smallint[]) AND t.id = ANY(${[...some]}::bigint[]) AND t.status = 'closed'
        ORDER BY t.id FOR UPDATE`,
  );
  await db`
    UPDATE threads t SET updated_ms = greatest(t.updated_ms, n.at_ms), touchpoint = coalesce(n.touchpoint, t.touchpoint),
      channels = CASE t.status WHEN 'closed' THEN ARRAY[n.inbox] ELSE t.channels END,
      status = CASE t.status WHEN 'closed' THEN 'queued' ELSE t.status END
    FROM unnest(${buckets}::smallint[], ${ids}::bigint[], ${rows.map((r) => r.atMs)}::bigint[],
      ${rows.map((r) => r.touchpoint)}::text[], ${rows.map((r) => r.inbox)}::text[]) AS n (bucket, id, at_ms, touchpoint, inbox)
    WHERE t.bucket = n.bucket AND t.id = n.id`;
  await db`
    UPDATE participants p SET unread_count = p.unread_count + n.n, updated_ms = greatest(p.updated_ms, n.at_ms)
    FROM unnest(${buckets}::smallint[], ${ids}::bigint[], ${rows.map((r) => r.count)}::integer[],
      ${rows.map((r) => r.atMs)}::bigint[]) AS n (bucket, id, n, at_ms)
    WHERE p.bucket = n.bucket AND p.conversation_id = n.id`;
  return queued;
}

/** What is to happen when a delay is over; `channel` is the one it goes through. */
export type DelayedAction = {
  actor: Actor;
  /** Names of users that a command speaks of, by their ids. */
  names?: Record<string, string>;
} & (
  | { kind: 'speech'; send: Send; channel: string }
  | { kind: 'heard'; content: Content }
  | { kind: 'aside' }
);

/** A post to be written down. Times are null for one that has happened. */
export type NewPostRow = Omit<ThreadPost, 'heldContent'> & {
  held: DelayedAction | null;
  typingMs: number | null;
};

/** Writes posts down. */
export async function insertPosts(db: Db, rows: readonly NewPostRow[]): Promise<void> {
  await db`
    INSERT INTO posts (bucket, id, conversation_id, workspace_id, type, role, user_id, spoken, wire, at_ms, held, due_ms, typing_ms)
    SELECT n.bucket, n.id, n.conversation_id, n.workspace_id, n.type, n.role, n.user_id, n.spoken, n.wire::jsonb, n.at_ms,
      n.held::jsonb, n.due_ms, n.typing_ms
    FROM unnest(
      ${rows.map((r) => bucketOf(r.id))}::smallint[], ${rows.map((r) => r.id)}::bigint[],
      ${rows.map((r) => r.conversationId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => r.type)}::text[], ${rows.map((r) => r.role)}::text[], ${rows.map((r) => r.userId)}::text[],
      ${rows.map((r) => r.spoken)}::boolean[], ${rows.map((r) => JSON.stringify(r.wire))}::text[],
      ${rows.map((r) => r.atMs)}::bigint[], ${rows.map((r) => (r.held === null ? null : JSON.stringify(r.held)))}::text[],
      ${rows.map((r) => r.dueMs)}::bigint[], ${rows.map((r) => r.typingMs)}::bigint[])
      AS n (bucket, id, conversation_id, workspace_id, type, role, user_id, spoken, wire, at_ms, held, due_ms, typing_ms)`;
}

/** A post whose delay is not over, or was not when it was looked at last. */
export type HeldPost = {
  id: number;
  conversationId: number;
  dueMs: number;
  typingMs: number | null;
  held: DelayedAction;
};

/** What is held in threads, in the order in which it is to happen. The caller holds the threads' locks. */
export async function selectHeld(
  db: Db,
  workspaceId: number,
  conversationIds: readonly number[],
): Promise<(HeldPost & Pick<ThreadPost, 'type' | 'wire'>)[]> {
  return await db<(HeldPost & Pick<ThreadPost, 'type' | 'wire'>)[]>`
    SELECT p.id, p.conversation_id AS "conversationId", p.due_ms AS "dueMs", p.typing_ms AS "typingMs", p.held, p.type, p.wire
    FROM posts p
    WHERE p.bucket = ANY(${[...new Set(conversationIds.map(bucketOf))]}::smallint[])
      AND p.conversation_id = ANY(${[...conversationIds]}::bigint[]) AND p.workspace_id = ${workspaceId} AND p.due_ms IS NOT NULL
    ORDER BY p.due_ms, p.id`;
}

/** Notes that posts have happened. The caller holds the threads' locks. */
export async function markHappened(db: Db, ids: readonly number[], atMs: number): Promise<void> {
  await db`
    UPDATE posts SET held = NULL, due_ms = NULL, typing_ms = NULL, at_ms = ${atMs}
    WHERE bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND id = ANY(${[...ids]}::bigint[])`;
}

/** Posts by id. */
export async function selectPosts(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<ThreadPost[]> {
  return await db<ThreadPost[]>`
    SELECT ${postColumns(db)} FROM posts p
    WHERE p.bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND p.id = ANY(${[...ids]}::bigint[])
      AND p.workspace_id = ${workspaceId}`;
}

/** Changes what a post says; false when it is not there. */
export async function updatePost(db: Db, id: number, wire: Record<string, unknown>): Promise<boolean> {
  const { count } = await db`
    UPDATE posts SET wire = ${JSON.stringify(wire)}::text::jsonb WHERE bucket = ${bucketOf(id)} AND id = ${id}`;
  return count > 0;
}

/** Removes posts of conversations, one or all of them; returns since when those that were still to be said were to be typed. */
export async function deletePosts(
  db: Db,
  conversationIds: readonly number[],
  id?: number,
): Promise<{ typingMs: number }[]> {
  const removed = await db<{ typingMs: number | null }[]>`
    DELETE FROM posts WHERE bucket = ANY(${[...new Set(conversationIds.map(bucketOf))]}::smallint[])
      AND conversation_id = ANY(${[...conversationIds]}::bigint[]) ${id === undefined ? db`` : db`AND id = ${id}`}
    RETURNING typing_ms AS "typingMs"`;
  return removed.flatMap(({ typingMs }) => (typingMs === null ? [] : { typingMs }));
}

/** One condition of a search; all of them must hold. `values` is never empty. */
export type Condition = {
  field: string;
  op: 'eq' | 'contains' | 'prefix' | '>' | '>=' | '<' | '<=';
  values: readonly (string | number | boolean)[];
};

/** A page of a search. */
type Search = {
  conditions: readonly Condition[];
  sort: readonly { field: string; descending: boolean }[];
  limit: number;
  offset: number;
};

/** Fields of threads that can be searched and sorted by. */
export const THREAD_FIELDS: Readonly<
  Record<string, { column: string; kind: 'id' | 'text' | 'time' | 'texts' }>
> = {
  id: { column: 't.id', kind: 'id' },
  contact: { column: 't.contact_id', kind: 'id' },
  type: { column: 't.type', kind: 'text' },
  status: { column: 't.status', kind: 'text' },
  name: { column: 't.name', kind: 'text' },
  slug: { column: 't.slug', kind: 'text' },
  category: { column: 't.category', kind: 'text' },
  createdBy: { column: 't.created_by', kind: 'text' },
  createdAt: { column: 't.created_ms', kind: 'time' },
  updatedAt: { column: 't.updated_ms', kind: 'time' },
  tags: { column: 't.tags', kind: 'texts' },
};

/** Fields of participants that can be searched by. */
export const PARTICIPANT_FIELDS: Readonly<Record<string, string>> = {
  'participants.user': 'p.user_id',
  'participants.inbox': 'p.inbox',
  'participants.accepted': 'p.accepted',
  'participants.active': 'p.active',
};

/** Threads of a workspace. Locks nothing. Reads every bucket. */
export async function searchThreads(db: Db, workspaceId: number, search: Search): Promise<Thread[]> {
  let where: Fragment = db`t.bucket >= 0 AND t.workspace_id = ${workspaceId}`;
  let taking: Fragment | undefined;
  for (const { field, op, values } of search.conditions) {
    const own = THREAD_FIELDS[field];
    const ofParticipant = PARTICIPANT_FIELDS[field];
    if (ofParticipant) {
      const column = nameOf(db, ofParticipant);
      const one = db`${column}::text = ANY(${values.map(String)}::text[])`;
      taking = taking ? db`${taking} AND ${one}` : one;
    } else if (own?.kind === 'texts') where = db`${where} AND t.tags && ${values.map(String)}::text[]`;
    else if (own)
      where = db`${where} AND ${compared(db, nameOf(db, own.column), own.kind !== 'text', op, values)}`;
    else if (field.startsWith('meta.'))
      where = db`${where} AND ${compared(db, db`(t.meta ->> ${field.slice(5)}::text)`, false, op, values)}`;
  }
  if (taking)
    where = db`${where} AND EXISTS (SELECT 1 FROM participants p WHERE p.bucket = t.bucket AND p.conversation_id = t.id AND ${taking})`;
  return await db<Thread[]>`
    SELECT ${threadColumns(db)} FROM threads t WHERE ${where}
    ORDER BY ${orderOf(db, search.sort)} t.created_ms, t.id LIMIT ${search.limit} OFFSET ${search.offset}`.unprepared();
}

function orderOf(db: Db, sort: Search['sort']): Fragment {
  let order: Fragment = db``;
  for (const { field, descending } of sort) {
    const known = THREAD_FIELDS[field];
    if (known) order = db`${order} ${nameOf(db, known.column)} ${descending ? db`DESC` : db`ASC`},`;
  }
  return order;
}

/** A column of the tables above: never a caller's text. */
function nameOf(db: Db, column: string): Fragment {
  const strings = Object.assign([column], { raw: [column] });
  return db(strings as unknown as TemplateStringsArray);
}

function compared(
  db: Db,
  column: Fragment,
  numeric: boolean,
  op: Condition['op'],
  values: Condition['values'],
): Fragment {
  const first = values[0]!;
  const literal = (text: string) => text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`);
  switch (op) {
    case 'eq':
      return numeric
        ? db`${column} = ANY(${values.map(Number)}::bigint[])`
        : db`${column} = ANY(${values.map(String)}::text[])`;
    case 'contains':
      return db`${column}::text ILIKE ${`%${literal(String(first))}%`}`;
    case 'prefix':
      return db`${column}::text ILIKE ${`${literal(String(first))}%`}`;
    case '>':
      return numeric ? db`${column} > ${Number(first)}::bigint` : db`${column} > ${String(first)}`;
    case '>=':
      return numeric ? db`${column} >= ${Number(first)}::bigint` : db`${column} >= ${String(first)}`;
    case '<':
      return numeric ? db`${column} < ${Number(first)}::bigint` : db`${column} < ${String(first)}`;
    case '<=':
      return numeric ? db`${column} <= ${Number(first)}::bigint` : db`${column} <= ${String(first)}`;
  }
}

/** One thing in a thread: a post, a message, or both. */
type Entry = { id: number; conversationId: number; atMs: number };

/** What is to be found in threads: those named, or all of a workspace. */
type EntrySearch = {
  among: { conversationIds: readonly number[] } | { workspaceId: number };
  types?: readonly string[];
  roles?: readonly string[];
  /** Inclusive. */
  fromMs?: number;
  /** Inclusive. */
  toMs?: number;
  newestFirst: boolean;
  /** What is held until its delay is over, too. */
  withHeld?: boolean;
  limit: number;
  offset: number;
};

/** What was posted to threads and what was said in them, in the order of time. Locks nothing. */
export async function selectEntries(db: Db, search: EntrySearch): Promise<Entry[]> {
  const { types, roles, fromMs, toMs, newestFirst, withHeld = false } = search;
  const messages = among(db, search, db`m`);
  const posts = among(db, search, db`p`);
  return await db<Entry[]>`
    SELECT id, conversation_id AS "conversationId", at_ms AS "atMs" FROM (
      SELECT m.id, m.conversation_id, coalesce(p.at_ms, m.at_ms) AS at_ms, coalesce(p.type, 'chat') AS type,
        coalesce(p.role, CASE m.direction WHEN 'in' THEN 'contact' ELSE 'agent' END) AS role
      FROM messages m LEFT JOIN posts p ON p.bucket = m.bucket AND p.id = m.id
      WHERE ${messages} AND m.kind <> 'confirmation'
      UNION ALL
      SELECT p.id, p.conversation_id, p.at_ms, p.type, p.role FROM posts p
      WHERE ${posts} AND ${withHeld ? db`(NOT p.spoken OR p.due_ms IS NOT NULL)` : db`NOT p.spoken AND p.due_ms IS NULL`}
    ) all_said
    WHERE true ${types ? db`AND type = ANY(${[...types]}::text[])` : db``} ${roles ? db`AND role = ANY(${[...roles]}::text[])` : db``}
      ${fromMs === undefined ? db`` : db`AND at_ms >= ${fromMs}`} ${toMs === undefined ? db`` : db`AND at_ms <= ${toMs}`}
    ORDER BY at_ms ${newestFirst ? db`DESC` : db`ASC`}, id ${newestFirst ? db`DESC` : db`ASC`}
    LIMIT ${search.limit} OFFSET ${search.offset}`;
}

/** Which rows are of the threads that are searched. */
function among(db: Db, { among: which }: EntrySearch, row: Fragment): Fragment {
  if ('workspaceId' in which)
    return db`EXISTS (SELECT 1 FROM threads t WHERE t.bucket = ${row}.bucket AND t.id = ${row}.conversation_id
      AND t.workspace_id = ${which.workspaceId})`;
  const ids = [...which.conversationIds];
  return db`${row}.bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND ${row}.conversation_id = ANY(${ids}::bigint[])`;
}
