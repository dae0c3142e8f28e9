/**
 * What this API shows of conversations, messages, contacts and organizations (api/web1on1.md §B.4, §B.5), in answers and in
 * webhooks alike: nothing leaves the door but through here. Loads what that takes for a whole batch at once.
 */
import type {
  ContactShown,
  ConversationShown,
  MessageShown,
  OrganizationShown,
  ParticipantShown,
} from '../../../contract/doors/web1on1/answers.ts';
import type { Action, Content } from '../../../contract/content.ts';
import { fullName } from '../../../contract/personName.ts';
import { isoTime } from '../../base/clock.ts';
import { toHex24 } from '../../base/ids.ts';
import { identitiesOf, type Contact } from '../../contacts/contacts.ts';
import { destinationsOf, type Destination } from '../../contacts/destinations.ts';
import type { Identity } from '../../contacts/keys.ts';
import { getContacts } from '../../contacts/contacts.ts';
import { textFallback } from '../../content/fallback.ts';
import type { Message } from '../../conversations/message.ts';
import { type Participant, type ThreadPost, type Thread } from '../../threads/participants.ts';
import { messagesById, postbacksAmong } from '../../conversations/history.ts';
import { entriesWhere } from '../../threads/search.ts';
import { participantsOf, postsById } from '../../threads/threads.ts';
import type { Db } from '../../db/pool.ts';
import { touchpointOf } from '../../threads/touchpoints.ts';
import { organizationSettings } from './settings.ts';

/** What has to be known of an integration. */
type KnownIntegration = { id: number; channel: string; status: string };

/** What has to be known of an organization. */
export type Organization = { id: number; name: string; settings: Readonly<Record<string, unknown>> };

/** All that is shown of a conversation. */
type Shown = {
  thread: Thread;
  participants: Participant[];
  entryIds: number[];
  destinations: Destination[];
  identities: Identity[];
};

/** Where the console of the original is; links of conversations lead there (W37). */
const CONSOLE_URL = 'https://app.web1on1.chat/c/';
/** A conversation names so many of its messages, the newest. */
const MOST_MESSAGES = 250;

/** Loads what is shown of threads; `withHeld` names also those of their messages whose delay is not over. */
export async function loadShown(
  db: Db,
  workspaceId: number,
  threads: readonly Thread[],
  withHeld = false,
): Promise<Shown[]> {
  if (threads.length === 0) return [];
  const ids = threads.map(({ id }) => id);
  const contactIds = [...new Set(threads.flatMap(({ contactId }) => contactId ?? []))];
  const [participants, entries, destinations, identities] = await Promise.all([
    participantsOf(db, ids),
    Promise.all(
      ids.map((id) =>
        entriesWhere(db, {
          among: { conversationIds: [id] },
          newestFirst: true,
          withHeld,
          limit: MOST_MESSAGES,
          offset: 0,
        }),
      ),
    ),
    destinationsOf(db, workspaceId, contactIds),
    identitiesOf(db, workspaceId, contactIds),
  ]);
  return threads.map((thread, index) => ({
    thread,
    participants: participants.filter(({ conversationId }) => conversationId === thread.id),
    entryIds: entries[index]!.map(({ id }) => id).toReversed(),
    destinations: destinations.filter(({ contactId }) => contactId === thread.contactId),
    identities: identities.filter(({ contactId }) => contactId === thread.contactId),
  }));
}

/** A conversation. */
export function web1on1Conversation(
  shown: Shown,
  organization: Organization,
  integrations: readonly KnownIntegration[],
): ConversationShown {
  const { thread, participants } = shown;
  return {
    ...organizationOf(organization),
    name: thread.name,
    type: thread.type,
    slug: thread.slug,
    url: `${CONSOLE_URL}${thread.slug}`,
    status: thread.status,
    ...(thread.contactId === null ? {} : { contact: toHex24(thread.contactId) }),
    participants: participants.map((one) => presentParticipant(one, organization)),
    messages: shown.entryIds.map(toHex24),
    channels: thread.channels,
    channelsOffline: isOffline(thread, integrations) ? thread.channels : [],
    touchpoints: touchpointsOf(shown, integrations),
    forms: [],
    results: [],
    tags: thread.tags,
    meta: thread.meta,
    ...(thread.category === null ? {} : { category: thread.category }),
    language: thread.language ?? organizationSettings(organization.settings).language,
    createdBy: thread.createdBy || toHex24(thread.contactId ?? thread.id),
    updatedAt: isoTime(thread.updatedMs),
    createdAt: isoTime(thread.createdMs),
    id: toHex24(thread.id),
  };
}

