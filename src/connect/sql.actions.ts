/** Statements on actions that companies share, and on where they were offered. */
import type { CampaignFile } from '../../contract/campaign.ts';
import type { Db } from '../db/pool.ts';

/** A version of an action. */
export type ActionRow = {
  clientWorkspaceId: number;
  key: string;
  version: number;
  file: CampaignFile;
  mayChange: string[];
  createdMs: number;
};

/** An action in an account. */
type OfferedRow = { workspaceId: number; key: string; clientWorkspaceId: number; version: number };

const ACTION = (db: Db) => db`
  a.client_workspace_id AS "clientWorkspaceId", a.key, a.version, a.file, a.may_change AS "mayChange", a.created_ms AS "createdMs"`;

/** Writes a version; false when somebody wrote one of that number at this moment. */
export async function insertAction(db: Db, a: ActionRow): Promise<boolean> {
  const done = await db`
    INSERT INTO shared_actions (client_workspace_id, key, version, file, may_change, created_ms)
    VALUES (${a.clientWorkspaceId}, ${a.key}, ${a.version}, ${JSON.stringify(a.file)}::text::jsonb, ${a.mayChange}::text[], ${a.createdMs})
    ON CONFLICT DO NOTHING`;
  return done.count > 0;
}

/** A version of an action; without a number the newest. Locks nothing. */
export async function selectAction(
  db: Db,
  of: { clientWorkspaceId: number; key: string; version?: number },
): Promise<ActionRow | undefined> {
  const rows = await db<ActionRow[]>`
    SELECT ${ACTION(db)} FROM shared_actions a
    WHERE a.client_workspace_id = ${of.clientWorkspaceId} AND a.key = ${of.key}
      ${of.version === undefined ? db`` : db`AND a.version = ${of.version}`}
    ORDER BY a.version DESC LIMIT 1`;
  return rows[0];
}

/** The newest version of each action of a company, by key. Locks nothing. */
export async function selectActions(db: Db, clientWorkspaceId: number): Promise<ActionRow[]> {
  return await db<ActionRow[]>`
    SELECT DISTINCT ON (a.key) ${ACTION(db)} FROM shared_actions a
    WHERE a.client_workspace_id = ${clientWorkspaceId} ORDER BY a.key, a.version DESC`;
}

/** What stands under a key in an account. `lock`: locks the row until the transaction ends. */
export async function selectOffered(
  db: Db,
  workspaceId: number,
  key: string,
  lock = false,
): Promise<OfferedRow | undefined> {
  const rows = await db<OfferedRow[]>`
    SELECT workspace_id AS "workspaceId", key, client_workspace_id AS "clientWorkspaceId", version FROM offered_actions
    WHERE workspace_id = ${workspaceId} AND key = ${key} ${lock ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** Says which version an account was offered; of two at once the second waits. Locks the row. */
export async function upsertOffered(db: Db, o: OfferedRow, nowMs: number): Promise<void> {
  await db`
    INSERT INTO offered_actions (workspace_id, key, client_workspace_id, version, offered_ms)
    VALUES (${o.workspaceId}, ${o.key}, ${o.clientWorkspaceId}, ${o.version}, ${nowMs})
    ON CONFLICT (workspace_id, key) DO UPDATE SET version = excluded.version, offered_ms = excluded.offered_ms`;
}
