/** What publishing a draft would do: where people go who are in the campaign, and whether what is counted begins anew. */
import type { CampaignFile } from '../../contract/campaign.ts';
import { fault, type Fault } from '../base/fault.ts';
import type { Db } from '../db/pool.ts';
import { selectCurrent, selectVersionsById, type CampaignRow } from './enrol/sql.live.ts';
import { placesIn } from './report/lists.ts';
import { moved } from './steps/moved.ts';
import { variantsOf, versionOf } from './steps/version.ts';

/** Where people stand, and where each goes when the draft is published. */
type PublishPlan = {
  number: number;
  /** Goals or the holdout are others: what is counted begins anew. */
  newEpoch: boolean;
  steps: { step: string; version: number; people: number; goesTo: string }[];
  /** False where they are so many that a part of them was counted: about how many, and a step at which few stand may be missing. */
  exact: boolean;
};

/** What publishing a draft would do to those who are in the campaign. */
export async function planPublish(db: Db, campaign: CampaignRow): Promise<PublishPlan | Fault> {
  if (!campaign.draft) return fault('conflict', 'the campaign has no draft that could be published');
  const current = await selectCurrent(db, campaign);
  const { places, exact } = await placesIn(db, campaign.id);
  const stoodIn = await selectVersionsById(db, [...new Set(places.map(({ versionId }) => versionId))]);
  const to = versionOf({ ...campaign, campaignId: campaign.id, number: 0, file: campaign.draft });
  return {
    number: (current?.number ?? 0) + 1,
    newEpoch: !current || !sameEpoch(current.file, campaign.draft),
    exact,
    steps: places.map(({ versionId, step, people }) => {
      const row = stoodIn.find(({ id }) => id === versionId)!;
      const place = { step, sinceMs: 0, dueMs: 0, seq: 0 };
      const goes = moved(versionOf(row), to, { id: 0, place }, 'UTC', 0);
      const isLeft = to.index.has(goes.step);
      return { step, version: row.number, people, goesTo: isLeft ? goes.step : 'exits: step_removed' };
    }),
  };
}

/** What is compared stays the same: counts of both can be added. */
export function sameEpoch(a: CampaignFile, b: CampaignFile): boolean {
  const compared = (file: CampaignFile) =>
    JSON.stringify([file.holdout ?? null, file.goals ?? [], variantsOf(file)]);
  return compared(a) === compared(b);
}
