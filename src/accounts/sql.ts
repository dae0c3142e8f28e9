/** The statements on workspaces, integrations and the audit log. Those on people and keys are in sql.access.ts. */
import type { Db } from '../db/pool.ts';

/** A row of workspaces. */
export type WorkspaceRow = {
  id: number;
  name: string;
  environment: 'test' | 'live';
  country: string;
  time_zone: string;
  settings: Record<string, unknown>;
  clock_ahead_ms: number;
  cap_set_ms: number;
  revision: number;
  created_ms: number;
};

/** A row of integrations. */
export type IntegrationRow = {
  id: number;
  workspace_id: number;
  provider: string;
  channel: string;
  name: string;
  settings: Record<string, unknown>;
  secrets_sealed: Uint8Array | null;
  status: 'active' | 'inactive' | 'error';
  rate_per_s: number | null;
  /** In the clear only until the next start of code that seals it. */
  callback_key: string | null;
  callback_key_sealed: Uint8Array | null;
  revision: number;
};

/** A row of audit_log. */
type AuditRow = {
  id: number;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
  at_ms: number;
};

const workspaceColumns = (db: Db) =>
  db`w.id, w.name, w.environment, w.country, w.time_zone, w.settings, w.clock_ahead_ms, w.cap_set_ms, w.revision, w.created_ms`;

const integrationColumns = (db: Db) =>
  db`id, workspace_id, provider, channel, name, settings, secrets_sealed, status, rate_per_s, callback_key,
    callback_key_sealed, revision`;

/** Writes a new workspace. */
export async function insertWorkspace(
  db: Db,
  nowMs: number,
  w: { id: number; name: string; environment: string; country: string; timeZone: string; settings: object },
): Promise<void> {
  await db`
    INSERT INTO workspaces (id, name, environment, country, time_zone, settings, created_ms)
    VALUES (${w.id}, ${w.name}, ${w.environment}, ${w.country}, ${w.timeZone}, ${db.json(w.settings)}, ${nowMs})`;
}

/** Workspaces by id; those that are deleted or unknown are left out. */
export async function selectWorkspaces(db: Db, ids: readonly number[]): Promise<WorkspaceRow[]> {
  return await db<WorkspaceRow[]>`
    SELECT ${workspaceColumns(db)} FROM workspaces w
    WHERE w.id = ANY(${ids}::bigint[]) AND w.deleted_ms IS NULL`;
}

/** An operator's workspaces with the operator's role in each, oldest first. */
export async function selectWorkspacesOf(
  db: Db,
  operatorId: number,
): Promise<(WorkspaceRow & { role: string })[]> {
  return await db<(WorkspaceRow & { role: string })[]>`
    SELECT ${workspaceColumns(db)}, m.role
    FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.operator_id = ${operatorId} AND w.deleted_ms IS NULL
    ORDER BY w.created_ms, w.id`;
}

/** Locks a workspace's row until the transaction ends, so that a rule over its keys or members holds; false when there is none. */
export async function lockWorkspace(db: Db, id: number): Promise<boolean> {
  const rows = await db`SELECT id FROM workspaces WHERE id = ${id} AND deleted_ms IS NULL FOR NO KEY UPDATE`;
  return rows.length > 0;
}

/**
 * Changes what is given of a workspace. Settings are merged by name, `removed` names go; nothing is changed (and no row
 * comes back) when the merged settings would be longer than `maxSettings`. Locks the row.
 */
export async function updateWorkspaceRow(
  db: Db,
  w: {
    id: number;
    name: string | null;
    country: string | null;
    timeZone: string | null;
    settings: object;
    removed: readonly string[];
    maxSettings: number;
    /** Names of what becomes something else. */
    changed: readonly string[];
    nowMs: number;
  },
): Promise<WorkspaceRow | undefined> {
  const merged = db`(settings || ${db.json(w.settings)}) - ${w.removed}::text[]`;
  const rows = await db<WorkspaceRow[]>`
    UPDATE workspaces w SET
      name = COALESCE(${w.name}, name), country = COALESCE(${w.country}, country),
      time_zone = COALESCE(${w.timeZone}, time_zone), settings = ${merged},
      revision = revision + 1, changed_in = changed_in
        || (SELECT coalesce(jsonb_object_agg(name, w.revision + 1), '{}') FROM unnest(${w.changed}::text[]) AS name),
      cap_set_ms = CASE WHEN (${merged}) -> 'frequencyCap' IS DISTINCT FROM settings -> 'frequencyCap' THEN ${w.nowMs} ELSE cap_set_ms END
    WHERE id = ${w.id} AND deleted_ms IS NULL AND length((${merged})::text) <= ${w.maxSettings}
    RETURNING ${workspaceColumns(db)}`;
  return rows[0];
}

