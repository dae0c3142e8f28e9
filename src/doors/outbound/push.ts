/** Tokens of devices, registered and disabled by themselves (api/outbound.md §A.2). */
import { takeOnce } from '../../accounts/toldOnce.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { destinationsOf, setDestinationStatus, unlinkDestinations } from '../../contacts/destinations.ts';
import { holdWhoIs } from '../../contacts/held.ts';
import { PROVIDER } from './pushIntegrations.ts';
import { isGiven, readToken, readWho, SERVICES, type PushApi } from './read.ts';
import { onceOf } from './repeat.ts';
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
  const said = { who, token, replaced: replaced ?? null };
  const once = onceOf(call, `register ${service}`, said, { timestamp: body['timestamp'] });
  const told = await tell(call, [{ who, user, once }]);
  if (isFault(told)) return told;
  if (replaced !== undefined && replaced !== token) {
    const act = { how: 'unlink', isMeant: (address: string) => address === replaced } as const;
    await change(call, told[0], service, { ...act, once: once && `${once} replaces` });
  }
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
  const once = onceOf(call, `disable ${service}`, { who, token }, { timestamp: body['timestamp'] });
  const [contactId] = await findContactIds(ctx.sql, workspace.id, [who]);
  await change(call, contactId, service, {
    how: 'disable',
    isMeant: (address) => all === true || address === token,
    once,
  });
  return DONE;
}

/** What becomes of which tokens, and by what that is known when it is told again. */
type Act = { how: 'unlink' | 'disable'; isMeant: (address: string) => boolean; once: string | undefined };

/** Tokens of a contact at a service are unlinked, or kept and not written to. Nobody has none: also that is told once. */
async function change(
  { ctx, workspace, nowMs, workspaceNowMs }: PushCall,
  found: number | undefined,
  service: PushApi,
  { how, isMeant, once }: Act,
): Promise<void> {
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  const ofService = new Set(
    integrations.filter(({ provider }) => provider === PROVIDER[service]).map(({ id }) => id),
  );
  await ctx.queue.transact(async (tx) => {
    if (!(await takeOnce(tx, workspace.id, once, nowMs)) || found === undefined) return;
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
