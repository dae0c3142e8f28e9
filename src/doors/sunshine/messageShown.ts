/** Messages as this API shows them (api/sunshine.md §3.5), in answers and in webhooks alike. */
import type {
  ActionShown,
  FieldShown,
  ItemShown,
  MessageShown,
} from '../../../contract/doors/sunshine/messages.ts';
import type { Action, Content, FormField, Item } from '../../../contract/content.ts';
import { fullName } from '../../../contract/personName.ts';
import { sha256Hex } from '../../base/crypto.ts';
import { toHex24 } from '../../base/ids.ts';
import { textFallback } from '../../content/fallback.ts';
import type { Author, Message, Source } from '../../conversations/message.ts';

/** What is known of the person on the other side. */
type Speaker = { id: number; givenName: string | null; surname: string | null };

/** The picture of an author without one; the seed's own. */
const NO_PICTURE = '0'.repeat(32);

/** Shows a message; `speaker` is the contact of its conversation. */
export function sunshineMessage(message: Message, speaker: Speaker): MessageShown {
  const id = toHex24(message.id);
  return {
    _id: id,
    ...contentOf(message.content, id),
    role: message.direction === 'in' ? 'appUser' : 'appMaker',
    ...(message.direction === 'in'
      ? userAuthor(speaker)
      : businessAuthor(message.author, message.workspaceId)),
    received: message.atMs / 1000,
    source: sourceOf(message.source),
    ...quoted(message.source),
    ...whenKnown({ metadata: message.metadata ?? message.content.metadata }),
  };
}

/** What to call somebody who never gave a name: the same for ever, and different enough from others. */
function nameOf(speaker: Speaker): string {
  const given = fullName(speaker);
  if (given !== null) return given;
  const mixed = Number.parseInt(sha256Hex(String(speaker.id)).slice(0, 8), 16);
  return `${COLOURS[mixed % COLOURS.length]} ${ANIMALS[(mixed >>> 8) % ANIMALS.length]}`;
}

const COLOURS = [
  'Amber',
  'Blue',
  'Coral',
  'Golden',
  'Green',
  'Indigo',
  'Ivory',
  'Jade',
  'Lilac',
  'Olive',
  'Red',
  'Silver',
];
const ANIMALS = [
  'Badger',
  'Crane',
  'Dolphin',
  'Falcon',
  'Fox',
  'Heron',
  'Koala',
  'Lynx',
  'Otter',
  'Panda',
  'Seal',
  'Wren',
];

type AuthorShown = Pick<MessageShown, 'authorId' | 'name' | 'email' | 'avatarUrl'>;

function userAuthor(speaker: Speaker): AuthorShown {
  return { authorId: toHex24(speaker.id), name: nameOf(speaker) };
}

/** An author of the business has no id of its own: who has the same address, or else name, is the same. */
function businessAuthor(author: Author, workspaceId: number): AuthorShown {
  const known = (author.email ?? author.name ?? '').trim().toLowerCase();
  const picture = author.email === undefined ? NO_PICTURE : sha256Hex(author.email.trim().toLowerCase());
  return {
    authorId: author.id ?? sha256Hex(`${workspaceId}|${known}`).slice(0, 24),
    ...whenKnown({ name: author.name, email: author.email }),
    avatarUrl: author.avatarUrl ?? `https://www.gravatar.com/avatar/${picture}.png?s=200&d=mm`,
  };
}

function sourceOf(source: Source): MessageShown['source'] {
  return {
    type: source.type,
    ...whenKnown({
      id: source.id,
      integrationId: source.integrationId === undefined ? undefined : toHex24(source.integrationId),
      originalMessageId: source.originalMessageId,
      originalMessageTimestamp:
        source.originalMessageMs === undefined ? undefined : source.originalMessageMs / 1000,
      facts: source.facts,
    }),
  };
}

