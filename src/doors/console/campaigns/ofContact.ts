/** What a contact is and was in: where they stand in each campaign, and when it goes on. */
import { Type } from 'typebox';
import { CampaignsOfContact } from '../../../../contract/doors/console/campaigns.ts';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { fromHex24, toHex24 } from '../../../base/ids.ts';
import { cutPage } from '../../../base/page.ts';
import { campaignsOf, type CampaignEntryPlace } from '../../../campaigns/report/lists.ts';
import { findContact } from '../people/contacts.ts';
import { standsAt } from './shown.ts';
import { readLimit, reads, type Call, type Route } from '../route.ts';

/** `…/contacts/{id}/campaigns`. */
export const campaignsOfContactRoutes: readonly Route[] = [
  reads({
    path: '/contacts/:contactId/campaigns',
    action: 'campaigns.read',
    does: 'The campaigns that a contact is in, then those they were in, each newest first: the step they stand at, and when it is due.',
    query: { limit: NEWEST_FIRST.limit, after: Type.String({ maxLength: 64 }) },
    answer: CampaignsOfContact,
    handle: list,
  }),
];

async function list(call: Call): Promise<CampaignsOfContact | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const after = placeIn(call.query['after']);
  if (isFault(after)) return after;
  const contact = await findContact(call);
  if (isFault(contact)) return contact;
  const of = { workspaceId: call.workspace.id, contactId: contact.id };
  const found = await campaignsOf(call.ctx.sql, of, { after, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return {
    campaigns: rows.map((row) => ({
      id: toHex24(row.enrolmentId),
      campaign: { id: toHex24(row.campaignId), name: row.name, state: row.state },
      ...standsAt(row),
    })),
    next: last ? placeText(last) : null,
  };
}

type Placed = { endedMs: number | null; enteredMs: number; enrolmentId: number };

function placeText({ endedMs, enteredMs, enrolmentId }: Placed): string {
  return `${endedMs === null ? 'in' : 'was'}.${enteredMs}.${toHex24(enrolmentId)}`;
}

function placeIn(text: string | undefined): CampaignEntryPlace | undefined | Fault {
  if (text === undefined) return undefined;
  const [, stands, ms, hex] = /^(in|was)\.(\d{1,15})\.([0-9a-f]{24})$/.exec(text) ?? [];
  const enrolmentId = hex === undefined ? undefined : fromHex24(hex);
  return enrolmentId === undefined
    ? breaks('after', 'must be `next` of the page before')
    : { isIn: stands === 'in', enteredMs: Number(ms), enrolmentId };
}
