/** What campaigns say, by their versions: to read, and to go on from. */
import type { CampaignFile } from '../../contract/campaign.ts';
import type { Db } from '../db/pool.ts';
import {
  selectCurrent,
  selectVersionNumbers,
  selectVersions,
  type CampaignRow,
  type VersionRow,
} from './enrol/sql.live.ts';
import { asSaid, asWritten } from './templates.ts';

/** Versions of a campaign as they are said, with all that they say: those before one of them, or the newest; newest first. */
export async function versionsOf(
  db: Db,
  campaignId: number,
  page: { beforeId?: number | undefined; limit: number },
): Promise<VersionRow[]> {
  return (await selectVersions(db, campaignId, page)).map((row) => ({ ...row, file: asSaid(row.file) }));
}

/** The numbers of a campaign's versions, by their ids. */
export async function versionNumbers(db: Db, campaignId: number): Promise<ReadonlyMap<number, number>> {
  return new Map((await selectVersionNumbers(db, campaignId)).map(({ id, number }) => [id, number]));
}

/** What a campaign says to who enters it now; undefined where it was never published. */
export async function currentFile(db: Db, campaign: CampaignRow): Promise<CampaignFile | undefined> {
  const current = await selectCurrent(db, campaign);
  return current && asSaid(current.file);
}

/** What is written of a campaign now: its draft, else its newest version, with the names of its templates; and that version's number. */
export async function writtenOf(
  db: Db,
  campaign: CampaignRow,
): Promise<{ file: CampaignFile | null; version: number | null }> {
  const current = await selectCurrent(db, campaign);
  const file = campaign.draft ?? (current ? asWritten(current.file) : null);
  return { file, version: current?.number ?? null };
}
