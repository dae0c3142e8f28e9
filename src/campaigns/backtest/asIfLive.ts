/** What would be live if a file alone were, from a time on: for who tries it. Pure. */
import type { CampaignFile } from '../../../contract/campaign.ts';
import { liveOf } from '../enrol/live.ts';

/** As if it were: its only version has the id 1. Arms are drawn by `salt`. */
export function asIfLive(
  { workspaceId, id, salt, sinceMs }: { workspaceId: number; id: number; salt: string; sinceMs: number },
  file: CampaignFile,
): ReturnType<typeof liveOf> {
  const of = { workspaceId, epoch: 1 };
  const version = { ...of, id: 1, campaignId: id, number: 1, file, isOpen: true, publishedMs: sinceMs };
  const state = { state: 'active' as const, draft: null, versionId: 1, paused: null, pausedMs: null };
  const times = { createdMs: sinceMs, changedMs: sinceMs, startedMs: sinceMs, archivedMs: null };
  const named = { key: file.key, name: file.key, salt, revision: 1, changedBy: null };
  return liveOf([{ ...of, ...state, ...times, ...named, id }], [version]);
}
