/** Statements on what is live, and on campaigns as they are kept. Reference tables: small, and on every node. */
import type { CampaignFile, Goal } from '../../../contract/campaign.ts';
import type { Db } from '../../db/pool.ts';

/** How a campaign stands. */
type CampaignState = 'draft' | 'active' | 'paused' | 'ended';

/** A campaign as it is kept. */
export type CampaignRow = {
  id: number;
  workspaceId: number;
  key: string;
  name: string;
  state: CampaignState;
  draft: CampaignFile | null;
  versionId: number | null;
  epoch: number;
  salt: string;
  paused: 'entering' | 'all' | null;
  pausedMs: number | null;
  createdMs: number;
  changedMs: number;
  startedMs: number | null;
  /** How many are expected to enter in an hour; null or absent where nobody knows. */
  expectedPerHour?: number | null;
  /** Why it was stopped by itself. */
  note?: string | null;
  /** Somebody has left it, at least once. */
  isLeft?: boolean;
  /** One more with every change of what is written of it. */
  revision: number;
  /** The operator who changed it last; null where it was nobody of them. */
  changedBy: number | null;
  /** When it was put aside. */
  archivedMs: number | null;
};

/** A version as it is kept. */
export type VersionRow = {
  id: number;
  campaignId: number;
  workspaceId: number;
  number: number;
  file: CampaignFile;
  epoch: number;
  isOpen: boolean;
  publishedMs: number;
};

const CAMPAIGN = (db: Db) => db`
  c.id, c.workspace_id AS "workspaceId", c.key, c.name, c.state, c.draft, c.version_id AS "versionId", c.epoch, c.salt, c.paused,
  c.paused_ms AS "pausedMs", c.created_ms AS "createdMs", c.changed_ms AS "changedMs", c.started_ms AS "startedMs",
  c.expected_per_hour AS "expectedPerHour", c.note, c.is_left AS "isLeft", c.revision,
  c.changed_by AS "changedBy", c.archived_ms AS "archivedMs"`;

const VERSION = (db: Db) => db`
  v.id, v.campaign_id AS "campaignId", v.workspace_id AS "workspaceId", v.number, v.file, v.epoch, v.is_open AS "isOpen",
  v.published_ms AS "publishedMs"`;

/** The stamp of what is live. */
export async function selectStamp(db: Db): Promise<number> {
  const rows = await db<{ n: number }[]>`SELECT n FROM campaign_stamp WHERE id = 1`;
  return rows[0]!.n;
}

/**
 * Says that what is live of a workspace has changed. Locks the stamp until the transaction ends, so that whoever sees a stamp sees whose all
 * those before it were.
 */
export async function bumpStamp(db: Db, workspaceId: number): Promise<void> {
  bumped.add(db);
  const [row] = await db<{ n: number }[]>`
    UPDATE campaign_stamp SET n = n + 1, told = told + 1 WHERE id = 1 RETURNING n`;
  await db`
    INSERT INTO campaign_stamps (workspace_id, n) VALUES (${workspaceId}, ${row!.n})
    ON CONFLICT (workspace_id) DO UPDATE SET n = excluded.n`;
}

/** Whose what is live has changed since a stamp; and how many changes of all there ever were nobody said that of. */
export async function selectChangedSince(
  db: Db,
  stamp: number,
): Promise<{ workspaceIds: number[]; untold: number }> {
  const [row] = await db<{ untold: number }[]>`SELECT n - told AS untold FROM campaign_stamp WHERE id = 1`;
  const rows = await db<{ id: number }[]>`SELECT workspace_id AS id FROM campaign_stamps WHERE n > ${stamp}`;
  return { workspaceIds: rows.map(({ id }) => id), untold: row!.untold };
}

const bumped = new WeakSet<Db>();

/** Whether a transaction has changed what is live. */
export function hasBumped(db: Db): boolean {
  return bumped.has(db);
}

/** The versions of all live campaigns, and whose they are; without their files, which are long. */
export async function selectLiveVersions(db: Db): Promise<Pick<VersionRow, 'id' | 'workspaceId'>[]> {
  return await db<Pick<VersionRow, 'id' | 'workspaceId'>[]>`
    SELECT v.id, c.workspace_id AS "workspaceId" FROM campaigns c JOIN campaign_versions v ON v.campaign_id = c.id
    WHERE c.state IN ('active', 'paused')`;
}

/**
 * Those of some versions by which a change of a contact may let somebody in or out, or on: it has a filter, waits for a date, or listens to who
 * says no. Reads their files.
 */
