/** What a person sent, as messages of their conversation. Pure. */
import type { ChannelName } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import type { Integration } from '../accounts/integrations.ts';
import { beginningOf } from '../base/text.ts';
import type { Inbound } from '../channels/adapter.ts';
import { identityOfAddress, type Identity } from '../contacts/keys.ts';
import type { Incoming } from '../conversations/conversations.ts';
import type { Source } from '../conversations/message.ts';

/**
 * The message as a conversation keeps it. Content has one file: each further one is a message of its own behind it, under the
 * provider's id with a number, so that every door shows it and the person's words stay theirs.
 */
export function incomingsOf(
  integration: Integration,
  message: Inbound,
  at: { contactId: number; destinationId: number; repliesTo?: NonNullable<Source['repliesTo']> },
  nowMs: number,
): Incoming[] {
  const { contactId, destinationId, repliesTo } = at;
  const first: Incoming = {
    workspaceId: integration.workspaceId,
    contactId,
    destinationId,
    integrationId: integration.id,
    channel: integration.channel,
    externalId: message.externalId,
    content: contentOf(message),
    atMs: nowMs,
    source: {
      type: integration.provider,
      integrationId: integration.id,
      originalMessageId: message.externalId,
      ...(message.atMs === undefined ? {} : { originalMessageMs: message.atMs }),
      ...(repliesTo ? { repliesTo } : {}),
      ...(message.facts ? { facts: message.facts } : {}),
      ...mailOf(message),
    },
  };
  const { type, integrationId, originalMessageId, originalMessageMs } = first.source;
  const source = {
    type,
    ...(integrationId === undefined ? {} : { integrationId }),
    ...(originalMessageId === undefined ? {} : { originalMessageId }),
    ...(originalMessageMs === undefined ? {} : { originalMessageMs }),
  };
  // A place has no file: all of them come behind it.
  const further = message.location ? message.media : message.media.slice(1);
  return [
    first,
    ...further.map((file, i) => ({
      ...first,
      externalId: `${message.externalId}#${i + 2}`,
      content: fileContent(file),
      source,
    })),
  ];
}

/** Of a long thread the last mails are enough for an answer to find its place. */
const MOST_REFERENCES = 20;
/** Beyond this the whole of a mail is not kept beside what was written: it is a book of quotes. Characters. */
const LONGEST_FULL_TEXT = 200_000;

function mailOf({ references, fullText }: Inbound): Pick<Incoming['source'], 'mail'> {
  if (!references && fullText === undefined) return {};
  return {
    mail: {
      references: (references ?? []).slice(-MOST_REFERENCES),
      ...(fullText === undefined ? {} : { fullText: beginningOf(fullText, LONGEST_FULL_TEXT) }),
    },
  };
}

/** What a person sent, as content, with the first of its files. */
function contentOf(message: Inbound): Content {
  const payload = message.payload === undefined ? {} : { payload: message.payload };
  const [file] = message.media;
  if (message.location) {
    const { lat, long, name, address } = message.location;
    return {
      type: 'location',
      coordinates: { lat, long },
      ...(name || address
        ? { location: { ...(name ? { name } : {}), ...(address ? { address } : {}) } }
        : {}),
      ...payload,
    };
  }
  const { text } = message;
  const subject = message.subject ? { subject: message.subject } : {};
  if (!file) return { type: 'text', text, ...subject, ...payload };
  return { ...fileContent(file), ...(text ? { text } : {}), ...subject, ...payload };
}

function fileContent({ url, mediaType }: Inbound['media'][number]): Extract<Content, { mediaUrl: string }> {
  return {
    type: mediaType?.startsWith('image/') ? 'image' : 'file',
    mediaUrl: url,
    ...(mediaType ? { mediaType } : {}),
  };
}

/**
 * What somebody is known by. WhatsApp tells the user id beside the number, and later perhaps that alone: both are of one
 * person.
 */
export function identitiesOf(channel: ChannelName, message: Inbound): Identity[] {
  const own = identityOfAddress(channel, message.from);
  const userId = channel === 'whatsapp' ? message.raw['userId'] : undefined;
  const hidden = typeof userId === 'string' ? identityOfAddress(channel, userId) : undefined;
  const also = hidden?.kind === 'whatsapp' && hidden.value !== own?.value ? [hidden] : [];
  return own ? [own, ...also] : also;
}
