/** The channels of a user: linking an address at once, unlinking it (api/sunshine.md §9.1; N7, N30–N32). */
import { type Static, Type } from 'typebox';
import type { Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import {
  destinationsOf,
  linkDestination,
  unlinkDestinations,
  type Destination,
} from '../../contacts/destinations.ts';
import { addressOf } from '../../contacts/keys.ts';
import type { Contact } from '../../contacts/sql.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import type { Tx } from '../../db/pool.ts';
import { accept } from '../../outbox/accept.ts';
import { anyObject, readAddress, readMessages, type Addressed } from './messageInput.ts';
import { integrationFor, presentChannel, presentClient, presentUser } from './present.ts';
import {
  acts,
  breaks,
  missing,
  readId,
  reads,
  writes,
  type Call,
  type Outcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';
import { tell } from './told.ts';
import { findUser, loadUser } from './users.ts';

const Link = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 64 }),
  integrationId: Type.Optional(Type.String()),
  phoneNumber: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  primary: Type.Optional(Type.Boolean()),
  confirmation: Type.Object({
    type: Type.Union([Type.Literal('immediate'), Type.Literal('userActivity'), Type.Literal('prompt')]),
    message: Type.Optional(anyObject),
  }),
});

/** What linking comes down to. */
type Linking = {
  integration: Integration;
  to: Addressed;
  /** As the caller wrote it: webhooks give it back. */
  criteria: Record<string, string>;
  message: Content | undefined;
};

/** `…/appusers/{userId}/channels` and the test message on one of them. */
export const channelRoutes: readonly Route[] = [
  reads({
    path: '/appusers/:userId/channels',
    action: 'contacts.read',
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
    body: Link,
    handle: link,
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId/channels/:type',
    action: 'contacts.write',
    handle: unlink,
  }),
  acts({
    method: 'POST',
    path: '/appusers/:userId/integrations/:type/ping',
    action: 'messages.send',
    handle: ping,
  }),
];

