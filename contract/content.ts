/**
 * The content model: what can be said, whatever the channel. One union over `type`, with Sunshine's field names
 * where it has one. Schemas say what a field may be; rules that span fields are in `src/content/check.ts`.
 *
 * A card is a carousel of one item. MJML is not content: it is turned into `html` when a template is saved.
 * Lengths count UTF-16 units, as JavaScript and Sunshine do.
 */
import { type Static, Type } from 'typebox';
import { LIMITS } from './limits.ts';

/** What a name must look like; the shorthand could not name any other. */
export const TEMPLATE_NAME_PATTERN = '^[^\\s(){}\\u0000]([^(){}\\n\\r\\u0000]*[^\\s(){}\\u0000])?$';
/** Most characters of a name. */
export const TEMPLATE_NAME_LENGTH = 512;

/** What follows the beginning of an address, to its end: no blanks, but within what a template puts in. */
const TO_THE_END =
  '(?:[^\\s{]|\\{\\{(?:(?!\\}\\})[\\s\\S])*\\}\\}|\\{%(?:(?!%\\})[\\s\\S])*%\\}|\\{(?![{%]))+$';
/** Any scheme but those that run script or carry a body; or a template that makes the address. The whole value is the address. */
export const URI_PATTERN =
  '^(?![jJ][aA][vV][aA][sS][cC][rR][iI][pP][tT]:|[vV][bB][sS][cC][rR][iI][pP][tT]:|[dD][aA][tT][aA]:|[fF][iI][lL][eE]:)(?:[A-Za-z][A-Za-z0-9+.-]*:|(?=\\{\\{|\\{%))' +
  TO_THE_END;
/** Where a file or picture may be fetched; or a template that makes the address. */
export const MEDIA_PATTERN = `^(?:[hH][tT][tT][pP][sS]?://|(?=\\{\\{|\\{%))${TO_THE_END}`;

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const label = text(LIMITS.label);
const payload = text(LIMITS.payload);
const uri = Type.String({
  minLength: 1,
  maxLength: LIMITS.uri,
  pattern: URI_PATTERN,
  rule: 'must be an absolute URI, such as https://example.com/ or tel:+31201234567',
});
/** Where a file is. */
export const mediaUri = Type.String({
  minLength: 1,
  maxLength: LIMITS.uri,
  pattern: MEDIA_PATTERN,
  rule: 'must be an http or https URL',
});
/** What a file is. */
export const mediaType = Type.String({
  minLength: 3,
  maxLength: 127,
  pattern: '^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:;.*)?$',
  rule: 'must be a media type, such as image/png',
});

/** Flat key-value pairs kept with a message or action; at most 100, and 4,096 bytes of keys and values. */
export const Metadata = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
);
export type Metadata = Static<typeof Metadata>;

const metadata = Type.Optional(Metadata);

/** Opens an address. */
export const LinkAction = Type.Object({
  type: Type.Literal('link'),
  text: label,
  uri,
  /** The address before it was shortened. */
  longUri: Type.Optional(uri),
  default: Type.Optional(Type.Boolean()),
  extraChannelOptions: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  metadata,
});
/** Reports back `payload`; may be used many times. */
export const PostbackAction = Type.Object({ type: Type.Literal('postback'), text: label, payload, metadata });
/** Answers with `text` and `payload`; usually shown below the message and gone after use. */
export const ReplyAction = Type.Object({
  type: Type.Literal('reply'),
  text: label,
  payload,
  iconUrl: Type.Optional(mediaUri),
  metadata,
});
/** Opens an address in a window of the chat; `fallback` where there is none. */
export const WebviewAction = Type.Object({
  type: Type.Literal('webview'),
  text: label,
  uri,
  fallback: uri,
  size: Type.Optional(Type.Union([Type.Literal('compact'), Type.Literal('tall'), Type.Literal('full')])),
  openOnReceive: Type.Optional(Type.Boolean()),
  default: Type.Optional(Type.Boolean()),
  metadata,
});
/** Asks where the person is. */
export const LocationRequestAction = Type.Object({
  type: Type.Literal('locationRequest'),
  text: label,
  metadata,
});
/** Asks for a payment; `amount` in cents. */
export const BuyAction = Type.Object({
  type: Type.Literal('buy'),
  text: label,
  amount: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  currency: Type.Optional(
    Type.String({ pattern: '^[A-Za-z]{3}$', rule: 'must be a currency code of three letters' }),
  ),
  /** Where to pay; set by the server. */
  uri: Type.Optional(uri),
  state: Type.Optional(Type.Union([Type.Literal('offered'), Type.Literal('paid')])),
  metadata,
});
/** Lets the person pass the message on. */
export const ShareAction = Type.Object({
  type: Type.Literal('share'),
  text: Type.Optional(label),
  metadata,
});

