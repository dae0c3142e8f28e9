/**
 * Content as WhatsApp's Cloud API takes it (developers.facebook.com, "Messages", v25.0), without the addressee:
 * buttons and lists where they fit its limits, otherwise text with numbers.
 */
import type { Rendered } from '../../../contract/channels.ts';
import type { Action, Content, ContentOf, WhatsAppTemplate } from '../../../contract/content.ts';
import { type RenderFailure, renderFailure } from '../failure.ts';
import { type Choice, isChoice, mediaOf, ownActions, plainText, textFallback } from '../fallback.ts';
import { flatText } from '../reconstruct.ts';

type Payload = Record<string, unknown> & { type: string };

const MAX = {
  buttons: 3,
  buttonTitle: 20,
  rows: 10,
  rowTitle: 24,
  rowText: 72,
  id: 200,
  body: 1024,
  caption: 1024,
  text: 4096,
};
/** Label of the button that opens a list. */
const LIST_BUTTON = 'Options';

/** The content as a message of the Cloud API. */
export function toWhatsApp(content: Content): Rendered | RenderFailure {
  const payload = payloadOf(content);
  if (!payload) return renderFailure('content_empty', 'the text is empty');
  return { channel: 'whatsapp', payload, text: textFallback(content) };
}

function payloadOf(content: Content): Payload | undefined {
  const raw = content.override?.['whatsapp']?.payload;
  if (typeof raw?.['type'] === 'string') return raw as Payload;
  switch (content.type) {
    case 'nativeTemplate':
      return { type: 'template', template: cloudTemplate(content.template) };
    case 'location':
      return locationPayload(content);
    case 'list':
      return itemListPayload(content) ?? textPayload(content);
    case 'carousel':
      return cardPayload(content) ?? textPayload(content);
    case 'text':
    case 'image':
    case 'file':
    case 'announcement':
      return buttonsPayload(content) ?? mediaPayload(content) ?? textPayload(content);
    case 'form':
    case 'formResponse':
    case 'template':
      return textPayload(content);
  }
}

