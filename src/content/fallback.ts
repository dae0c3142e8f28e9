/**
 * Content as text. Two forms: `textFallback` is the `text` that every API shows for a message and leaves actions of
 * a text to its `actions`; `plainText` is for channels that have nothing but text, and has the actions in it too.
 */
import type { Action, Content, ContentOf, FormAnswer, FormField, Item } from '../../contract/content.ts';

/** What a person may choose, where choosing is by number. */
export type Choice = { text: string; payload: string };

/** The message's `text` in every API (Sunshine's form for structured types). */
export function textFallback(content: Content): string {
  switch (content.type) {
    case 'text':
    case 'announcement':
      return content.text;
    case 'image':
    case 'file':
      return content.text ?? '';
    case 'location':
      return `Location shared:\n${mapUrl(content)}`;
    case 'carousel':
    case 'list':
      return itemsText(content);
    case 'form':
      return content.fields.map(fieldText).join('\n');
    case 'formResponse':
      return content.fields.map(answerText).join('\n');
    case 'template':
      return content.name;
    case 'nativeTemplate':
      return content.text ?? nativeTemplateText(content);
  }
}

/** All of the content as text: choices as numbers, other actions as lines, media as addresses. */
export function plainText(content: Content, options: { media: boolean } = { media: true }): string {
  const blocks: string[] = [];
  if (content.type === 'announcement' && content.title !== undefined) blocks.push(content.title);
  blocks.push(textFallback(content));
  if (options.media)
    blocks.push(
      mediaOf(content)
        .map((media) => media.url)
        .join('\n'),
    );
  blocks.push(ownActions(content).map(actionText).filter(isText).join('\n'));
  const choices = choicesOf(content);
  if (choices.length > 0) {
    blocks.push(
      ['Reply with a number:', ...choices.map((choice, i) => `${i + 1}. ${choice.text}`)].join('\n'),
    );
  }
  return blocks.filter((block) => block.trim() !== '').join('\n\n');
}

/** The choices that `plainText` numbers from 1, in that order: an answer "2" stands for the second. */
export function choicesOf(content: Content): Choice[] {
  const choices = ownActions(content).filter(isChoice).map(choiceOf);
  if (content.type !== 'carousel' && content.type !== 'list') return choices;
  // One list for the whole carousel; the item's title tells them apart.
  const ofItem = (item: Item): Choice[] =>
    (item.actions ?? [])
      .filter(isChoice)
      .map((action) => ({ text: `${item.title}: ${action.text}`, payload: action.payload }));
  return [...content.items.flatMap(ofItem), ...choices];
}

/** The actions of the message itself, not of its items. */
export function ownActions(content: Content): readonly Action[] {
  return ('actions' in content && content.actions) || [];
}

/** True for the actions that answer with a payload. */
export function isChoice(action: Action): action is Extract<Action, { type: 'reply' | 'postback' }> {
  return action.type === 'reply' || action.type === 'postback';
}

/** Files and pictures that go with the content. */
export function mediaOf(content: Content): { url: string; mediaType?: string; name?: string }[] {
  const files = [...(content.attachments ?? [])];
  if (
    (content.type === 'image' || content.type === 'file' || content.type === 'announcement') &&
    content.mediaUrl
  ) {
    const { mediaUrl, mediaType, title } = content;
    files.unshift({
      url: mediaUrl,
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(title === undefined || content.type === 'announcement' ? {} : { name: title }),
    });
  }
  return files;
}

/** A link to the place on a map. */
function mapUrl(content: ContentOf<'location'>): string {
  return `https://maps.google.com/maps?q=${content.coordinates.lat},${content.coordinates.long}`;
}

/** An action that is not a choice, as a line; undefined when text cannot stand for it. */
function actionText(action: Action): string | undefined {
  switch (action.type) {
    case 'link':
      return `${action.text}: ${action.uri}`;
    case 'webview':
      // The page made for those who have no window in their chat.
      return `${action.text}: ${action.fallback}`;
    case 'buy':
      return action.uri === undefined ? priced(action) : `${priced(action)}: ${action.uri}`;
    case 'locationRequest':
      return action.text;
    case 'reply':
    case 'postback':
    case 'share':
      return undefined;
  }
}

/** The label of a buy action with its price. */
export function priced(action: Extract<Action, { type: 'buy' }>): string {
  const currency = action.currency === undefined ? '' : ` ${action.currency.toUpperCase()}`;
  return `${action.text} (${(action.amount / 100).toFixed(2)}${currency})`;
}

function choiceOf(action: Extract<Action, { type: 'reply' | 'postback' }>): Choice {
  return { text: action.text, payload: action.payload };
}

function itemsText(content: ContentOf<'carousel' | 'list'>): string {
  const items = content.items.map((item, i) =>
    [`${i + 1}. ${item.title}`, item.description, ...(item.actions ?? []).map(actionText)]
      .filter(isText)
      .join('\n'),
  );
  return [content.text, ...items].filter(isText).join('\n\n');
}

function fieldText(field: FormField): string {
  const options = field.options?.map((option) => option.label).join(', ');
  return options === undefined ? `${field.label}:` : `${field.label} (${options}):`;
}

function answerText(answer: FormAnswer): string {
  const given = answer.text ?? answer.email ?? answer.select?.map((option) => option.label).join(', ') ?? '';
  return `${answer.label}: ${given}`;
}

/** All that is known of a template that was not reconstructed: its name and parameters. */
function nativeTemplateText(content: ContentOf<'nativeTemplate'>): string {
  const given = (content.template.components ?? [])
    .filter((component) => component.type.toLowerCase() !== 'button')
    .flatMap((component) => component.parameters ?? [])
    .map((parameter) => (parameter as { text?: unknown }).text)
    .filter((text) => typeof text === 'string');
  return given.length === 0 ? content.template.name : `${content.template.name}: ${given.join(', ')}`;
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
