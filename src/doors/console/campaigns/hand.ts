/** Letting an audience into a campaign by hand: a forecast first, then at a bounded rate. */
import {
  CampaignShown,
  EnterByHand,
  HandForecast,
  PER_MINUTE,
} from '../../../../contract/doors/console/campaigns.ts';
import { isFault } from '../../../base/fault.ts';
import { enterByHand, forecastByHand } from '../../../campaigns/byHand.ts';
import { readAudience } from '../people/audienceInput.ts';
import { find, present, refusedOf } from './shown.ts';
import { asks, writes, type Route } from '../route.ts';

/** `…/campaigns/{id}/hand`. */
export const handRoutes: readonly Route[] = [
  asks({
    path: '/campaigns/:campaignId/hand/forecast',
    action: 'campaigns.run',
    does: 'About how many an audience is, and of some of them how many would enter and why the others would not.',
    body: EnterByHand,
    answers: { 200: HandForecast },
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const { ctx, body, workspace, nowMs } = call;
      const audience = await readAudience(ctx.sql, workspace.id, body.audience);
      if (isFault(audience)) return audience;
      const asked = { audience, key: body.key };
      const told = await ctx.sql.begin((tx) => forecastByHand(ctx, tx, found, asked, workspace, nowMs));
      if (isFault(told)) return told;
      return { status: 200, body: { ...told, refused: refusedOf(told.refused) } };
    },
  }),
  writes({
    path: '/campaigns/:campaignId/hand',
    action: 'campaigns.run',
    does: 'Lets an audience enter, each once for a key, at most so many in a minute.',
    body: EnterByHand,
    answers: { 202: CampaignShown },
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const { ctx, body, workspace, workspaceNowMs } = call;
      const audience = await readAudience(ctx.sql, workspace.id, body.audience);
      if (isFault(audience)) return audience;
      const { key, perMinute = PER_MINUTE } = body;
      return async (tx) => {
        const given = { audience, key, perMinute };
        const broken = await enterByHand(ctx, tx, found, given, workspaceNowMs);
        if (broken) return broken;
        const detail = { name: found.key, key, perMinute, audience: body.audience };
        const audit = { action: 'campaign.hand', subject: `campaign:${found.id}`, detail };
        return { status: 202, body: present(found), audit };
      };
    },
  }),
];