/** Nothing that is answered arrives: no service of the selected touchpoint is in use. */
function isOffline({ touchpoint }: Thread, integrations: readonly KnownIntegration[]): boolean {
  return (
    touchpoint !== null &&
    !integrations.some(({ channel, status }) => channel === touchpoint && status === 'active')
  );
}

function presentParticipant(one: Participant, organization: Organization): ParticipantShown {
  return {
    updatedAt: isoTime(one.updatedMs),
    createdAt: isoTime(one.createdMs),
    name: one.name,
    avatar: one.role === 'contact' ? '' : organizationSettings(organization.settings).avatarUrl,
    user: one.userId,
    unreadCount: one.unreadCount,
    inbox: one.inbox,
    accepted: one.accepted,
    active: one.active,
    role: one.role,
  };
}

/** Where the contact can be reached: through which integrations, and which one is selected (W39). */
function touchpointsOf(
  { thread, destinations, identities }: Shown,
  integrations: readonly KnownIntegration[],
): Record<string, { services: string[]; selected: boolean }> {
  if (thread.contactId === null) return {};
  const has = (channel: string) =>
    destinations.some((one) => one.channel === channel && one.status === 'active') ||
    identities.some(({ kind }) => kind === IDENTITY_OF[channel]);
  const shown: Record<string, { services: string[]; selected: boolean }> = {};
  for (const [channel, ofChannel] of Map.groupBy(integrations, (one) => one.channel)) {
    if (!(channel in IDENTITY_OF) && !has(channel)) continue;
    const active = ofChannel.filter(({ status }) => status === 'active');
    shown[touchpointOf(channel)] = {
      services: has(channel) ? active.map(({ id }) => toHex24(id)) : [],
      selected: thread.touchpoint === channel,
    };
  }
  return shown;
}

/** The channels that are shown also before somebody was there. */
const IDENTITY_OF: Readonly<Record<string, string>> = { sms: 'phone', whatsapp: 'phone', email: 'email' };

/** The organization a thing is of, as every thing names it: with the one above it, where it has one (api/web1on1.md §B.3). */
export function organizationOf({ id, settings }: Organization): { organization: string; orgPath: string } {
  const { parent } = organizationSettings(settings);
  const own = toHex24(id);
  return { organization: own, orgPath: parent === undefined ? own : `${parent}#${own}` };
}

/** An organization. */
export function presentOrganization(organization: {
  id: number;
  name: string;
  createdMs: number;
  settings: Readonly<Record<string, unknown>>;
}): OrganizationShown {
  const { language, linkDomain } = organizationSettings(organization.settings);
  return {
    ...organizationOf(organization),
    id: toHex24(organization.id),
    name: organization.name,
    displayName: organization.name,
    language,
    settings: { linkDomain },
    createdAt: isoTime(organization.createdMs),
    updatedAt: isoTime(organization.createdMs),
  };
}

/** A contact; `conversationId` is the one conversation it has (W21). */
export function web1on1Contact(
  organization: Organization,
  contact: Contact,
  identities: readonly Identity[],
  conversationId: number | undefined,
): ContactShown {
  const { givenName, surname, locale, attributes } = contact;
  const telephone = identities.find(({ kind }) => kind === 'phone')?.value;
  const email = identities.find(({ kind }) => kind === 'email')?.value;
  const name = fullName(contact);
  const known = { givenName, familyName: surname, telephone, email, locale, address: attributes['address'] };
  return {
    id: toHex24(contact.id),
    ...organizationOf(organization),
    ...(conversationId === undefined ? {} : { conversation: toHex24(conversationId) }),
    profile: {
      ...(name ? { name } : {}),
      ...Object.fromEntries(
        Object.entries(known).filter(([, value]) => value !== null && value !== undefined),
      ),
    },
    createdAt: isoTime(contact.createdMs),
    updatedAt: isoTime(contact.changedMs),
  };
}

