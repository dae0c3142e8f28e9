/** Every statement on webhooks. `webhooks` is a small table; the rows of calls are in `sql.calls.ts`. */
import type { Db } from '../db/pool.ts';

/** A row of webhooks. */
export type WebhookRow = {
  id: number;
  workspaceId: number;
  door: string;
  target: string;
  triggers: string[];
  secretSealed: Uint8Array;
  includeFullContact: boolean;
  includeDestination: boolean;
  options: Record<string, unknown>;
  status: 'active' | 'disabled';
  failingSinceMs: number | null;
  createdMs: number;
};

/** Which webhook is meant; another workspace's or another door's is not found. */
type WebhookKey = { workspaceId: number; door: string; id: number };

const columns = (db: Db) => db`
  id, workspace_id AS "workspaceId", door, target, triggers, secret_sealed AS "secretSealed",
  include_full_contact AS "includeFullContact", include_destination AS "includeDestination", options, status,
  failing_since_ms AS "failingSinceMs", created_ms AS "createdMs"`;

/** How many webhooks a workspace has at a door. */
export async function countWebhooks(db: Db, workspaceId: number, door: string): Promise<number> {
  const rows = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM webhooks WHERE workspace_id = ${workspaceId} AND door = ${door}`;
  return rows[0]!.n;
}

/** Writes a new webhook. */
export async function insertWebhook(db: Db, w: WebhookRow): Promise<void> {
  await db`
    INSERT INTO webhooks (id, workspace_id, door, target, triggers, secret_sealed, include_full_contact, include_destination,
      options, status, created_ms)
    VALUES (${w.id}, ${w.workspaceId}, ${w.door}, ${w.target}, ${w.triggers}::text[], ${w.secretSealed},
      ${w.includeFullContact}, ${w.includeDestination}, ${db.json(w.options)}, ${w.status}, ${w.createdMs})`;
}

/** A webhook. `lock`: locks its row until the transaction ends, to change it. */
export async function selectWebhook(db: Db, key: WebhookKey, lock: boolean): Promise<WebhookRow | undefined> {
  const rows = await db<WebhookRow[]>`
    SELECT ${columns(db)} FROM webhooks
    WHERE id = ${key.id} AND workspace_id = ${key.workspaceId} AND door = ${key.door} ${lock ? db`FOR NO KEY UPDATE` : db``}`;
  return rows[0];
}

/** A workspace's webhooks at a door, oldest first. */
export async function selectWebhooksOf(db: Db, workspaceId: number, door: string): Promise<WebhookRow[]> {
  return await db<WebhookRow[]>`
    SELECT ${columns(db)} FROM webhooks WHERE workspace_id = ${workspaceId} AND door = ${door} ORDER BY created_ms, id`;
}

/** The webhooks of workspaces that are to be called. */
export async function selectActiveWebhooks(db: Db, workspaceIds: readonly number[]): Promise<WebhookRow[]> {
  return await db<WebhookRow[]>`
    SELECT ${columns(db)} FROM webhooks
    WHERE workspace_id = ANY(${[...workspaceIds]}::bigint[]) AND status = 'active' ORDER BY created_ms, id`;
}

/** Webhooks by id, whoever's they are: for calls that are due. */
export async function selectWebhooksById(db: Db, ids: readonly number[]): Promise<WebhookRow[]> {
  return await db<WebhookRow[]>`SELECT ${columns(db)} FROM webhooks WHERE id = ANY(${[...ids]}::bigint[])`;
}

/** Changes all that can be changed of a webhook. */
export async function updateWebhookRow(db: Db, w: WebhookRow): Promise<void> {
  await db`
    UPDATE webhooks SET target = ${w.target}, triggers = ${w.triggers}::text[], secret_sealed = ${w.secretSealed},
      include_full_contact = ${w.includeFullContact}, include_destination = ${w.includeDestination},
      options = ${db.json(w.options)}, status = ${w.status}, failing_since_ms = ${w.failingSinceMs}
    WHERE id = ${w.id}`;
}

/** Deletes a webhook; false when there is none. Its calls stay in the log until they are old. */
export async function deleteWebhookRow(db: Db, key: WebhookKey): Promise<boolean> {
  const result = await db`
    DELETE FROM webhooks WHERE id = ${key.id} AND workspace_id = ${key.workspaceId} AND door = ${key.door}`;
  return result.count > 0;
}

/** Notes since when webhooks fail; of those that fail already, nothing changes. Locks the rows it changes. */
export async function startFailing(db: Db, nowMs: number, ids: readonly number[]): Promise<void> {
  await db`
    UPDATE webhooks SET failing_since_ms = ${nowMs} WHERE id = ANY(${[...ids]}::bigint[]) AND failing_since_ms IS NULL`;
}

/** Notes that webhooks work. Locks the rows it changes. */
export async function endFailing(db: Db, ids: readonly number[]): Promise<void> {
  await db`
    UPDATE webhooks SET failing_since_ms = NULL WHERE id = ANY(${[...ids]}::bigint[]) AND failing_since_ms IS NOT NULL`;
}

/**
 * Disables webhooks; returns those that were active until now. What was called is what is given up: one that has another target by now, or
 * (`failingBeforeMs`) worked or was enabled anew in between, stays as it is. Locks the rows it changes.
 */
export async function disableWebhooks(
  db: Db,
  called: readonly { id: number; target: string }[],
  failingBeforeMs: number | null,
): Promise<{ id: number; workspaceId: number; door: string; target: string }[]> {
  return await db<{ id: number; workspaceId: number; door: string; target: string }[]>`
    UPDATE webhooks w SET status = 'disabled'
    FROM unnest(${called.map(({ id }) => id)}::bigint[], ${called.map(({ target }) => target)}::text[]) AS k (id, target)
    WHERE w.id = k.id AND w.target = k.target AND w.status = 'active'
      AND (${failingBeforeMs}::bigint IS NULL OR w.failing_since_ms < ${failingBeforeMs}::bigint)
    RETURNING w.id, w.workspace_id AS "workspaceId", w.door, w.target`;
}

/** How many webhooks there are, by how they fare. Reads the whole table, which has a row per webhook. */
export async function selectWebhookCounts(
  db: Db,
): Promise<{ active: number; failing: number; disabled: number }> {
  const rows = await db<{ active: number; failing: number; disabled: number }[]>`
    SELECT count(*) FILTER (WHERE status = 'active' AND failing_since_ms IS NULL) AS active,
      count(*) FILTER (WHERE status = 'active' AND failing_since_ms IS NOT NULL) AS failing,
      count(*) FILTER (WHERE status <> 'active') AS disabled
    FROM webhooks`;
  return rows[0]!;
}
