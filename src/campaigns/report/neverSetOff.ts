/** Why nothing has set a campaign off for somebody who never entered it, in plain words: from what is kept of them now. Reads alone. */
import { getWorkspace } from '../../accounts/workspaces.ts';
import { isoTime } from '../../base/clock.ts';
import { getContact } from '../../contacts/contacts.ts';
import { allSegments, insideOf } from '../../contacts/segments.ts';
import type { Db } from '../../db/pool.ts';
import { leftBy } from '../enrol/optouts.ts';
import { selectCampaign, selectCurrent, type CampaignRow } from '../enrol/sql.live.ts';
import { selectStats } from '../enrol/sql.read.ts';
import { selectNames } from '../events/sql.ts';
import { valueAt } from '../match/reading.ts';
import { nextDate } from '../steps/date.ts';
import { versionOf, type Version, type Watched } from '../steps/version.ts';

/** Of whom it is asked. */
type Who = { db: Db; workspaceId: number; contactId: number };

/** What is said of it, and since when that is so. */
export async function whyNotSetOff(
  db: Db,
  workspaceId: number,
  contactId: number,
  campaignId: number,
): Promise<{ atMs: number; why: string } | undefined> {
  const campaign = await selectCampaign(db, workspaceId, campaignId);
  if (!campaign) return undefined;
  const said = await whyOf({ db, workspaceId, contactId }, campaign);
  const more = campaign.state === 'paused' ? '; nobody is let in at the moment' : '';
  return { atMs: campaign.startedMs ?? campaign.createdMs, why: said + more };
}

async function whyOf(who: Who, campaign: CampaignRow): Promise<string> {
  const row = await selectCurrent(who.db, campaign);
  if (!row) return 'the campaign was never published';
  if ((await leftBy(who.db, [who.contactId], [campaign.id])).has(who.contactId))
    return 'the contact has left this campaign';
  const { trigger, watch } = versionOf(row);
  if (trigger) return await whyNotBy(who, trigger, campaign.startedMs ?? 0);
  return watch ? await whyNotWatched(who, watch, campaign) : 'nobody has let the contact in';
}

/** An event sets it off. */
async function whyNotBy(
  { db, workspaceId, contactId }: Who,
  { name, where }: NonNullable<Version['trigger']>,
  startedMs: number,
): Promise<string> {
  const [known] = await selectNames(db, workspaceId, [name]);
  const [stat] = known ? await selectStats(db, [contactId], [known.id]) : [];
  if (!stat) return `${name} sets it off, and the contact has never done that`;
  const last = `${name} sets it off, and the contact did that last at ${isoTime(stat.lastMs)}`;
  if (stat.lastMs < startedMs) return `${last}, before the campaign was published`;
  return `${last}: ${where ? 'it is not what the trigger asks for, or ' : ''}it was told as history, or before the campaign was published`;
}

/** What sets it off is looked at. */
async function whyNotWatched(who: Who, watch: Watched, { id, startedMs }: CampaignRow): Promise<string> {
  const { db, workspaceId, contactId } = who;
  if (watch.kind === 'date') return await whyNoDate(who, watch);
  if (watch.kind === 'value') return `${watch.path} has not changed since the campaign was published`;
  const named = (await allSegments(db, workspaceId)).find(({ key, campaignId }) =>
    watch.kind === 'segment' ? key === watch.key : campaignId === id,
  );
  const inside = (await insideOf(db, [contactId])).find(({ segmentId }) => segmentId === named?.id);
  const what = watch.kind === 'segment' ? `the segment ${watch.key}` : 'what sets it off';
  if (watch.on === 'left')
    return inside
      ? `the contact is in ${what}, and has not left it`
      : `the contact was not in ${what} since the campaign was published, or left it by an import`;
  if (!inside) return `the contact is not in ${what}`;
  return inside.sinceMs < (startedMs ?? 0)
    ? `the contact was in ${what} when the campaign was published, since ${isoTime(inside.sinceMs)}`
    : `the contact was found in ${what}, or came into it by an import, and neither sets anything off`;
}

async function whyNoDate(
  { db, workspaceId, contactId }: Who,
  { date }: Extract<Watched, { kind: 'date' }>,
): Promise<string> {
  const contact = await getContact(db, workspaceId, contactId);
  const zone = contact?.timeZone ?? (await getWorkspace(db, workspaceId))?.timeZone ?? 'UTC';
  const value = valueAt(contact?.attributes, date.attribute);
  if (value === undefined) return `${date.attribute} has no value`;
  const first = nextDate(date, value, zone, 0);
  return first
    ? `the date in ${date.attribute} comes, or came, at ${isoTime(first.atMs)}, and what is past when it is told, or the campaign is published, is skipped`
    : `${date.attribute} is no date`;
}