function textPayload(content: Content): Payload | undefined {
  const body = plainText(content);
  if (body === '') return undefined;
  return { type: 'text', text: { body: cut(body, MAX.text), preview_url: /https?:\/\//i.test(body) } };
}

function locationPayload(content: ContentOf<'location'>): Payload {
  const { lat, long } = content.coordinates;
  return { type: 'location', location: { latitude: lat, longitude: long, ...content.location } };
}

/** The kinds of media WhatsApp plays or shows; everything else goes as a document. */
const SHOWN: readonly [RegExp, 'image' | 'video' | 'audio'][] = [
  [/^image\/(?:jpeg|jpg|png)$/i, 'image'],
  [/^video\/(?:mp4|3gpp)$/i, 'video'],
  [/^audio\/(?:aac|amr|mpeg|mp4|ogg)$/i, 'audio'],
];

/** One picture, file or attachment with the text below it. */
function mediaPayload(content: Content): Payload | undefined {
  const [file, more] = mediaOf(content);
  const caption = plainText(content, { media: false });
  // Nothing is lost: else the addresses follow the text.
  if (!file || more || caption.length > MAX.caption) return undefined;
  const { url, mediaType, name } = file;
  const guess = content.type === 'image' || content.type === 'announcement' ? 'image' : 'document';
  const kind =
    mediaType === undefined ? guess : (SHOWN.find(([types]) => types.test(mediaType))?.[1] ?? 'document');
  // An audio message has no caption; a document has.
  const type = kind === 'audio' && caption !== '' ? 'document' : kind;
  const filename = type === 'document' ? (name ?? fileName(url)) : undefined;
  const media = {
    link: url,
    ...(caption === '' ? {} : { caption }),
    ...(filename === undefined ? {} : { filename }),
  };
  return { type, [type]: media };
}

function fileName(url: string): string | undefined {
  return URL.parse(url)?.pathname.split('/').pop() || undefined;
}

/** Buttons, a list, one link or a question for the location: undefined when WhatsApp has no such form for the actions. */
function buttonsPayload(content: ContentOf<'text' | 'image' | 'file' | 'announcement'>): Payload | undefined {
  const actions = ownActions(content);
  const [first] = actions;
  if (!first) return undefined;
  const body = plainText(withoutActions(content), { media: false });
  if (body === '' || body.length > MAX.body) return undefined;
  const [media, more] = mediaOf(content);
  const picture =
    media && content.type !== 'file' && (media.mediaType === undefined || SHOWN[0]![0].test(media.mediaType));
  if (more || (media && !picture)) return undefined;
  const header = picture ? { header: { type: 'image', image: { link: media.url } } } : {};
  if (actions.length === 1 && first.type === 'locationRequest' && !media) {
    return interactive({
      type: 'location_request_message',
      body: { text: body },
      action: { name: 'send_location' },
    });
  }
  if (actions.length === 1) return linkPayload(first, header, body);
  return choicePayload(actions, header, body, media !== undefined);
}

function linkPayload(action: Action, header: object, body: string): Payload | undefined {
  if (isChoice(action)) return choicePayload([action], header, body, 'header' in header);
  if (action.type !== 'link' || action.text.length > MAX.buttonTitle || !/^https?:/i.test(action.uri))
    return undefined;
  const parameters = { display_text: action.text, url: action.uri };
  return interactive({
    type: 'cta_url',
    ...header,
    body: { text: body },
    action: { name: 'cta_url', parameters },
  });
}

/** Up to three buttons, up to ten rows. A list has no picture. */
function choicePayload(
  actions: readonly Action[],
  header: object,
  body: string,
  picture: boolean,
): Payload | undefined {
  if (!actions.every(isChoice)) return undefined;
  const choices = actions.map(({ text, payload }) => ({ text, payload }));
  const titles = new Set(choices.map((choice) => choice.text));
  if (titles.size < choices.length || !goodIds(choices)) return undefined;
  if (choices.length <= MAX.buttons && choices.every((choice) => choice.text.length <= MAX.buttonTitle)) {
    const buttons = choices.map(({ text, payload }) => ({
      type: 'reply',
      reply: { id: payload, title: text },
    }));
    return interactive({ type: 'button', ...header, body: { text: body }, action: { buttons } });
  }
  if (picture || choices.length > MAX.rows) return undefined;
  return listOf(
    body,
    choices.map(({ text, payload }) => row(payload, text)),
  );
}

/** Ids must differ, and begin and end without a space. */
function goodIds(choices: readonly Choice[]): boolean {
  const ids = choices.map((choice) => choice.payload);
  return new Set(ids).size === ids.length && ids.every((id) => id.length <= MAX.id && id.trim() === id);
}

/** A row; a label that does not fit its title goes on below. */
function row(id: string, title: string, description = ''): object | undefined {
  if (title.length <= MAX.rowTitle) {
    return { id, title, ...(description === '' ? {} : { description: cut(description, MAX.rowText) }) };
  }
  if (title.length > MAX.rowText || description !== '') return undefined;
  return { id, title: cut(title, MAX.rowTitle), description: title };
}

/** A list whose every item has one choice and nothing else: each item is a row. */
function itemListPayload(content: ContentOf<'list'>): Payload | undefined {
  if (ownActions(content).length > 0) return undefined;
  const choices: Choice[] = [];
  for (const { title, actions } of content.items) {
    const [action, more] = actions ?? [];
    if (!action || more || !isChoice(action)) return undefined;
    choices.push({ text: title, payload: action.payload });
  }
  if (!goodIds(choices)) return undefined;
  const rows = choices.map(({ text, payload }, i) => row(payload, text, content.items[i]!.description));
  const body = content.text || content.title || choices.map((choice) => choice.text).join(', ');
  return body.length > MAX.body ? undefined : listOf(body, rows);
}

/** A carousel of one item is a card. */
function cardPayload(content: ContentOf<'carousel'>): Payload | undefined {
  const [item, more] = content.items;
  if (!item || more || content.text) return undefined;
  const text = [item.title, item.description].filter(Boolean).join('\n');
  const { actions, mediaUrl, mediaType } = item;
  return payloadOf({
    ...(mediaUrl === undefined ? { type: 'text', text } : { type: 'image', mediaUrl, text }),
    ...(mediaType === undefined || mediaUrl === undefined ? {} : { mediaType }),
    ...(actions === undefined ? {} : { actions }),
  });
}

/** Undefined when a row does not fit. */
function listOf(body: string, rows: (object | undefined)[]): Payload | undefined {
  if (rows.includes(undefined)) return undefined;
  const action = { button: LIST_BUTTON, sections: [{ rows }] };
  return interactive({ type: 'list', body: { text: body }, action });
}

function interactive(object: object): Payload {
  return { type: 'interactive', interactive: object };
}

/** Cloud API takes no namespace and only one language policy, which it assumes. */
function cloudTemplate(template: WhatsAppTemplate): object {
  const { name, language, components } = template;
  return {
    name,
    language: { code: language.code },
    ...(components === undefined
      ? {}
      : {
          components: components.map(cloudComponent),
        }),
  };
}

type Component = NonNullable<WhatsAppTemplate['components']>[number];

function cloudComponent(component: Component): object {
  const { index, parameters } = component;
  return {
    ...component,
    ...(index === undefined ? {} : { index: String(index) }),
    ...(parameters === undefined ? {} : { parameters: parameters.map(cloudParameter) }),
  };
}

function cloudParameter(parameter: NonNullable<Component['parameters']>[number]): object {
  const { text } = parameter as { text?: unknown };
  return typeof text === 'string' ? { ...parameter, text: flatText(text) } : parameter;
}

function withoutActions<C extends Content>(content: C): C {
  return { ...content, actions: [] };
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // The cut never leaves half of a surrogate pair.
  return `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