/** What a person can do with a message. */
export const Action = Type.Union([
  LinkAction,
  PostbackAction,
  ReplyAction,
  WebviewAction,
  LocationRequestAction,
  BuyAction,
  ShareAction,
]);
export type Action = Static<typeof Action>;

const actions = Type.Optional(Type.Array(Action, { maxItems: LIMITS.actions }));

/** One entry of a carousel or list. */
export const Item = Type.Object({
  title: label,
  description: Type.Optional(Type.String({ maxLength: LIMITS.label })),
  mediaUrl: Type.Optional(mediaUri),
  mediaType: Type.Optional(mediaType),
  altText: Type.Optional(Type.String({ maxLength: LIMITS.label })),
  size: Type.Optional(Type.Union([Type.Literal('compact'), Type.Literal('large')])),
  actions: Type.Optional(Type.Array(Action, { maxItems: LIMITS.itemActions })),
  metadata,
});
export type Item = Static<typeof Item>;

const items = Type.Array(Item, { minItems: 1, maxItems: LIMITS.items });

const option = Type.Object({ name: label, label });
/** A question of a form. */
export const FormField = Type.Object({
  type: Type.Union([Type.Literal('text'), Type.Literal('email'), Type.Literal('select')]),
  name: label,
  label,
  placeholder: Type.Optional(Type.String({ maxLength: LIMITS.label })),
  minSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
  maxSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
  options: Type.Optional(Type.Array(option, { minItems: 1, maxItems: LIMITS.options })),
});
export type FormField = Static<typeof FormField>;

/** An answer in a filled-in form: `text`, `email` or `select`, after the type of its field. */
export const FormAnswer = Type.Object({
  type: Type.Union([Type.Literal('text'), Type.Literal('email'), Type.Literal('select')]),
  name: label,
  label,
  text: Type.Optional(Type.String({ maxLength: 256 })),
  email: Type.Optional(Type.String({ maxLength: 254 })),
  select: Type.Optional(Type.Array(option, { maxItems: LIMITS.options })),
});
export type FormAnswer = Static<typeof FormAnswer>;

/** A file that goes with a message, mail above all. */
export const Attachment = Type.Object({
  url: mediaUri,
  mediaType: Type.Optional(mediaType),
  name: Type.Optional(text(255)),
});
export type Attachment = Static<typeof Attachment>;

/** One parameter, with what goes with its `type`. */
const templateParameter = Type.Unsafe<{ type: string; [key: string]: unknown }>(
  Type.Object({ type: text(32) }, { additionalProperties: true }),
);
/** WhatsApp's own template object, passed on as it is. */
export const WhatsAppTemplate = Type.Object(
  {
    namespace: Type.Optional(text(512)),
    name: text(512),
    language: Type.Object({ policy: Type.Optional(text(32)), code: text(16) }),
    components: Type.Optional(
      Type.Array(
        Type.Object(
          {
            type: text(32),
            sub_type: Type.Optional(text(32)),
            index: Type.Optional(
              Type.Union([Type.String({ maxLength: 4 }), Type.Integer({ minimum: 0, maximum: 99 })]),
            ),
            parameters: Type.Optional(Type.Array(templateParameter, { maxItems: 100 })),
          },
          { additionalProperties: true },
        ),
        { maxItems: 20 },
      ),
    ),
  },
  { additionalProperties: true },
);
export type WhatsAppTemplate = Static<typeof WhatsAppTemplate>;

/** Fields any content may have; a channel that has no place for one leaves it out. */
const common = {
  /** Subject of a mail. */
  subject: Type.Optional(text(LIMITS.subject)),
  /** Title of a push, heading of an announcement, name of a file. */
  title: Type.Optional(text(LIMITS.subject)),
  deepLink: Type.Optional(uri),
  /** Push category. */
  category: Type.Optional(label),
  /** Body of a mail; made from the text when absent. */
  html: Type.Optional(text(LIMITS.html)),
  attachments: Type.Optional(Type.Array(Attachment, { maxItems: LIMITS.attachments })),
  /** How a phone call speaks the text. */
  voice: Type.Optional(Type.Object({ voice: Type.Optional(text(64)), language: Type.Optional(text(16)) })),
  /** Alphanumeric sender of an SMS; makes it one-way. */
  senderId: Type.Optional(Type.String({ maxLength: 64 })),
  push: Type.Optional(
    Type.Object({
      badge: Type.Optional(Type.Integer({ minimum: 0, maximum: 99_999 })),
      collapseKey: Type.Optional(text(64)),
      silent: Type.Optional(Type.Boolean()),
      imageUrl: Type.Optional(mediaUri),
    }),
  ),
  /** Payload of the reply action that made this message. */
  payload: Type.Optional(payload),
  /** Raw payload of a channel, sent there instead of ours. */
  override: Type.Optional(
    Type.Record(Type.String(), Type.Object({ payload: Type.Record(Type.String(), Type.Unknown()) })),
  ),
  metadata,
};

