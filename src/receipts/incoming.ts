/** What a person sent, as a message of their conversation. Pure. */
import type { Content } from '../../contract/content.ts';
import type { Integration } from '../accounts/integrations.ts';
import { beginningOf } from '../base/text.ts';
import type { Inbound } from '../channels/adapter.ts';
import type { Incoming, Source } from '../conversations/conversations.ts';

/** The message as a conversation keeps it. */
export function incomingOf(
  integration: Integration,
  message: Inbound,
  at: { contactId: number; destinationId: number; repliesTo?: NonNullable<Source['repliesTo']> },
  nowMs: number,
): Incoming {
  const { contactId, destinationId, repliesTo } = at;
  return {
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

/** What a person sent, as content. Several files in one message: the first is the message's, the others are named in its text. */
function contentOf(message: Inbound): Content {
  const payload = message.payload === undefined ? {} : { payload: message.payload };
  const [file, ...more] = message.media;
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
  const text = [message.text, ...more.map(({ url }) => url)].filter(Boolean).join('\n');
  const subject = message.subject ? { subject: message.subject } : {};
  if (!file) return { type: 'text', text, ...subject, ...payload };
  return {
    type: file.mediaType?.startsWith('image/') ? 'image' : 'file',
    mediaUrl: file.url,
    ...(file.mediaType ? { mediaType: file.mediaType } : {}),
    ...(text ? { text } : {}),
    ...subject,
    ...payload,
  };
}
