/** The channels of a user: linking an address, unlinking it (api/sunshine.md §9.1; N7, N30–N32). */
import { beginningOf } from '../../base/text.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { ChannelsShown, Link, UserShown } from '../../../contract/doors/sunshine/users.ts';
import { type Static } from 'typebox';
import type { Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import {
  destinationsOf,
  linkDestination,
  unlinkDestinations,
  type Destination,
} from '../../contacts/destinations.ts';
import { addressOf } from '../../contacts/keys.ts';
import type { Contact } from '../../contacts/contacts.ts';
import {
  confirmLink,
  sendConfirmation,
  type ConfirmationType,
  type Linking,
} from '../../confirmations/confirm.ts';
import type { Tx } from '../../db/pool.ts';
import { confirmingOf, readConfirmation } from './confirmations.ts';
import { readAddress, type Addressed } from './messageInput.ts';
import { integrationFor, presentChannel, presentClient, presentUser } from './present.ts';
import {
  acts,
  missing,
  readId,
  reads,
  writes,
  type Call,
  type InApp,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';
import { providerOf, typeOfProvider } from './names.ts';
import { tellOfUsers } from './told.ts';
import { findUser, loadUser } from './users.ts';

type Linked = Omit<Static<typeof Link>, 'confirmation'> & {
  confirmation: { type: ConfirmationType; message?: Record<string, unknown> };
};

/** `…/appusers/{userId}/channels` and the test message on one of them. */
export const channelRoutes: readonly Route[] = [
  reads({
    path: '/appusers/:userId/channels',
    does: 'The channels of a user.',
    action: 'contacts.read',
    answers: { 200: ChannelsShown },
    async handle(call) {
      const integrations = await call.ctx.directory.integrationsOf(call.workspace.id);
      const contact = await findUser(call, call.ctx.sql);
      if (isFault(contact)) return contact;
      const all = await destinationsOf(call.ctx.sql, call.workspace.id, [contact.id]);
      const linked = all.filter(({ status }) => status !== 'pending');
      return { status: 200, body: { channels: linked.map((one) => presentChannel(one, integrations)) } };
    },
  }),
  writes({
    method: 'POST',
    path: '/appusers/:userId/channels',
    action: 'contacts.write',
    does: 'Links an address to a user, and asks there whether it is theirs.',
    body: Link,
    answers: { 200: UserShown },
    handle: link,
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId/channels/:type',
    does: 'Takes a channel from a user.',
    answers: { 200: Done },
    action: 'contacts.write',
    handle: unlink,
  }),
  acts({
    method: 'POST',
    path: '/appusers/:userId/integrations/:type/ping',
    does: 'Sends a test message on a channel of a user.',
    answers: { 200: Done },
    action: 'messages.send',
    handle: ping,
  }),
];

async function link(call: Call<Static<typeof Link>>): Promise<Work<200, UserShown> | SunshineFault> {
  const linking = await readLinking(call);
  if (isFault(linking)) return linking;
  const integrations = await call.ctx.directory.integrationsOf(call.workspace.id);
  return async (tx) => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const linked = await linkAddress(call, tx, contact, linking);
    if (isFault(linked)) return linked;
    const before = await destinationsOf(tx, call.workspace.id, [contact.id]);
    const isPending = before.some(({ id, status }) => id === linked && status === 'pending');
    await confirmLink(confirmingOf(call, contact.id), tx, { id: linked, isPending }, linking);
    const user = await loadUser(tx, contact);
    const destination = user.destinations.find(({ id }) => id === linked)!;
    const shown = presentUser(user, integrations);
    // What comes of it is told by webhooks; until then the client is a pending one.
    const client = presentClient(destination, user.destinations, integrations);
    return {
      status: 200,
      body: {
        appUser: {
          ...shown,
          clients: shown.clients.filter(({ id }) => id !== client.id),
          pendingClients: [{ ...client, status: 'pending', active: false, primary: false }],
        },
      },
    };
  };
}

/** An address that is to be linked. */
type AddressLinking = Linking & { to: Addressed };

/** An address that is to be linked, from the body of a request. */
export async function readLinking(call: InApp & { body: Linked }): Promise<AddressLinking | SunshineFault> {
  const { type, integrationId, confirmation, subject } = call.body;
  const integration = await integrationOfType(call, type, integrationId);
  if (isFault(integration)) return integration;
  const field = integration.channel === 'email' ? 'address' : 'phoneNumber';
  const given = call.body[field];
  if (given === undefined) return breaks(field, `is required to link ${type}`);
  const to = readAddress(integration, given, field);
  if (isFault(to)) return to;
  const message = await readConfirmation(call, integration, confirmation);
  if (isFault(message)) return message;
  const title = subject ?? `New message from ${call.workspace.name}`;
  return {
    integration,
    to,
    criteria: { [field]: given },
    confirmation: confirmation.type,
    message: message && integration.channel === 'email' ? { subject: title, ...message } : message,
  };
}

/** The integration of a type; with several, the caller has to say which. */
async function integrationOfType(
  call: InApp,
  type: string,
  integrationId: string | undefined,
): Promise<Integration | SunshineFault> {
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  // Who asks for mail by its old name gets whatever the workspace sends mail with.
  const exact = all.filter(({ provider }) => provider === providerOf(type));
  const fits =
    exact.length > 0 || type !== 'mailgun' ? exact : all.filter(({ channel }) => channel === 'email');
  if (integrationId !== undefined) {
    const id = readId(integrationId, 'integrationId');
    if (isFault(id)) return id;
    const named = all.find((one) => one.id === id);
    if (!named) return missing('integration');
    return fits.includes(named) ? named : breaks('integrationId', `is not an integration of type ${type}`);
  }
  const [only, ...more] = fits;
  if (!only) return breaks('type', `the app has no integration of type ${beginningOf(type, 64)}`);
  return more.length === 0
    ? only
    : breaks('integrationId', `is required: there are ${fits.length} of type ${type}`);
}

/** Links the address; one that is another user's moves to this one. */
async function linkAddress(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  { integration, to, confirmation }: AddressLinking,
): Promise<number | Fault> {
  const { workspace, nowMs } = call;
  const wanted = {
    workspaceId: workspace.id,
    contactId: contact.id,
    channel: to.channel,
    integrationId: integration.id,
    address: to.address,
    status: confirmation === 'immediate' ? ('active' as const) : ('pending' as const),
  };
  const atMs = nowMs + workspace.clockAheadMs;
  const first = await linkDestination(tx, call.ctx.ids, atMs, wanted);
  if (isFault(first)) return first;
  if ('destinationId' in first) return first.destinationId;
  const theirs = await destinationsOf(tx, workspace.id, [first.conflictsWith]);
  const taken = theirs.filter(({ address }) => address === addressOf(to.channel, to.address));
  await removeClients(call, tx, taken, 'theft');
  const second = await linkDestination(tx, call.ctx.ids, atMs, wanted);
  if (isFault(second)) return second;
  return 'destinationId' in second
    ? second.destinationId
    : fault('conflict', 'The address is known to be that of another user; merge the two.');
}

/** Unlinks clients, and tells of it. */
export async function removeClients(
  call: InApp,
  tx: Tx,
  gone: readonly Destination[],
  reason: 'api' | 'sdk' | 'theft',
): Promise<void> {
  const refs = gone.map(({ contactId, id }) => ({ contactId, destinationId: id }));
  await unlinkDestinations(tx, call.nowMs + call.workspace.clockAheadMs, call.workspace.id, refs);
  const told = gone.map((one) => ({
    trigger: 'client:remove' as const,
    contactId: one.contactId,
    more: { client: { _id: toHex24(one.id), id: toHex24(one.id), externalId: one.address }, reason },
  }));
  await tellOfUsers(call, tx, told);
}

async function unlink(call: Call): Promise<Work<200, object>> {
  const { ctx, workspace } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const all = await destinationsOf(tx, workspace.id, [contact.id]);
    const gone = all.filter((one) => typeOf(one, integrations) === call.params['type']);
    if (gone.length === 0) return breaks('type', 'the user has no such channel');
    await removeClients(call, tx, gone, 'api');
    return { status: 200, body: {} };
  };
}

const PING: Content = { type: 'text', text: 'This is a test message.' };

async function ping(call: Call): Promise<Work<200, object>> {
  const { ctx, workspace } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const all = await destinationsOf(tx, workspace.id, [contact.id]);
    const linked = all.find((one) => typeOf(one, integrations) === call.params['type']);
    const integration =
      linked && integrations.find(({ id }) => id === integrationFor(linked, integrations)?.id);
    if (!integration) return breaks('type', 'the user has no such channel');
    await sendConfirmation(
      confirmingOf(call, contact.id),
      tx,
      { integration, destinationId: linked.id },
      PING,
    );
    return { status: 200, body: {} };
  };
}

function typeOf(destination: Destination, integrations: readonly Integration[]): string {
  return typeOfProvider(integrationFor(destination, integrations)?.provider ?? destination.channel);
}