export async function selectListening(db: Db, ids: readonly number[]): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT v.id FROM campaign_versions v
    WHERE v.id = ANY(${[...ids]}::bigint[]) AND (v.file ? 'filter' OR v.file @? '$.steps[*].wait_until.attribute'
      OR v.file::text LIKE '%"$unsubscribed"%')`;
  return rows.map(({ id }) => id);
}

/** What is asked of a campaign while people go through it: not what is only shown of it. */
export type LiveCampaign = Pick<
  CampaignRow,
  | 'id'
  | 'workspaceId'
  | 'key'
  | 'versionId'
  | 'epoch'
  | 'salt'
  | 'paused'
  | 'pausedMs'
  | 'startedMs'
  | 'expectedPerHour'
  | 'isLeft'
>;

/** The live campaigns of a workspace, in order of id. */
export async function selectLiveCampaigns(db: Db, workspaceId: number): Promise<LiveCampaign[]> {
  return await db<LiveCampaign[]>`
    SELECT c.id, c.workspace_id AS "workspaceId", c.key, c.version_id AS "versionId", c.epoch, c.salt, c.paused, c.paused_ms AS "pausedMs",
      c.started_ms AS "startedMs", c.expected_per_hour AS "expectedPerHour", c.is_left AS "isLeft"
    FROM campaigns c WHERE c.workspace_id = ${workspaceId} AND c.state IN ('active', 'paused') ORDER BY c.id`;
}

/** The versions of a workspace's live campaigns, by their ids: those that are open, and the others that somebody may stand in. */
export async function selectOpenness(
  db: Db,
  workspaceId: number,
): Promise<{ id: number; isOpen: boolean }[]> {
  return await db<{ id: number; isOpen: boolean }[]>`
    SELECT v.id, v.is_open AS "isOpen" FROM campaign_versions v JOIN campaigns c ON c.id = v.campaign_id
    WHERE c.workspace_id = ${workspaceId} AND c.state IN ('active', 'paused') ORDER BY v.number`;
}

/** A version of a campaign that is over, as far as its goals still count. */
export type GoalsLeft = { id: number; campaignId: number; goals: readonly Goal[] };

/** Goals of the versions of those campaigns of a workspace that have ended since a moment, by its clock. Locks nothing. */
export async function selectGoalsLeft(db: Db, workspaceId: number, sinceMs: number): Promise<GoalsLeft[]> {
  return await db<GoalsLeft[]>`
    SELECT v.id, v.campaign_id AS "campaignId", v.file -> 'goals' AS goals
    FROM campaigns c JOIN campaign_versions v ON v.campaign_id = c.id
    WHERE c.workspace_id = ${workspaceId} AND c.state = 'ended' AND c.changed_ms > ${sinceMs} AND v.file ? 'goals' ORDER BY v.id`;
}

/** What a campaign that names a text somewhere, as a draft or as it is live, is made of. */
type Naming = Pick<CampaignRow, 'id' | 'key' | 'state' | 'draft'> & { file: CampaignFile | null };

/** Campaigns of a workspace in whose draft or live versions a text stands, whatever it means there; a row for each version. */
export async function selectNaming(db: Db, workspaceId: number, text: string): Promise<Naming[]> {
  const said = JSON.stringify(text);
  return await db<Naming[]>`
    SELECT c.id, c.key, c.state, c.draft, v.file FROM campaigns c
    LEFT JOIN campaign_versions v ON v.campaign_id = c.id AND c.state IN ('active', 'paused') AND v.is_open AND strpos(v.file::text, ${said}) > 0
    WHERE c.workspace_id = ${workspaceId} AND c.archived_ms IS NULL
      AND (v.id IS NOT NULL OR strpos(c.draft::text, ${said}) > 0) ORDER BY c.id DESC`;
}

/** Those of some workspaces in which a campaign of a key is live. */
export async function selectLiveOfKey(
  db: Db,
  workspaceIds: readonly number[],
  key: string,
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT workspace_id AS id FROM campaigns
    WHERE workspace_id = ANY(${[...workspaceIds]}::bigint[]) AND key = ${key} AND state IN ('active', 'paused')`;
  return rows.map(({ id }) => id);
}

/** Campaigns that have ended, of some, and that nobody is in any more. Their end is by the workspace's clock. */
export async function selectEnded(
  db: Db,
  ids: readonly number[],
): Promise<{ id: number; workspaceId: number; endedMs: number }[]> {
  return await db<{ id: number; workspaceId: number; endedMs: number }[]>`
    SELECT c.id, c.workspace_id AS "workspaceId", c.changed_ms AS "endedMs" FROM campaigns c
    WHERE c.id = ANY(${[...ids]}::bigint[]) AND c.state = 'ended'
      AND c.id NOT IN (SELECT campaign_id FROM campaign_tasks)`;
}

