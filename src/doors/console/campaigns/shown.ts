/** Campaigns as the console shows them, and who is in them. */
import type { Static } from 'typebox';
import type { CampaignPeople, CampaignShown } from '../../../../contract/doors/console/campaigns.ts';
import { fullName } from '../../../../contract/personName.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { MAX_ID, readId, toHex24 } from '../../../base/ids.ts';
import { findCampaign, type CampaignRow } from '../../../campaigns/campaigns.ts';
import type { Arm } from '../../../campaigns/enrol/entry.ts';
import { peopleIn, REFUSALS } from '../../../campaigns/report/lists.ts';
import { selectPeople } from '../../../contacts/people.ts';
import { idIn, idText, missing, queryId, readLimit, readTime, timeText, type Call } from '../route.ts';

/** Who entered it, newest first. */
export async function people(call: Call): Promise<Static<typeof CampaignPeople> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const before = queryId(call, 'before');
  if (isFault(before)) return before;
  const { step, ending, beforeAt, beforeKey } = call.query;
  const beforeMs = beforeAt === undefined ? Number.MAX_SAFE_INTEGER : readTime(beforeAt, 'beforeAt');
  if (isFault(beforeMs)) return beforeMs;
  const enrolmentId = beforeKey === undefined ? 0 : readId(beforeKey);
  if (enrolmentId === undefined) return breaks('beforeKey', 'must be the beforeKey of a page');
  const { rows, next } = await peopleIn(call.ctx.sql, found.id, {
    before: { enteredMs: beforeMs, contactId: before ?? MAX_ID, enrolmentId },
    limit,
    step,
    ending,
  });
  const named = rows.map(({ contactId }) => ({ workspaceId: call.workspace.id, contactId }));
  const who = await selectPeople(call.ctx.sql, named, { attributes: false });
  return {
    people: rows.map((row) => ({
      contactId: idText(row.contactId),
      name: fullName(who.get(row.contactId)),
      address: who.get(row.contactId)?.destinations[0]?.address ?? null,
      ...standsAt(row),
    })),
    next: next
      ? {
          before: idText(next.contactId),
          beforeAt: timeText(next.enteredMs),
          beforeKey: idText(next.enrolmentId),
        }
      : null,
  };
}

type Stands = Omit<Awaited<ReturnType<typeof peopleIn>>['rows'][number], 'contactId' | 'enrolmentId'>;

/** Where somebody stands who entered a campaign. */
export function standsAt({ arm, variant, epoch, enteredMs, endedMs, ending, step, dueMs }: Stands) {
  return {
    arm: armName(arm),
    variant,
    epoch,
    enteredAt: timeText(enteredMs),
    endedAt: timeText(endedMs),
    ending,
    step,
    dueAt: timeText(dueMs),
  };
}

/** How many would not enter, by why. */
export function refusedOf(refused: Readonly<Record<string, number>>) {
  return Object.entries(refused).map(([reason, people]) => ({
    reason,
    why: REFUSALS[reason] ?? reason,
    people,
  }));
}

/** The name of an arm. */
export function armName(arm: Arm): 'treated' | 'holdout' | 'workspace_holdout' {
  return (['treated', 'holdout', 'workspace_holdout'] as const)[arm];
}

/** The campaign of the path. */
export async function find(call: Call<unknown>): Promise<CampaignRow | Fault> {
  return (
    (await findCampaign(call.ctx.sql, call.workspace.id, idIn(call, 'campaignId'))) ?? missing('campaign')
  );
}

/** A campaign as it is shown. */
export function present(campaign: CampaignRow): CampaignShown {
  const { id, key, name, state, paused, epoch, draft, revision } = campaign;
  return {
    id: toHex24(id),
    key,
    name,
    state,
    paused,
    epoch,
    hasDraft: draft !== null,
    note: campaign.note ?? null,
    revision,
    changedBy: idText(campaign.changedBy),
    archivedAt: timeText(campaign.archivedMs),
    createdAt: timeText(campaign.createdMs),
    changedAt: timeText(campaign.changedMs),
    startedAt: timeText(campaign.startedMs),
  };
}
