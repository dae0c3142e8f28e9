/** Where those who are in a campaign stand, and one contact's way through it. */
import {
  CampaignPlaces,
  CampaignTrail,
  ResumeForecast,
} from '../../../../contract/doors/console/campaigns.ts';
import { isFault } from '../../../base/fault.ts';
import { placesIn, REFUSALS, standingIn, trailIn, wordsOf } from '../../../campaigns/report/lists.ts';
import { versionNumbers } from '../../../campaigns/versions.ts';
import { find, standsAt } from './shown.ts';
import { findContact } from '../people/contacts.ts';
import { idText, reads, timeText, type Route } from '../route.ts';

const one = '/campaigns/:campaignId';

/** `…/campaigns/{id}/steps`, `…/resume`, `…/people/{contactId}`. */
export const campaignTrailRoutes: readonly Route[] = [
  reads({
    path: `${one}/steps`,
    action: 'campaigns.read',
    does: 'How many stand at each step, by version. Of more than 3,000 about how many; then a step at which few stand may be missing.',
    answer: CampaignPlaces,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const numberOf = await versionNumbers(call.ctx.sql, found.id);
      const { places, exact } = await placesIn(call.ctx.sql, found.id);
      return {
        exact,
        steps: places.map(({ versionId, step, people }) => ({
          step,
          version: numberOf.get(versionId) ?? 0,
          people,
        })),
      };
    },
  }),
  reads({
    path: `${one}/resume`,
    action: 'campaigns.read',
    does: 'How many are in it, and of how many something fell due by now: what resuming it would go on with. Of more than 3,000 about how many.',
    answer: ResumeForecast,
    async handle(call) {
      const found = await find(call);
      return isFault(found) ? found : await standingIn(call.ctx.sql, found.id, call.workspaceNowMs);
    },
  }),
  reads({
    path: `${one}/people/:contactId`,
    action: 'campaigns.read',
    does: "One contact's entries, each with every decision in order, and why they did not enter.",
    answer: CampaignTrail,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const contact = await findContact(call);
      if (isFault(contact)) return contact;
      const { entries, refused } = await trailIn(call.ctx.sql, contact.id, found.id);
      return {
        entries: entries.map((entry) => ({
          id: idText(entry.enrolmentId),
          ...standsAt(entry),
          trail: entry.trail.map((row) => ({ at: timeText(row.atMs), what: row.what, why: wordsOf(row) })),
        })),
        refused: refused
          ? {
              at: timeText(refused.atMs),
              reason: refused.reason,
              why: REFUSALS[refused.reason] ?? refused.reason,
            }
          : null,
      };
    },
  }),
];
