/**
 * What this API shows of users, clients, conversations and integrations (api/sunshine.md §3, §4), in answers and in webhooks
 * alike: nothing leaves the door but through here and messageShown.ts. Pure.
 */
import type { AppOf, IntegrationOf } from '../../../contract/doors/sunshine/apps.ts';
import type { ConversationOf } from '../../../contract/doors/sunshine/messages.ts';
import type { ChannelOf, ClientOf, UserBrief, UserOf } from '../../../contract/doors/sunshine/users.ts';
import { present as presentSettings, type Integration } from '../../accounts/integrations.ts';
import type { Catalogue } from '../../accounts/settings.ts';
import { isoTime } from '../../base/clock.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Destination } from '../../contacts/destinations.ts';
import type { Contact } from '../../contacts/contacts.ts';
import type { Conversation } from '../../conversations/message.ts';
import { platformOf, typeOfProvider } from './names.ts';
import { whenKnown } from './messageShown.ts';
import { appSettings } from './settings.ts';

type AnyObject = Record<string, unknown>;

/** All that is shown of a user. */
export type User = {
  contact: Contact;
  destinations: readonly Destination[];
  conversation: Conversation | undefined;
};

/** What has to be known of an integration to name it. */
export type KnownIntegration = Pick<Integration, 'id' | 'provider' | 'channel'>;

/** A user as webhooks name it by default. */
export function presentUserBriefly({ contact, conversation }: User): UserBrief {
  return {
    _id: toHex24(contact.id),
    ...whenKnown({ userId: contact.externalId }),
    conversationStarted: conversation?.started ?? false,
  };
}

/** A user. */
export function presentUser(user: User, integrations: readonly KnownIntegration[]): UserOf {
  const { contact, destinations } = user;
  const { email, ...others } = contact.attributes;
  // The console lets an attribute of this name be anything; a field of this API is a text.
  const properties = email === undefined || typeof email === 'string' ? others : contact.attributes;
  const shown = (pending: boolean) =>
    destinations
      .filter(({ status }) => (status === 'pending') === pending)
      .map((destination) => presentClient(destination, destinations, integrations));
  return {
    ...presentUserBriefly(user),
    ...whenKnown({ givenName: contact.givenName, surname: contact.surname }),
    ...(typeof email === 'string' ? { email } : {}),
    signedUpAt: isoTime(contact.signedUpMs ?? contact.createdMs),
    properties,
    credentialRequired: contact.credentialRequired,
    hasPaymentInfo: false,
    clients: shown(false),
    pendingClients: shown(true),
  };
}

/** An address of a user, among all of the user's. */
export function presentClient(
  destination: Destination,
  all: readonly Destination[],
  integrations: readonly KnownIntegration[],
): ClientOf {
  const id = toHex24(destination.id);
  const integration = integrationFor(destination, integrations);
  return {
    _id: id,
    id,
    platform: platformOf(integration?.provider ?? destination.channel),
    ...(integration ? { integrationId: toHex24(integration.id) } : {}),
    status: destination.status,
    active: destination.status === 'active',
    blocked: destination.status === 'blocked' || destination.blockedClasses === ALL_CLASSES,
    primary: destination.id === primaryOf(all)?.id,
    ...addressOf(destination),
    displayName: destination.displayName ?? destination.address,
    lastSeen: isoTime(destination.lastSeenMs),
    linkedAt: isoTime(destination.linkedMs),
    info: (destination.info as AnyObject | null) ?? {},
    raw: (destination.raw as AnyObject | null) ?? {},
  };
}

/** The address a user used last; before any was used, the one linked last. */
export function primaryOf(destinations: readonly Destination[]): Destination | undefined {
  let primary: Destination | undefined;
  for (const one of destinations) {
    if (one.status === 'pending') continue;
    const later =
      (one.lastInboundMs ?? 0) - (primary?.lastInboundMs ?? 0) || one.linkedMs - (primary?.linkedMs ?? 0);
    if (!primary || later >= 0) primary = one;
  }
  return primary;
}

/** A channel of a user, as the list of channels has it (api/sunshine.md §9.1). */
export function presentChannel(
  destination: Destination,
  integrations: readonly KnownIntegration[],
): ChannelOf {
  const integration = integrationFor(destination, integrations);
  const { address, channel } = destination;
  return {
    type: typeOfProvider(integration?.provider ?? channel),
    ...(integration ? { integrationId: toHex24(integration.id) } : {}),
    ...(channel === 'email'
      ? { address }
      : PHONES.includes(channel)
        ? { phoneNumber: address }
        : { userId: address }),
    ...(channel === 'whatsapp' ? { username: destination.displayName ?? address } : {}),
  };
}

/** The integration an address is used through; one that is bound to none goes through the first of its channel. */
export function integrationFor(
  destination: Pick<Destination, 'integrationId' | 'channel'>,
  integrations: readonly KnownIntegration[],
): KnownIntegration | undefined {
  return destination.integrationId === null
    ? integrations.find(({ channel }) => channel === destination.channel)
    : integrations.find(({ id }) => id === destination.integrationId);
}

/** A conversation. */
export function sunshineConversation(conversation: Conversation): ConversationOf {
  const { businessReadMs, contactReadMs } = conversation;
  return {
    _id: toHex24(conversation.id),
    unreadCount: conversation.unreadCount,
    ...whenKnown({
      appMakerLastRead: businessReadMs === null ? undefined : businessReadMs / 1000,
      appUserLastRead: contactReadMs === null ? undefined : contactReadMs / 1000,
    }),
  };
}

/** An integration, without secrets. */
export function presentIntegration(integration: Integration, catalogue: Catalogue): IntegrationOf {
  const shown = presentSettings(integration, catalogue);
  return {
    ...shown.settings,
    _id: toHex24(integration.id),
    type: typeOfProvider(integration.provider),
    status: integration.status,
    ...whenKnown({ displayName: integration.name || undefined }),
  };
}

/** An app. */
export function presentApp(workspace: {
  id: number;
  name: string;
  settings: Readonly<Record<string, unknown>>;
}): AppOf {
  const { settings, metadata } = appSettings(workspace.settings);
  return { _id: toHex24(workspace.id), name: workspace.name, settings, metadata };
}

const ALL_CLASSES = 7;
const PHONES: readonly string[] = ['sms', 'whatsapp', 'voice'];

/** A token is a secret between the device and its push service; everything else is the address people know. */
function addressOf({
  channel,
  address,
}: Destination): Pick<ClientOf, 'externalId' | 'pushNotificationToken'> {
  return channel === 'push' ? { pushNotificationToken: address } : { externalId: address };
}
