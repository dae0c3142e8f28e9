/** What would be live if a file alone were: for who tries it. Pure. */
import type { CampaignFile } from '../../../contract/campaign.ts';
import { liveOf } from '../enrol/live.ts';
import { versionOf } from '../steps/version.ts';

/** As if it were: its only version has the id 1. Arms are drawn by `salt`. */
export function asIfLive(
  { workspaceId, id, salt }: { workspaceId: number; id: number; salt: string },
  file: CampaignFile,
): ReturnType<typeof liveOf> {
  const version = versionOf({ workspaceId, id: 1, campaignId: id, number: 1, file });
  const campaign = {
    id,
    workspaceId,
    key: file.key,
    versionId: 1,
    epoch: 1,
    salt,
    paused: null,
    pausedMs: null,
    startedMs: null,
  };
  return liveOf([campaign], [{ version, isOpen: true }]);
}