/** What the message answers, by our id, else by the channel's. */
function quoted({ repliesTo }: Source): Pick<MessageShown, 'quotedMessage'> {
  if (!repliesTo) return {};
  const { messageId, externalId } = repliesTo;
  return {
    quotedMessage:
      messageId === undefined
        ? { type: 'externalMessageId', externalMessageId: externalId }
        : { type: 'message', content: { _id: toHex24(messageId) } },
  };
}

type ContentShown = Omit<MessageShown, '_id' | 'role' | 'received' | 'source' | keyof AuthorShown>;

function contentOf(content: Content, id: string): ContentShown {
  const shown = {
    type: typeOf(content),
    text: textFallback(content),
    ...whenKnown({ payload: content.payload, subject: content.subject }),
  };
  switch (content.type) {
    case 'text':
      return { ...shown, ...actionsOf(content.actions, id) };
    case 'image':
    case 'file': {
      const { mediaUrl, mediaType, mediaSize, altText } = content;
      return {
        ...shown,
        mediaUrl,
        ...whenKnown({ mediaType, mediaSize, altText }),
        ...actionsOf(content.actions, id),
      };
    }
    case 'location':
      return { ...shown, coordinates: content.coordinates, ...whenKnown({ location: content.location }) };
    case 'carousel':
      return {
        ...shown,
        items: content.items.map((item, i) => itemOf(item, `${id}.${i}`)),
        ...whenKnown({ displaySettings: content.displaySettings }),
      };
    case 'list':
      return {
        ...shown,
        items: content.items.map((item, i) => itemOf(item, `${id}.${i}`)),
        ...actionsOf(content.actions, id),
      };
    case 'form':
      return {
        ...shown,
        fields: content.fields.map((field, i) => fieldOf(field, `${id}.${i}`)),
        submitted: content.submitted ?? false,
        ...whenKnown({ blockChatInput: content.blockChatInput }),
      };
    case 'formResponse':
      return {
        ...shown,
        fields: content.fields.map((answer, i) => ({ _id: partId(`${id}.${i}`), ...answer })),
        textFallback: shown.text,
      };
    case 'announcement':
      return { ...shown, ...whenKnown({ mediaUrl: content.mediaUrl }), ...actionsOf(content.actions, id) };
    case 'template':
    case 'nativeTemplate':
      return shown;
  }
}

/** Kinds that exist as input only, or not in this API at all, are shown as the text they amount to. */
function typeOf(content: Content): MessageShown['type'] {
  if (content.type === 'announcement') return content.mediaUrl === undefined ? 'text' : 'image';
  return content.type === 'template' || content.type === 'nativeTemplate' ? 'text' : content.type;
}

function itemOf({ actions, ...item }: Item, path: string): ItemShown {
  return { _id: partId(path), size: 'compact', ...item, ...actionsOf(actions, path) };
}

function fieldOf(field: FormField, path: string): FieldShown {
  if (field.type === 'select') return { _id: partId(path), selectSize: 1, ...field };
  return { _id: partId(path), minSize: 1, maxSize: 128, ...field };
}

function actionsOf(actions: readonly Action[] | undefined, path: string): Pick<MessageShown, 'actions'> {
  return actions ? { actions: actions.map((action, i) => presentAction(action, `${path}/${i}`)) } : {};
}

/** An action with the fields the server adds (api/sunshine.md §3.5). */
function presentAction(action: Action, path: string): ActionShown {
  const shown = { _id: partId(path), uri: '', ...action };
  return action.type === 'buy'
    ? { ...shown, state: action.state ?? 'offered', currency: (action.currency ?? 'usd').toLowerCase() }
    : shown;
}

/** Parts of a message have ids that follow from where they stand in it, so that they need not be kept. */
function partId(path: string): string {
  return sha256Hex(path).slice(0, 24);
}

/** The fields that have a value. */
export function whenKnown<T extends object>(fields: T): { [N in keyof T]?: NonNullable<T[N]> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as { [N in keyof T]?: NonNullable<T[N]> };
}
