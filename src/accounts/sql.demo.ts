/** The statements on the demo's kept credentials. */
import type { Db } from '../db/pool.ts';

/** Any fixed number: the advisory lock under which the demo is made. */
const DEMO_LOCK = 7_263_115;

/** Waits for its turn to make the demo; held until the transaction ends. */
export async function lockDemo(db: Db): Promise<void> {
  await db`SELECT pg_advisory_xact_lock(${DEMO_LOCK})`;
}

/** The demo's workspace and its sealed credentials. */
export async function selectDemo(db: Db): Promise<{ workspaceId: number; sealed: Uint8Array } | undefined> {
  const rows = await db<{ workspace_id: number; credentials_sealed: Uint8Array }[]>`
    SELECT workspace_id, credentials_sealed FROM demo LIMIT 1`;
  return rows[0] && { workspaceId: rows[0].workspace_id, sealed: rows[0].credentials_sealed };
}

/** Keeps the demo's credentials. */
export async function insertDemo(db: Db, d: { workspaceId: number; sealed: Uint8Array }): Promise<void> {
  await db`INSERT INTO demo (workspace_id, credentials_sealed) VALUES (${d.workspaceId}, ${d.sealed})`;
}

/** Keeps the demo's credentials anew, with those that came later. */
export async function updateDemo(db: Db, d: { workspaceId: number; sealed: Uint8Array }): Promise<void> {
  await db`UPDATE demo SET credentials_sealed = ${d.sealed} WHERE workspace_id = ${d.workspaceId}`;
}
