/**
 * Carrying a user to another channel (api/sunshine.md §9.2): an auth code brings them to the web or an app, a link request to
 * WhatsApp, SMS or mail, as themselves. Both are asked for by GET, and made anew each time.
 */
import type { Static } from 'typebox';
import { AuthCode, LinkRequests } from '../../../contract/doors/sunshine/users.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { fault, isFault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import { issueAuthCodes } from '../../links/authCodes.ts';
import { requestLinks } from '../../links/transfer.ts';
import { missing, reads, type Call, type RouteOutcome, type Route } from './route.ts';
import { findUser } from './users.ts';

/** Most integrations asked for in one request. */
const MOST = 20;

/** The routes of channel transfer. */
export const transferRoutes: readonly Route[] = [
  reads({
    path: '/appusers/:userId/authcode',
    does: 'A code that brings a user to the web or an app as themselves; made anew each time.',
    action: 'contacts.write',
    answers: { 200: AuthCode },
    handle: authCode,
  }),
  reads({
    path: '/appusers/:userId/linkrequest',
    does: 'Links that bring a user to other channels as themselves; made anew each time.',
    action: 'contacts.write',
    answers: { 200: LinkRequests },
    handle: linkRequests,
  }),
];

async function authCode(call: Call): Promise<RouteOutcome<200, Static<typeof AuthCode>>> {
  const { ctx, workspace, workspaceNowMs } = call;
  const user = await findUser(call, ctx.sql);
  if (isFault(user)) return user;
  const [code] = await ctx.queue.transact((tx) =>
    issueAuthCodes(tx, workspaceNowMs, [{ workspaceId: workspace.id, contactId: user.id }]),
  );
  return { status: 200, body: { authCode: code! } };
}

async function linkRequests(call: Call): Promise<RouteOutcome<200, Static<typeof LinkRequests>>> {
  const { ctx, workspace, workspaceNowMs, query } = call;
  const names = (query['integrationIds'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (!names.length || names.length > MOST)
    return fault(
      'bad_request',
      `integrationIds: must name 1 to ${MOST} integrations, with commas between them`,
      { field: 'integrationIds' },
    );
  const user = await findUser(call, ctx.sql);
  if (isFault(user)) return user;
  const all = await ctx.directory.integrationsOf(workspace.id);
  const wanted = names.map((name) => all.find(({ id }) => id === fromHex24(name)));
  if (wanted.includes(undefined)) return missing('integration');
  const made = await ctx.queue.transact((tx) =>
    requestLinks(
      tx,
      workspaceNowMs,
      { workspaceId: workspace.id, contactId: user.id },
      wanted as Integration[],
    ),
  );
  const shown = made.map(({ integration: { id, provider }, code, url }) => ({
    integrationId: toHex24(id),
    type: provider,
    code,
    url,
  }));
  return { status: 200, body: { linkRequests: shown } };
}
