/** Entering a campaign for those who did what sets it off before it was there: about how many first, then at a bounded rate. */
import {
  CampaignShown,
  EnterSince,
  PER_MINUTE,
  SinceForecast,
  SinceFrom,
} from '../../../../contract/doors/console/campaigns.ts';
import { TimeGiven } from '../../../../contract/doors/console/fields.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { enterSince } from '../../../campaigns/since.ts';
import { forecastSince } from '../../../campaigns/sinceForecast.ts';
import { find, present, refusedOf } from './shown.ts';
import { queryWord, readTime, reads, writes, type Call, type Route } from '../route.ts';

/** As of when they enter. */
const FROM = ['now', 'event'] as const;

/** `…/campaigns/{id}/since`. */
export const sinceRoutes: readonly Route[] = [
  reads({
    path: '/campaigns/:campaignId/since',
    action: 'campaigns.read',
    does: 'About how many did since a time what sets the campaign off, and of some of them how many would enter and why the others would not.',
    query: { since: TimeGiven, from: SinceFrom },
    answer: SinceForecast,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const sinceMs = pastIn(call, call.query['since'] ?? '');
      if (isFault(sinceMs)) return sinceMs;
      const { ctx, workspace, nowMs } = call;
      const from = queryWord(call, 'from', FROM) ?? 'now';
      if (isFault(from)) return from;
      const told = await ctx.sql.begin((tx) =>
        forecastSince(ctx, tx, found, { sinceMs, from }, workspace, nowMs),
      );
      return isFault(told) ? told : { ...told, from, refused: refusedOf(told.refused) };
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
      const sinceMs = pastIn(call, call.body.since);
      if (isFault(sinceMs)) return sinceMs;
      const { perMinute = PER_MINUTE, from = 'now' } = call.body;
      return async (tx) => {
        const broken = await enterSince(
          call.ctx,
          tx,
          found,
          { sinceMs, from, perMinute },
          call.workspaceNowMs,
        );
        if (broken) return broken;
        const detail = { name: found.key, since: call.body.since, from, perMinute };
        const audit = { action: 'campaign.since', subject: `campaign:${found.id}`, detail };
        return { status: 202, body: present(found), audit };
      };
    },
  }),
];

/** Since when: nobody has done anything since a time to come. */
function pastIn({ workspaceNowMs }: Call<unknown>, text: string): number | Fault {
  const sinceMs = readTime(text, 'since');
  return !isFault(sinceMs) && sinceMs > workspaceNowMs
    ? breaks('since', 'must not be a time to come')
    : sinceMs;
}