/** A campaign by id; `lock` keeps others from changing it. */
export async function selectCampaign(
  db: Db,
  workspaceId: number,
  id: number,
  lock = false,
): Promise<CampaignRow | undefined> {
  const rows = await db<CampaignRow[]>`
    SELECT ${CAMPAIGN(db)} FROM campaigns c WHERE c.workspace_id = ${workspaceId} AND c.id = ${id}
    ${lock ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** A campaign by its key. */
export async function selectByKey(
  db: Db,
  workspaceId: number,
  key: string,
): Promise<CampaignRow | undefined> {
  const rows = await db<CampaignRow[]>`
    SELECT ${CAMPAIGN(db)} FROM campaigns c WHERE c.workspace_id = ${workspaceId} AND c.key = ${key}`;
  return rows[0];
}

/** Campaigns, newest first. */
export async function selectCampaigns(
  db: Db,
  workspaceId: number,
  page: { beforeId: number; limit: number; archived?: boolean },
): Promise<CampaignRow[]> {
  return await db<CampaignRow[]>`
    SELECT ${CAMPAIGN(db)} FROM campaigns c WHERE c.workspace_id = ${workspaceId} AND c.id < ${page.beforeId}
      AND (c.archived_ms IS NOT NULL) = ${page.archived ?? false}
    ORDER BY c.id DESC LIMIT ${page.limit}`;
}

/** Writes a campaign; false when its key is another's. */
export async function insertCampaign(db: Db, row: CampaignRow): Promise<boolean> {
  const result = await db`
    INSERT INTO campaigns (id, workspace_id, key, name, state, draft, version_id, epoch, salt, created_ms, changed_ms, changed_by)
    VALUES (${row.id}, ${row.workspaceId}, ${row.key}, ${row.name}, ${row.state}, ${JSON.stringify(row.draft)}::text::jsonb, ${row.versionId},
      ${row.epoch}, ${row.salt}, ${row.createdMs}, ${row.changedMs}, ${row.changedBy}) ON CONFLICT DO NOTHING`;
  return result.count > 0;
}

/** Changes a campaign that is locked. */
export async function updateCampaign(db: Db, row: CampaignRow): Promise<void> {
  await db`
    UPDATE campaigns SET name = ${row.name}, state = ${row.state},
      draft = ${row.draft === null ? null : JSON.stringify(row.draft)}::text::jsonb, version_id = ${row.versionId}, epoch = ${row.epoch},
      salt = ${row.salt}, paused = ${row.paused}, paused_ms = ${row.pausedMs}, changed_ms = ${row.changedMs}, started_ms = ${row.startedMs},
      revision = ${row.revision}, changed_by = ${row.changedBy}, archived_ms = ${row.archivedMs}
    WHERE id = ${row.id}`;
}

/** Deletes a campaign that was never published. */
export async function deleteCampaignRow(db: Db, id: number): Promise<void> {
  await db`DELETE FROM campaigns WHERE id = ${id} AND version_id IS NULL`;
}

/** Writes a version. */
export async function insertVersion(db: Db, row: VersionRow): Promise<void> {
  await db`
    INSERT INTO campaign_versions (id, campaign_id, workspace_id, number, file, epoch, is_open, published_ms)
    VALUES (${row.id}, ${row.campaignId}, ${row.workspaceId}, ${row.number}, ${JSON.stringify(row.file)}::text::jsonb, ${row.epoch},
      ${row.isOpen}, ${row.publishedMs})`;
}

/** Versions of a campaign before one of them, or from the newest on; newest first. */
export async function selectVersions(
  db: Db,
  campaignId: number,
  page: { beforeId?: number | undefined; limit: number },
): Promise<VersionRow[]> {
  const { beforeId, limit } = page;
  const before =
    beforeId === undefined
      ? db``
      : db`AND v.number < (SELECT b.number FROM campaign_versions b WHERE b.id = ${beforeId} AND b.campaign_id = ${campaignId})`;
  return await db<VersionRow[]>`
    SELECT ${VERSION(db)} FROM campaign_versions v WHERE v.campaign_id = ${campaignId} ${before} ORDER BY v.number DESC LIMIT ${limit}`;
}

/** Ids and numbers of a campaign's versions. */
export async function selectVersionNumbers(
  db: Db,
  campaignId: number,
): Promise<Pick<VersionRow, 'id' | 'number'>[]> {
  return await db<Pick<VersionRow, 'id' | 'number'>[]>`
    SELECT id, number FROM campaign_versions WHERE campaign_id = ${campaignId}`;
}

/** The version by which who enters a campaign goes, which is its newest; undefined where it was never published. */
export async function selectCurrent(
  db: Db,
  { versionId }: Pick<CampaignRow, 'versionId'>,
): Promise<VersionRow | undefined> {
  return versionId === null ? undefined : (await selectVersionsById(db, [versionId]))[0];
}

/** Versions by their ids, whatever became of their campaigns. */
export async function selectVersionsById(db: Db, ids: readonly number[]): Promise<VersionRow[]> {
  return await db<VersionRow[]>`
    SELECT ${VERSION(db)} FROM campaign_versions v WHERE v.id = ANY(${[...ids]}::bigint[])`;
}

/** Nobody goes by the older versions of a campaign any more. */
export async function closeVersions(db: Db, campaignId: number, exceptId: number): Promise<void> {
  await db`
    UPDATE campaign_versions SET is_open = false WHERE campaign_id = ${campaignId} AND id <> ${exceptId} AND is_open`;
}
