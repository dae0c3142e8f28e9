/**
 * Carrying a user to another channel (api/sunshine.md §9.2): an auth code brings them to the web or an app, a link request to
 * WhatsApp, SMS or mail, as themselves. Both are asked for by GET, and made anew each time.
 */
import type { Integration } from '../../accounts/integrations.ts';
import { fault, isFault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import { issueAuthCodes, issueLinkRequests, linkRequestUri } from '../../links/authCodes.ts';
import { missing, reads, type Call, type Outcome, type Route } from './route.ts';
import { findUser } from './users.ts';

/** Most integrations asked for in one request. */
const MOST = 20;

/** The routes of channel transfer. */
export const transferRoutes: readonly Route[] = [
  reads({ path: '/appusers/:userId/authcode', action: 'contacts.write', handle: authCode }),
  reads({ path: '/appusers/:userId/linkrequest', action: 'contacts.write', handle: linkRequests }),
];

async function authCode(call: Call): Promise<Outcome> {
  const { ctx, workspace, nowMs } = call;
  const user = await findUser(call, ctx.sql);
  if (isFault(user)) return user;
  const [code] = await ctx.queue.transact((tx) =>
    issueAuthCodes(tx, nowMs, [{ workspaceId: workspace.id, contactId: user.id }]),
  );
  return { status: 200, body: { authCode: code } };
}

async function linkRequests(call: Call): Promise<Outcome> {
  const { ctx, workspace, nowMs, query } = call;
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
  const reachable = (wanted as Integration[]).flatMap((integration) => {
    const address = addressOf(integration);
    return address === undefined ? [] : [{ integration, address }];
  });
  const codes = await ctx.queue.transact((tx) =>
    issueLinkRequests(
      tx,
      nowMs,
      reachable.map(({ integration }) => ({
        workspaceId: workspace.id,
        contactId: user.id,
        integrationId: integration.id,
      })),
    ),
  );
  const made = reachable.flatMap(({ integration, address }, index) => {
    const url = linkRequestUri(integration.channel, address, codes[index]!);
    return url === undefined
      ? []
      : [{ integrationId: toHex24(integration.id), type: integration.provider, code: codes[index]!, url }];
  });
  return { status: 200, body: { linkRequests: made } };
}

/** Where people write to an integration; undefined where nobody can. */
function addressOf({ settings }: Integration): string | undefined {
  const own =
    settings['phoneNumber'] ?? settings['incomingAddress'] ?? settings['fromAddress'] ?? settings['from'];
  return typeof own === 'string' ? own : undefined;
}
