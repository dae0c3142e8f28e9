/** Every statement on request_log and key_uses. */
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** A request by a key. */
export type Requested = {
  workspaceId: number;
  atMs: number;
  requestId: string;
  door: string;
  keyId: string;
  method: string;
  /** The route, with names where a path has ids. */
  route: string;
  status: number;
  durationMs: number;
  fault: { code: string; message: string; field?: string } | null;
};

/** Writes requests down, but for those of workspaces that go: they are written a while after. Repeating it changes nothing. */
export async function insertRequests(db: Db, rows: readonly Requested[]): Promise<void> {
  await db`
    INSERT INTO request_log (workspace_id, at_ms, request_id, door, key_id, method, route, status, duration_ms, fault)
    SELECT r.workspace_id, at_ms, request_id, door, key_id, method, route, status, duration_ms, fault::jsonb FROM unnest(
      ${column(rows, (r) => r.workspaceId)}::bigint[], ${column(rows, (r) => r.atMs)}::bigint[],
      ${column(rows, (r) => r.requestId)}::text[], ${column(rows, (r) => r.door)}::text[], ${column(rows, (r) => r.keyId)}::text[],
      ${column(rows, (r) => r.method)}::text[], ${column(rows, (r) => r.route)}::text[], ${column(rows, (r) => r.status)}::smallint[],
      ${column(rows, (r) => r.durationMs)}::integer[], ${column(rows, (r) => (r.fault ? JSON.stringify(r.fault) : null))}::text[])
      AS r (workspace_id, at_ms, request_id, door, key_id, method, route, status, duration_ms, fault)
    JOIN workspaces w ON w.id = r.workspace_id AND w.deleted_ms IS NULL
    ON CONFLICT DO NOTHING`;
}

/** Notes when keys were used last: not more often than once in `everyMs` for each. Locks their rows, in order of key. */
export async function upsertKeyUses(
  db: Db,
  uses: readonly { door: string; keyId: string; atMs: number }[],
  everyMs: number,
): Promise<void> {
  const sorted = uses.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1));
  await db`
    INSERT INTO key_uses AS k (door, key_id, last_ms)
    SELECT * FROM unnest(${column(sorted, ({ door }) => door)}::text[], ${column(sorted, ({ keyId }) => keyId)}::text[],
      ${column(sorted, ({ atMs }) => atMs)}::bigint[])
    ON CONFLICT (door, key_id) DO UPDATE SET last_ms = EXCLUDED.last_ms WHERE EXCLUDED.last_ms > k.last_ms + ${db.inConflict(everyMs)}::bigint`;
}

/** When keys were used last, by door and key; those that never were are not in it. */
export async function selectKeyUses(
  db: Db,
  keyIds: readonly string[],
): Promise<{ door: string; keyId: string; lastMs: number }[]> {
  return await db<{ door: string; keyId: string; lastMs: number }[]>`
    SELECT door, key_id AS "keyId", last_ms AS "lastMs" FROM key_uses WHERE key_id = ANY(${[...keyIds]}::text[])`;
}

/** A place in the log, and what is looked for. */
type RequestsLook = {
  workspaceId: number;
  keyId?: string | undefined;
  failed?: boolean | undefined;
  /** Answers from one status to below another. */
  status?: { from: number; below: number } | undefined;
  /** What the method and the route hold somewhere, whatever its case. */
  route?: string | undefined;
  before?: { atMs: number; requestId: string } | undefined;
  limit: number;
};

/** The newest requests of a workspace. */
export async function selectRequests(db: Db, look: RequestsLook): Promise<Requested[]> {
  const { workspaceId, keyId, failed, status, route, before, limit } = look;
  return await db<Requested[]>`
    SELECT workspace_id AS "workspaceId", at_ms AS "atMs", request_id AS "requestId", door, key_id AS "keyId", method, route, status,
      duration_ms AS "durationMs", fault FROM request_log
    WHERE workspace_id = ${workspaceId}
      ${keyId === undefined ? db`` : db`AND key_id = ${keyId}`}
      ${failed ? db`AND status >= 400` : db``}
      ${status ? db`AND status >= ${status.from} AND status < ${status.below}` : db``}
      ${route === undefined ? db`` : db`AND position(lower(${route}::text) IN lower(method || ' ' || route)) > 0`}
      ${before ? db`AND (at_ms, request_id) < (${before.atMs}::bigint, ${before.requestId}::text)` : db``}
    ORDER BY at_ms DESC, request_id DESC LIMIT ${limit}`;
}

/** Workspaces with requests in the log. One step of the index for each. */
export async function selectLogged(db: Db): Promise<number[]> {
  const rows = await db<{ id: number }[]>`SELECT DISTINCT workspace_id AS id FROM request_log`;
  return rows.map(({ id }) => id);
}

/** Lets go of what is older than the newest `keep` of a workspace, and of what is older than `beforeMs`. */
export async function trimRequests(
  db: Db,
  { workspaceId, keep, beforeMs }: { workspaceId: number; keep: number; beforeMs: number },
): Promise<void> {
  await db`
    DELETE FROM request_log WHERE workspace_id = ${workspaceId} AND at_ms < greatest(${beforeMs}::bigint, coalesce((
      SELECT at_ms FROM request_log WHERE workspace_id = ${workspaceId}
      ORDER BY at_ms DESC, request_id DESC OFFSET ${keep} LIMIT 1), 0))`;
}
