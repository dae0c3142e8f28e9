/** Tokens of devices, registered and disabled by themselves (api/outbound.md §A.2). */
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { destinationsOf, setDestinationStatus, unlinkDestinations } from '../../contacts/destinations.ts';
import { holdWhoIs } from '../../contacts/held.ts';
import { PROVIDER } from './pushIntegrations.ts';
import { isGiven, readToken, readWho, SERVICES, type PushApi } from './read.ts';
import { Body, DONE, keeps, type Call, type Route } from './route.ts';
import { tell } from './tell.ts';

/** `/v2/{apns|gcm|fcm}/{register|disable}`. */
export const pushRoutes: readonly Route[] = SERVICES.flatMap((service) => [
  keeps({
    path: `/v2/${service}/register`,
    does: 'A user has a device.',
    action: 'people.tell',
    body: Body,
    handle: (call) => register(call, service),
  }),
  keeps({
    path: `/v2/${service}/disable`,
    does: 'A device of a user, or all, may not be pushed to.',
    action: 'people.tell',
    body: Body,
    handle: (call) => disable(call, service),
  }),
]);

type PushCall = Call<Record<string, unknown>>;

async function register(call: PushCall, service: PushApi): Promise<typeof DONE | Fault> {
  const { body } = call;
  const who = readWho(body, '');
  if (isFault(who)) return who;
  const token = readToken(body['token'], 'token');
  if (isFault(token)) return token;
  const replaced = isGiven(body['replace']) ? readToken(body['replace'], 'replace') : undefined;
  if (isFault(replaced)) return replaced;
  const user = {
    who,
    before: [],
    email: undefined,
    phone: undefined,
    profile: {},
    tokens: [{ service, token }],
    group: undefined,
  };
  const told = await tell(call, [{ who, user }]);
  if (isFault(told)) return told;
  if (replaced !== undefined && replaced !== token)
    await change(call, told[0]!.contactId, service, (address) => address === replaced, 'unlink');
  return DONE;
}

async function disable(call: PushCall, service: PushApi): Promise<typeof DONE | Fault> {
  const { body, ctx, workspace } = call;
  const who = readWho(body, '');
  if (isFault(who)) return who;
  const { all } = body;
  if (isGiven(all) && typeof all !== 'boolean') return breaks('all', 'must be true or false');
  const token = all === true ? '' : readToken(body['token'], 'token');
  if (isFault(token)) return token;
  const [contactId] = await findContactIds(ctx.sql, workspace.id, [who]);
  // Nobody has no tokens.
  if (contactId !== undefined)
    await change(call, contactId, service, (address) => all === true || address === token, 'disable');
  return DONE;
}

/** Tokens of a contact at a service are unlinked, or kept and not written to. */
async function change(
  { ctx, workspace, workspaceNowMs }: PushCall,
  found: number,
  service: PushApi,
  isMeant: (address: string) => boolean,
  how: 'unlink' | 'disable',
): Promise<void> {
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  const ofService = new Set(
    integrations.filter(({ provider }) => provider === PROVIDER[service]).map(({ id }) => id),
  );
  await ctx.queue.transact(async (tx) => {
    const contactId = await holdWhoIs(tx, { workspaceId: workspace.id, contactId: found });
    if (contactId === undefined) return;
    const all = await destinationsOf(tx, workspace.id, [contactId]);
    const meant = all.filter(
      ({ channel, address, integrationId }) =>
        channel === 'push' && integrationId !== null && ofService.has(integrationId) && isMeant(address),
    );
    const refs = meant.map(({ id }) => ({ contactId, destinationId: id }));
    if (how === 'unlink') await unlinkDestinations(tx, workspaceNowMs, workspace.id, refs);
    else
      await setDestinationStatus(
        tx,
        workspace.id,
        refs.map((ref) => ({ ...ref, status: 'inactive' as const })),
      );
  });
}
