/**
 * Who is kept out of all campaigns of a workspace, so that it can be told what they change together. Setting the share begins a new
 * epoch of every campaign that is live: who has entered stays in the arm that was drawn for them.
 */
import type { CampaignFile } from '../../contract/campaign.ts';
import { randomToken } from '../base/crypto.ts';
import type { Db, Tx } from '../db/pool.ts';
import { insertEpoch, selectOutside, upsertOutside, type EpochRow } from './enrol/sql.arms.ts';
import {
  bumpStamp,
  selectCampaign,
  selectCurrent,
  selectLiveCampaigns,
  updateCampaign,
  type CampaignRow,
} from './enrol/sql.live.ts';
import { basisPoints } from './match/duration.ts';
import { isMarketing, variantsOf } from './steps/version.ts';

/** The share that is kept out of a workspace's campaigns, in basis points. */
export async function outsideOf(db: Db, workspaceId: number): Promise<number> {
  return (await selectOutside(db, workspaceId))?.points ?? 0;
}

/** Sets it, part of the caller's transaction. Nothing else happens when it is that already. */
export async function setOutside(tx: Tx, workspaceId: number, points: number, nowMs: number): Promise<void> {
  if (!(await upsertOutside(tx, workspaceId, { points, salt: randomToken(12) }, nowMs))) return;
  for (const { id } of await selectLiveCampaigns(tx, workspaceId)) {
    const now = await selectCampaign(tx, workspaceId, id, true);
    if (now?.state !== 'active' && now?.state !== 'paused') continue;
    const { file } = (await selectCurrent(tx, now))!;
    const begun = { ...now, epoch: now.epoch + 1, salt: randomToken(12) };
    await updateCampaign(tx, begun);
    await insertEpoch(tx, epochOf(begun, file, points, nowMs));
  }
  await bumpStamp(tx, workspaceId);
}

/** What is compared from now on. */
export function epochOf(
  { id: campaignId, workspaceId, epoch }: CampaignRow,
  file: CampaignFile,
  workspace: number,
  beganMs: number,
): EpochRow {
  const holdout = file.holdout === undefined ? 0 : basisPoints(file.holdout)!;
  const out = isMarketing(file) ? workspace : 0;
  const plan = { holdout, workspace: out, variants: variantsOf(file), goals: file.goals ?? [] };
  return { campaignId, epoch, workspaceId, plan, beganMs };
}
