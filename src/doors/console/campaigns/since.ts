/** Entering a campaign for those who did what sets it off before it was there: about how many first, then at a bounded rate. */
import { CampaignShown, EnterSince, SinceForecast } from '../../../../contract/doors/console/campaigns.ts';
import { TimeGiven } from '../../../../contract/doors/console/fields.ts';
import { isFault } from '../../../base/fault.ts';
import { enterSince, forecastSince } from '../../../campaigns/since.ts';
import { find, present } from './shown.ts';
import { readTime, reads, writes, type Route } from '../route.ts';

/** Whoever does not say how many a minute lets in so many. */
const PER_MINUTE = 600;

/** `…/campaigns/{id}/since`. */
export const sinceRoutes: readonly Route[] = [
  reads({
    path: '/campaigns/:campaignId/since',
    action: 'campaigns.read',
    does: 'About how many did since a time what sets the campaign off.',
    query: { since: TimeGiven },
    answer: SinceForecast,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const sinceMs = readTime(call.query['since'] ?? '', 'since');
      return isFault(sinceMs) ? sinceMs : await forecastSince(call.ctx, call.ctx.sql, found, sinceMs);
    },
  }),
  writes({
    path: '/campaigns/:campaignId/since',
    action: 'campaigns.run',
    does: 'Lets those enter who did since a time what sets the campaign off, at most so many in a minute.',
    body: EnterSince,
    answers: { 202: CampaignShown },
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const sinceMs = readTime(call.body.since, 'since');
      if (isFault(sinceMs)) return sinceMs;
      const { perMinute = PER_MINUTE } = call.body;
      return async (tx) => {
        const broken = await enterSince(call.ctx, tx, found, { sinceMs, perMinute }, call.workspaceNowMs);
        if (broken) return broken;
        const detail = { name: found.key, since: call.body.since, perMinute };
        const audit = { action: 'campaign.since', subject: `campaign:${found.id}`, detail };
        return { status: 202, body: present(found), audit };
      };
    },
  }),
];