/** Messages by their ids, in that order; what is gone is left out. */
export async function loadMessages(
  db: Db,
  organization: Organization,
  ids: readonly number[],
): Promise<MessageShown[]> {
  if (ids.length === 0) return [];
  const [posts, messages] = await Promise.all([
    postsById(db, organization.id, ids),
    messagesById(db, organization.id, ids),
  ]);
  const postById = new Map(posts.map((post) => [post.id, post]));
  const messageById = new Map(messages.map((message) => [message.id, message]));
  const answers = messages.flatMap(({ id, direction, conversationId, content }) =>
    direction === 'in' && content.payload !== undefined
      ? [{ id, conversationId, payload: content.payload }]
      : [],
  );
  const clicks = new Set(answers.length > 0 ? (await postbacksAmong(db, answers)).map(({ id }) => id) : []);
  return ids.flatMap((id) => {
    const post = postById.get(id);
    const message = messageById.get(id);
    return post || message ? [web1on1Message(organization, post, message, clicks.has(id))] : [];
  });
}

/** A message: as it was posted, or as it was heard. At least one of the two is there. */
function web1on1Message(
  organization: Organization,
  post: ThreadPost | undefined,
  message: Message | undefined,
  isClick: boolean,
): MessageShown {
  const { id, conversationId, atMs } = (post ?? message)!;
  return {
    ...organizationOf(organization),
    id: toHex24(id),
    conversation: toHex24(conversationId),
    ...(post ? asPosted(post, message) : asHeard(message!, isClick)),
    createdAt: isoTime(atMs),
    updatedAt: isoTime(atMs),
  };
}

type Said = Omit<
  MessageShown,
  'organization' | 'orgPath' | 'id' | 'conversation' | 'createdAt' | 'updatedAt'
>;

function asPosted(post: ThreadPost, message: Message | undefined): Said {
  const { type, role, userId, wire } = post;
  const content = message?.content ?? post.heldContent ?? undefined;
  const sent = content && 'actions' in content ? content.actions : undefined;
  const actions = wire['actions'] as Record<string, unknown>[] | undefined;
  const items = wire['items'] as Record<string, unknown>[] | undefined;
  return {
    type,
    role,
    user: userId,
    ...wire,
    ...(actions && sent ? { actions: withShort(actions, sent) } : {}),
    ...(items && content?.type === 'carousel'
      ? {
          items: items.map((item, at) => {
            const own = content.items[at]?.actions;
            const posted = item['actions'] as Record<string, unknown>[] | undefined;
            return posted && own ? { ...item, actions: withShort(posted, own) } : item;
          }),
        }
      : {}),
  };
}

/** Links that were shortened, with what they were (W51). */
function withShort(
  posted: readonly Record<string, unknown>[],
  sent: readonly Action[],
): Record<string, unknown>[] {
  return posted.map((action, at) => {
    const own = sent[at];
    return own?.type === 'link' && own.longUri !== undefined
      ? { ...action, uri: own.uri, longUri: own.longUri }
      : action;
  });
}

/** A click on a postback says its payload; any other answer says what was read on it. */
function asHeard({ direction, content, contactId, author, source }: Message, isPostback: boolean): Said {
  const isMedia = content.type === 'image' || content.type === 'file';
  return {
    type: isPostback ? 'postback' : content.type === 'carousel' || content.type === 'list' ? 'card' : 'chat',
    role: direction === 'in' ? 'contact' : 'agent',
    user: direction === 'in' ? toHex24(contactId) : (author.id ?? toHex24(contactId)),
    contentType: isMedia ? (content.mediaType ?? 'application/octet-stream') : 'text/plain',
    isBackchannel: false,
    text: isMedia ? content.mediaUrl : isPostback ? (content.payload ?? '') : textFallback(content),
    ...('actions' in content && content.actions ? { actions: content.actions } : {}),
    ...('items' in content ? { items: content.items } : {}),
    meta: { ...metaOf(content), ...(source.facts ? { facts: source.facts } : {}) },
  };
}

function metaOf(content: Content): Record<string, unknown> {
  return {
    ...content.metadata,
    ...(content.title === undefined ? {} : { title: content.title }),
    ...(content.payload === undefined ? {} : { payload: content.payload }),
  };
}

/** Contacts by id. */
export async function loadContacts(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Map<number, Contact>> {
  if (ids.length === 0) return new Map();
  return new Map((await getContacts(db, workspaceId, ids)).map((contact) => [contact.id, contact]));
}
