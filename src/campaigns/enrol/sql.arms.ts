/** Statements on what is compared: epochs, and who is kept out of all campaigns. Reference tables. */
import type { Goal } from '../../../contract/campaign.ts';
import type { Db } from '../../db/pool.ts';

/** What is compared in an epoch. Shares are basis points; `workspace` is that of those who are kept out of all campaigns. */
export type EpochPlan = {
  holdout: number;
  workspace: number;
  variants: readonly { key: string; points: number }[];
  goals: readonly Goal[];
};

/** An epoch as it is kept. */
export type EpochRow = {
  campaignId: number;
  epoch: number;
  workspaceId: number;
  plan: EpochPlan;
  beganMs: number;
};

/** Writes an epoch; one that is there stays. */
export async function insertEpoch(db: Db, row: EpochRow): Promise<void> {
  await db`
    INSERT INTO campaign_epochs (campaign_id, epoch, workspace_id, plan, began_ms)
    VALUES (${row.campaignId}, ${row.epoch}, ${row.workspaceId}, ${JSON.stringify(row.plan)}::text::jsonb, ${row.beganMs})
    ON CONFLICT DO NOTHING`;
}

/** Epochs of a campaign, oldest first. */
export async function selectEpochs(db: Db, campaignId: number): Promise<EpochRow[]> {
  return await db<EpochRow[]>`
    SELECT campaign_id AS "campaignId", epoch, workspace_id AS "workspaceId", plan, began_ms AS "beganMs"
    FROM campaign_epochs WHERE campaign_id = ${campaignId} ORDER BY epoch`;
}

/** Who is kept out of all campaigns: a share in basis points, and the salt by which they are drawn. */
export type Outside = { points: number; salt: string };

/** The share that is kept out of a workspace's campaigns, if any was ever set. */
export async function selectOutside(db: Db, workspaceId: number): Promise<Outside | undefined> {
  const rows = await db<
    Outside[]
  >`SELECT points, salt FROM workspace_holdouts WHERE workspace_id = ${workspaceId}`;
  return rows[0];
}

/** The same, which nobody changes until the transaction is over; a share of none is written where there is no row to hold. */
export async function holdOutside(
  db: Db,
  workspaceId: number,
  salt: string,
  nowMs: number,
): Promise<Outside> {
  await db`
    INSERT INTO workspace_holdouts (workspace_id, points, salt, changed_ms) VALUES (${workspaceId}, 0, ${salt}, ${nowMs})
    ON CONFLICT DO NOTHING`;
  const rows = await db<Outside[]>`
    SELECT points, salt FROM workspace_holdouts WHERE workspace_id = ${workspaceId} FOR SHARE`;
  return rows[0]!;
}

/**
 * Sets the share; false when it was that already. The salt stays what it was first, so that those who are out stay out as the share
 * grows. Locks the row.
 */
export async function upsertOutside(
  db: Db,
  workspaceId: number,
  { points, salt }: Outside,
  nowMs: number,
): Promise<boolean> {
  const result = await db`
    INSERT INTO workspace_holdouts AS h (workspace_id, points, salt, changed_ms)
    VALUES (${workspaceId}, ${points}, ${salt}, ${nowMs})
    ON CONFLICT (workspace_id) DO UPDATE SET points = excluded.points, changed_ms = excluded.changed_ms
    WHERE h.points <> excluded.points`;
  return result.count > 0;
}