async function link(call: Call<Static<typeof Link>>): Promise<Work | SunshineFault> {
  const linking = await readLinking(call);
  if (isFault(linking)) return linking;
  const integrations = await call.ctx.directory.integrationsOf(call.workspace.id);
  return async (tx) => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const linked = await linkAddress(call, tx, contact, linking);
    if (isFault(linked)) return linked;
    if (linking.message) await confirm(call, tx, contact, linked, linking, linking.message);
    else await tellLinked(call, tx, contact, linked, linking);
    const user = await loadUser(tx, contact);
    const destination = user.destinations.find(({ id }) => id === linked)!;
    const shown = presentUser(user, integrations) as { clients: { id: string }[] };
    // What comes of it is told by webhooks; until then the client is a pending one.
    const client = presentClient(destination, user.destinations, integrations) as { id: string };
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

async function readLinking(call: Call<Static<typeof Link>>): Promise<Linking | SunshineFault> {
  const { type, integrationId, confirmation, subject } = call.body;
  if (confirmation.type !== 'immediate')
    return {
      ...fault('not_built', `confirmation.type: ${confirmation.type} is not offered; immediate is`),
      field: 'confirmation.type',
    };
  const integration = await integrationOfType(call, type, integrationId);
  if (isFault(integration)) return integration;
  const field = integration.channel === 'email' ? 'address' : 'phoneNumber';
  const given = call.body[field];
  if (given === undefined) return breaks(field, `is required to link ${type}`);
  const to = readAddress(integration, given, field);
  if (isFault(to)) return to;
  const message = confirmation.message ? await readConfirmation(call, confirmation.message) : undefined;
  if (isFault(message)) return message;
  const title = subject ?? `New message from ${call.workspace.name}`;
  return {
    integration,
    to,
    criteria: { [field]: given },
    message: message && integration.channel === 'email' ? { subject: title, ...message } : message,
  };
}

/** The integration of a type; with several, the caller has to say which. */
async function integrationOfType(
  call: Call<unknown>,
  type: string,
  integrationId: string | undefined,
): Promise<Integration | SunshineFault> {
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  // Who asks for mail by its old name gets whatever the workspace sends mail with.
  const exact = all.filter(({ provider }) => provider === type);
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
  if (!only) return breaks('type', `the app has no integration of type ${type.slice(0, 64)}`);
  return more.length === 0
    ? only
    : breaks('integrationId', `is required: there are ${fits.length} of type ${type}`);
}

/** A confirmation is a text or an image whose actions, if any, are links; it is not part of the conversation. */
async function readConfirmation(
  call: Call<unknown>,
  given: Record<string, unknown>,
): Promise<Content | Fault> {
  const path = 'confirmation.message';
  const { role, ...rest } = given;
  if (role !== undefined && role !== 'appMaker') return breaks(`${path}.role`, 'must be appMaker');
  const contents = await readMessages(call, rest, { path });
  if (isFault(contents)) return contents;
  const [content, ...more] = contents;
  if (!content || more.length > 0 || (content.type !== 'text' && content.type !== 'image'))
    return breaks(`${path}.type`, 'must be text or image');
  return content.actions?.some(({ type }) => type !== 'link')
    ? breaks(`${path}.actions`, 'may be links only')
    : content;
}

/** Links the address; one that is another user's moves to this one. */
async function linkAddress(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  { integration, to }: Linking,
): Promise<number | Fault> {
  const { workspace, nowMs } = call;
  const wanted = {
    workspaceId: workspace.id,
    contactId: contact.id,
    channel: to.channel,
    integrationId: integration.id,
    address: to.address,
  };
  const atMs = nowMs + workspace.clockAheadMs;
  const first = await linkDestination(tx, atMs, wanted);
  if (isFault(first)) return first;
  if ('destinationId' in first) return first.destinationId;
  const theirs = await destinationsOf(tx, workspace.id, [first.conflictsWith]);
  const taken = theirs.filter(({ address }) => address === addressOf(to.channel, to.address));
  await removeClients(call, tx, taken, 'theft');
  const second = await linkDestination(tx, atMs, wanted);
  if (isFault(second)) return second;
  return 'destinationId' in second
    ? second.destinationId
    : fault('conflict', 'The address is known to be that of another user; merge the two.');
}

/** Sends the message that confirms the link. What comes of it decides about link:match, link:success and link:failure. */
async function confirm(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  destinationId: number,
  { integration, criteria }: Pick<Linking, 'integration' | 'criteria'>,
  content: Content,
): Promise<void> {
  const { ctx, workspace, nowMs } = call;
  const conversations = await ensureConversations(tx, ctx.ids, nowMs + workspace.clockAheadMs, [
    { contactId: contact.id, workspaceId: workspace.id },
  ]);
  await accept(ctx, tx, nowMs, [
    {
      workspaceId: workspace.id,
      contactId: contact.id,
      conversationId: conversations.get(contact.id)!.id,
      kind: 'confirmation',
      class: 'transactional',
      content,
      author: {},
      source: { type: 'api' },
      // A test message confirms nothing.
      ...(Object.keys(criteria).length > 0
        ? { metadata: { ...criteria, channel: integration.provider } }
        : {}),
      integrationId: integration.id,
      destinationId,
      aheadMs: workspace.clockAheadMs,
    },
  ]);
}

async function tellLinked(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  destinationId: number,
  { integration, criteria }: Linking,
): Promise<void> {
  const about = { contactId: contact.id, destinationId };
  const more = { channel: integration.provider, criteria };
  await tell(call, tx, [
    { ...about, trigger: 'link:match', more },
    { ...about, trigger: 'link:success', more },
    { ...about, trigger: 'client:add', more: { reason: 'channelLinking', source: { type: 'api' } } },
  ]);
}

async function removeClients(
  call: Call<unknown>,
  tx: Tx,
  gone: readonly Destination[],
  reason: 'api' | 'theft',
): Promise<void> {
  const refs = gone.map(({ contactId, id }) => ({ contactId, destinationId: id }));
  await unlinkDestinations(tx, call.nowMs + call.workspace.clockAheadMs, call.workspace.id, refs);
  const told = gone.map((one) => ({
    trigger: 'client:remove' as const,
    contactId: one.contactId,
    more: { client: { _id: toHex24(one.id), id: toHex24(one.id), externalId: one.address }, reason },
  }));
  await tell(call, tx, told);
}

async function unlink(call: Call): Promise<Work> {
  const { ctx, workspace } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx): Promise<Outcome> => {
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

async function ping(call: Call): Promise<Work> {
  const { ctx, workspace } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx): Promise<Outcome> => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const all = await destinationsOf(tx, workspace.id, [contact.id]);
    const linked = all.find((one) => typeOf(one, integrations) === call.params['type']);
    const integration =
      linked && integrations.find(({ id }) => id === integrationFor(linked, integrations)?.id);
    if (!integration) return breaks('type', 'the user has no such channel');
    await confirm(call, tx, contact, linked.id, { integration, criteria: {} }, PING);
    return { status: 200, body: {} };
  };
}

function typeOf(destination: Destination, integrations: readonly Integration[]): string {
  return integrationFor(destination, integrations)?.provider ?? destination.channel;
}