/** What of a workspace was changed after a revision: `name`, `settings.quietHours`. */
export async function selectChangedSince(db: Db, id: number, revision: number): Promise<string[]> {
  const rows = await db<{ name: string }[]>`
    SELECT c.key AS name FROM workspaces w CROSS JOIN LATERAL jsonb_each(w.changed_in) AS c
    WHERE w.id = ${id} AND c.value::text::integer > ${revision} ORDER BY c.key`;
  return rows.map(({ name }) => name);
}

/** Marks a workspace deleted; false when there is none. Locks the row. */
export async function markWorkspaceDeleted(db: Db, id: number, nowMs: number): Promise<boolean> {
  const result =
    await db`UPDATE workspaces SET deleted_ms = ${nowMs} WHERE id = ${id} AND deleted_ms IS NULL`;
  return result.count > 0;
}

/** True when the store has neither a workspace nor an operator. */
export async function storeIsEmpty(db: Db): Promise<boolean> {
  const rows = await db<{ empty: boolean }[]>`
    SELECT NOT EXISTS (SELECT 1 FROM workspaces) AND NOT EXISTS (SELECT 1 FROM operators) AS empty`;
  return rows[0]!.empty;
}

/** Writes a new integration. */
export async function insertIntegration(
  db: Db,
  nowMs: number,
  i: {
    id: number;
    workspaceId: number;
    provider: string;
    channel: string;
    name: string;
    settings: object;
    sealed: Uint8Array | null;
    ratePerS: number | null;
    callbackKey: Uint8Array | null;
  },
): Promise<void> {
  await db`
    INSERT INTO integrations
      (id, workspace_id, provider, channel, name, settings, secrets_sealed, rate_per_s, callback_key_sealed, created_ms, changed_ms)
    VALUES (${i.id}, ${i.workspaceId}, ${i.provider}, ${i.channel}, ${i.name}, ${db.json(i.settings)},
      ${i.sealed}, ${i.ratePerS}, ${i.callbackKey}, ${nowMs}, ${nowMs})`;
}

/** Integrations by id; those deleted or unknown are left out. */
export async function selectIntegrations(db: Db, ids: readonly number[]): Promise<IntegrationRow[]> {
  return await db<IntegrationRow[]>`
    SELECT ${integrationColumns(db)} FROM integrations
    WHERE id = ANY(${ids}::bigint[]) AND deleted_ms IS NULL`;
}

/** The integrations of workspaces, oldest first. */
export async function selectIntegrationsOf(
  db: Db,
  workspaceIds: readonly number[],
): Promise<IntegrationRow[]> {
  return await db<IntegrationRow[]>`
    SELECT ${integrationColumns(db)} FROM integrations
    WHERE workspace_id = ANY(${workspaceIds}::bigint[]) AND deleted_ms IS NULL
    ORDER BY created_ms, id`;
}

/** The integrations that take mail at addresses (in lower case), for answers or for bounces; oldest first. */
export async function selectIntegrationsAt(
  db: Db,
  addresses: readonly string[],
): Promise<(IntegrationRow & { incoming: string | null; bounces: string | null })[]> {
  return await db<(IntegrationRow & { incoming: string | null; bounces: string | null })[]>`
    SELECT ${integrationColumns(db)}, lower(settings->>'incomingAddress') AS incoming, lower(settings->>'bounceAddress') AS bounces
    FROM integrations
    WHERE deleted_ms IS NULL AND (lower(settings->>'incomingAddress') = ANY(${addresses}::text[])
      OR lower(settings->>'bounceAddress') = ANY(${addresses}::text[]))
    ORDER BY created_ms, id`;
}

