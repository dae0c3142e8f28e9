/** Campaigns as the console shows them: what they changed, day by day, and who is in them. */
import type { Static } from 'typebox';
import type {
  CampaignPeople,
  CampaignReport,
  CampaignSeries,
  CampaignShown,
} from '../../../contract/doors/console/campaigns.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { MAX_ID, toHex24 } from '../../base/ids.ts';
import { findCampaign, versionsOf, type CampaignRow } from '../../campaigns/campaigns.ts';
import { peopleIn, seriesOf } from '../../campaigns/report/lists.ts';
import { reportOf } from '../../campaigns/report/report.ts';
import { idIn, idText, missing, queryId, readLimit, readTime, timeText, type Call } from './route.ts';

/** What a campaign changed. */
export async function report(call: Call): Promise<CampaignReport | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const versions = await versionsOf(call.ctx.sql, found.id);
  return await reportOf(call.ctx.sql, found, versions, call.workspaceNowMs);
}

/** Its counts, a day each. */
export async function series(call: Call): Promise<Static<typeof CampaignSeries> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const { from, to } = call.query;
  const toMs = to === undefined ? call.workspaceNowMs + 1 : readTime(to, 'to');
  if (isFault(toMs)) return toMs;
  const fromMs = from === undefined ? toMs - 90 * 86_400_000 : readTime(from, 'from');
  if (isFault(fromMs)) return fromMs;
  if (toMs - fromMs > 400 * 86_400_000) return breaks('from', 'must be at most 400 days before to');
  const days = await seriesOf(call.ctx.sql, found.id, fromMs, toMs);
  return {
    days: days.map(({ dayMs, arm, ...counts }) => ({ day: timeText(dayMs), arm: nameOf(arm), ...counts })),
  };
}

/** Who entered it, newest first. */
export async function people(call: Call): Promise<Static<typeof CampaignPeople> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const before = queryId(call, 'before');
  if (isFault(before)) return before;
  const { step, ending, beforeAt } = call.query;
  const beforeMs = beforeAt === undefined ? Number.MAX_SAFE_INTEGER : readTime(beforeAt, 'beforeAt');
  if (isFault(beforeMs)) return beforeMs;
  const rows = await peopleIn(call.ctx.sql, found.id, {
    before: { enteredMs: beforeMs, contactId: before ?? MAX_ID },
    limit: limit + 1,
    step,
    ending,
  });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    people: shown.map((row) => ({
      contactId: idText(row.contactId),
      arm: nameOf(row.arm),
      epoch: row.epoch,
      enteredAt: timeText(row.enteredMs),
      endedAt: timeText(row.endedMs),
      ending: row.ending,
      step: row.step,
      dueAt: timeText(row.dueMs),
    })),
    next:
      rows.length > limit && last
        ? { before: idText(last.contactId), beforeAt: timeText(last.enteredMs) }
        : null,
  };
}

function nameOf(arm: 0 | 1): 'treated' | 'holdout' {
  return arm === 1 ? 'holdout' : 'treated';
}

/** The campaign of the path. */
export async function find(call: Call<unknown>): Promise<CampaignRow | Fault> {
  return (
    (await findCampaign(call.ctx.sql, call.workspace.id, idIn(call, 'campaignId'))) ?? missing('campaign')
  );
}

/** A campaign as it is shown. */
export function present(campaign: CampaignRow): CampaignShown {
  const { id, key, name, state, paused, epoch, draft } = campaign;
  return {
    id: toHex24(id),
    key,
    name,
    state,
    paused,
    epoch,
    hasDraft: draft !== null,
    createdAt: timeText(campaign.createdMs),
    changedAt: timeText(campaign.changedMs),
    startedAt: timeText(campaign.startedMs),
  };
}