const media = {
  mediaUrl: mediaUri,
  mediaType: Type.Optional(mediaType),
  mediaSize: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  altText: Type.Optional(Type.String({ maxLength: LIMITS.label })),
  text: Type.Optional(Type.String({ maxLength: LIMITS.text })),
  actions,
};

/** A text, with actions below it. */
export const TextContent = Type.Object({
  type: Type.Literal('text'),
  text: text(LIMITS.text),
  actions,
  ...common,
});
/** A picture; `text` goes below it. */
export const ImageContent = Type.Object({ type: Type.Literal('image'), ...media, ...common });
/** A file, video or sound. */
export const FileContent = Type.Object({ type: Type.Literal('file'), ...media, ...common });
/** A place on the map. */
export const LocationContent = Type.Object({
  type: Type.Literal('location'),
  coordinates: Type.Object({
    lat: Type.Number({ minimum: -90, maximum: 90 }),
    long: Type.Number({ minimum: -180, maximum: 180 }),
  }),
  location: Type.Optional(
    Type.Object({
      address: Type.Optional(Type.String({ maxLength: 1000 })),
      name: Type.Optional(Type.String({ maxLength: 1000 })),
    }),
  ),
  ...common,
});
/** Items side by side; one item is a card. */
export const CarouselContent = Type.Object({
  type: Type.Literal('carousel'),
  items,
  displaySettings: Type.Optional(
    Type.Object({
      imageAspectRatio: Type.Optional(Type.Union([Type.Literal('horizontal'), Type.Literal('square')])),
    }),
  ),
  text: Type.Optional(Type.String({ maxLength: LIMITS.text })),
  ...common,
});
/** Items below each other, with actions of the whole list. */
export const ListContent = Type.Object({
  type: Type.Literal('list'),
  items,
  actions: Type.Optional(Type.Array(Action, { maxItems: LIMITS.itemActions })),
  text: Type.Optional(Type.String({ maxLength: LIMITS.text })),
  ...common,
});
/** Questions to fill in. */
export const FormContent = Type.Object({
  type: Type.Literal('form'),
  fields: Type.Array(FormField, { minItems: 1, maxItems: LIMITS.fields }),
  blockChatInput: Type.Optional(Type.Boolean()),
  submitted: Type.Optional(Type.Boolean()),
  ...common,
});
/** The answers to a form. */
export const FormResponseContent = Type.Object({
  type: Type.Literal('formResponse'),
  fields: Type.Array(FormAnswer, { minItems: 1, maxItems: LIMITS.fields }),
  ...common,
});
/** Stands for a stored template; replaced by that template's content before it is compiled. */
export const TemplateContent = Type.Object({
  type: Type.Literal('template'),
  /** Name or id of the stored template. */
  name: text(512),
  /** Names a variant; the contact's own when absent. */
  locale: Type.Optional(text(16)),
  variables: Type.Optional(Metadata),
  ...common,
});
/** A message template approved by WhatsApp. `text` is what the person sees, once it was reconstructed. */
export const NativeTemplateContent = Type.Object({
  type: Type.Literal('nativeTemplate'),
  template: WhatsAppTemplate,
  text: Type.Optional(Type.String({ maxLength: LIMITS.text })),
  ...common,
});
/** A post to everyone connected. */
export const AnnouncementContent = Type.Object({
  type: Type.Literal('announcement'),
  text: text(LIMITS.text),
  mediaUrl: Type.Optional(mediaUri),
  mediaType: Type.Optional(mediaType),
  actions,
  ...common,
});

/** Every kind of content by its `type`. */
export const CONTENT_SCHEMAS = {
  text: TextContent,
  image: ImageContent,
  file: FileContent,
  location: LocationContent,
  carousel: CarouselContent,
  list: ListContent,
  form: FormContent,
  formResponse: FormResponseContent,
  template: TemplateContent,
  nativeTemplate: NativeTemplateContent,
  announcement: AnnouncementContent,
} as const;

/** The kinds of content. */
export type ContentType = keyof typeof CONTENT_SCHEMAS;

/** Content of any kind. */
export const Content = Type.Union([
  TextContent,
  ImageContent,
  FileContent,
  LocationContent,
  CarouselContent,
  ListContent,
  FormContent,
  FormResponseContent,
  TemplateContent,
  NativeTemplateContent,
  AnnouncementContent,
]);
export type Content = Static<typeof Content>;
/** Content of one kind. */
export type ContentOf<T extends ContentType> = Extract<Content, { type: T }>;
