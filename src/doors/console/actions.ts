/** Actions that a company shares with connected accounts. */
import type { Static } from 'typebox';
import {
  ActionList,
  ActionOffered,
  ActionShown,
  NewAction,
  OfferAction,
} from '../../../contract/doors/console/actions.ts';
import { breaks, isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { listActions, offerAction, shareAction, type Action } from '../../connect/actions.ts';
import { clientOfWorkspace } from '../../connect/clients.ts';
import { actorOfCompany } from '../../connect/grants.ts';
import { givenIn } from './campaigns/given.ts';
import { reads, timeText, writes, type Route } from './route.ts';

const CAMPAIGN_BYTES = 512 * 1024;

/** `…/actions`. */
export const actionRoutes: readonly Route[] = [
  reads({
    path: '/actions',
    action: 'campaigns.read',
    does: 'The actions that the company shares, in their newest versions.',
    answer: ActionList,
    handle: async ({ ctx, workspace }) => ({
      actions: (await listActions(ctx.sql, workspace.id)).map(present),
    }),
  }),
  writes({
    path: '/actions',
    action: 'connect.manage',
    does: 'Writes the next version of an action; accounts have it when it is offered to them.',
    body: NewAction,
    answers: { 201: ActionShown },
    bodyBytes: CAMPAIGN_BYTES,
    async handle(call) {
      const { ctx, workspace, workspaceNowMs } = call;
      const { mayChange = [] } = call.body;
      const given = await givenIn(call.body, workspace.id);
      if (isFault(given)) return given;
      const client = await clientOfWorkspace(ctx.sql, workspace.id);
      if (isFault(client)) return client;
      return async (tx) => {
        const action = await shareAction(tx, workspace.id, { ...given, mayChange }, workspaceNowMs);
        if (isFault(action)) return action;
        const { key, version } = action;
        return {
          status: 201,
          body: present(action),
          audit: { action: 'action.share', detail: { name: key, version } },
        };
      };
    },
  }),
  writes({
    path: '/actions/:key/offer',
    action: 'connect.act',
    does: 'Offers an action to a connected account: there it is a draft, which runs once the account publishes it.',
    body: OfferAction,
    answers: { 200: ActionOffered },
    async handle(call) {
      const { ctx, workspace, workspaceNowMs, params } = call;
      const { connectId, userId } = call.body;
      if ((connectId === undefined) === (userId === undefined))
        return breaks('connectId', 'exactly one of connectId and userId must be given');
      const who = connectId === undefined ? { userId: userId! } : { connectId };
      const of = { clientWorkspaceId: workspace.id, key: params['key'] ?? '', who };
      return async (tx) => {
        const offer = await offerAction(ctx, tx, of, workspaceNowMs);
        if (isFault(offer)) return offer;
        const { workspaceId, version, kept, campaign } = offer;
        const body = { workspaceId: toHex24(workspaceId), key: of.key, version, state: campaign.state, kept };
        const detail = { company: workspace.id, key: of.key, version };
        const actor = actorOfCompany({ clientWorkspaceId: workspace.id });
        const subject = `action:${of.key}`;
        return { status: 200, body, audit: { action: 'action.offer', workspaceId, actor, subject, detail } };
      };
    },
  }),
];

function present({ key, file, version, mayChange, createdMs }: Action): Static<typeof ActionShown> {
  return { key, name: file.name ?? key, version, campaign: file, mayChange, createdAt: timeText(createdMs) };
}