/** One integration of a workspace, its row locked until the transaction ends. */
export async function lockIntegration(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<IntegrationRow | undefined> {
  const rows = await db<IntegrationRow[]>`
    SELECT ${integrationColumns(db)} FROM integrations
    WHERE id = ${id} AND workspace_id = ${workspaceId} AND deleted_ms IS NULL FOR NO KEY UPDATE`;
  return rows[0];
}

/** Writes what can change of an integration; its revision goes one up. The caller holds its lock. */
export async function updateIntegrationRow(
  db: Db,
  nowMs: number,
  i: {
    id: number;
    name: string;
    settings: object;
    sealed: Uint8Array | null;
    status: string;
    ratePerS: number | null;
  },
): Promise<void> {
  await db`
    UPDATE integrations SET name = ${i.name}, settings = ${db.json(i.settings)}, secrets_sealed = ${i.sealed},
      status = ${i.status}, rate_per_s = ${i.ratePerS}, changed_ms = ${nowMs}, revision = revision + 1
    WHERE id = ${i.id}`;
}

/** Sets the status of an integration; false when the workspace has none of that id. Locks the row. */
export async function updateIntegrationStatus(
  db: Db,
  nowMs: number,
  i: { workspaceId: number; id: number; status: string },
): Promise<boolean> {
  const done = await db`
    UPDATE integrations SET status = ${i.status}, changed_ms = ${nowMs}
    WHERE id = ${i.id} AND workspace_id = ${i.workspaceId} AND deleted_ms IS NULL`;
  return done.count > 0;
}

/** Marks an integration deleted and wipes its secrets; the row stays, since deliveries name it. Locks the row. */
export async function markIntegrationDeleted(
  db: Db,
  nowMs: number,
  i: { workspaceId: number; id: number },
): Promise<boolean> {
  const done = await db`
    UPDATE integrations
    SET deleted_ms = ${nowMs}, changed_ms = ${nowMs}, status = 'inactive', secrets_sealed = NULL,
      callback_key = NULL, callback_key_sealed = NULL
    WHERE id = ${i.id} AND workspace_id = ${i.workspaceId} AND deleted_ms IS NULL`;
  return done.count > 0;
}

/** The next callback keys that are in the clear, by id. */
export async function selectOpenCallbackKeys(
  db: Db,
  afterId: number,
  limit: number,
): Promise<{ id: number; key: string }[]> {
  return await db<{ id: number; key: string }[]>`
    SELECT id, callback_key AS key FROM integrations
    WHERE id > ${afterId} AND callback_key IS NOT NULL ORDER BY id LIMIT ${limit}`;
}

/** Puts sealed callback keys in the place of open ones; one that was sealed meanwhile stays as it is. Locks the rows. */
export async function sealOpenCallbackKeys(
  db: Db,
  keys: readonly { id: number; key: string; sealed: Buffer }[],
): Promise<void> {
  await db`
    UPDATE integrations i SET callback_key_sealed = n.sealed, callback_key = NULL
    FROM unnest(${keys.map(({ id }) => id)}::bigint[], ${keys.map(({ key }) => key)}::text[],
      ${keys.map(({ sealed }) => sealed)}::bytea[]) n (id, key, sealed)
    WHERE i.id = n.id AND i.callback_key = n.key`;
}

/** Every provider a workspace ever had an integration of, deleted ones too. */
export async function selectProvidersEver(db: Db, workspaceId: number): Promise<string[]> {
  const rows = await db<{ provider: string }[]>`
    SELECT DISTINCT provider FROM integrations WHERE workspace_id = ${workspaceId}`;
  return rows.map(({ provider }) => provider);
}

/** Appends to the audit log. */
export async function insertAudit(
  db: Db,
  entries: readonly {
    bucket: number;
    id: number;
    workspaceId: number | null;
    actor: string;
    action: string;
    subject: string;
    detail: object;
    atMs: number;
  }[],
): Promise<void> {
  const column = <V>(value: (entry: (typeof entries)[number]) => V) => entries.map(value);
  await db`
    INSERT INTO audit_log (bucket, id, workspace_id, actor, action, subject, detail, at_ms)
    SELECT bucket, id, workspace_id, actor, action, subject, detail::jsonb, at_ms
    FROM unnest(${column((a) => a.bucket)}::smallint[], ${column((a) => a.id)}::bigint[],
      ${column((a) => a.workspaceId)}::bigint[], ${column((a) => a.actor)}::text[], ${column((a) => a.action)}::text[],
      ${column((a) => a.subject)}::text[], ${column((a) => JSON.stringify(a.detail))}::text[],
      ${column((a) => a.atMs)}::bigint[])
      AS n (bucket, id, workspace_id, actor, action, subject, detail, at_ms)`;
}

/** A page of a workspace's audit log, newest first, before an id. Its rows are in one bucket, so on one shard. */
export async function selectAudit(
  db: Db,
  a: {
    bucket: number;
    workspaceId: number;
    beforeId: number;
    limit: number;
    actor: string | null;
    /** How the action begins: `broadcast.`. */
    action: string | null;
    sinceMs: number | null;
    untilMs: number | null;
  },
): Promise<AuditRow[]> {
  return await db<AuditRow[]>`
    SELECT id, actor, action, subject, detail, at_ms FROM audit_log
    WHERE bucket = ${a.bucket} AND workspace_id = ${a.workspaceId} AND id < ${a.beforeId} ${a.actor === null ? db`` : db`AND actor = ${a.actor}`}
      ${a.action === null ? db`` : db`AND starts_with(action, ${a.action})`}
      ${a.sinceMs === null ? db`` : db`AND at_ms >= ${a.sinceMs}`} ${a.untilMs === null ? db`` : db`AND at_ms < ${a.untilMs}`}
    ORDER BY id DESC LIMIT ${a.limit}`;
}
