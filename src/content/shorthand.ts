/**
 * Sunshine's shorthand inside `text`: actions, a picture, a stored template or a WhatsApp template, written in line.
 * One text may become several messages: what stands before and after a template is a message of its own.
 */
import type { Action, Content, ContentOf, WhatsAppTemplate } from '../../contract/content.ts';
import { breaks, type Fault, isFault } from '../base/fault.ts';
import { checkContent } from './check.ts';
import { ownActions } from './fallback.ts';

/** `language` is used when WhatsApp's shorthand names none. */
type ShorthandOptions = { language?: string; path?: string };

const MAY_HOLD = /[%$!]\[|%\(\(|%\{\{|&\(\(/;
const TEMPLATES =
  /%\(\(template:([^()]{1,512})\)\)%|%\{\{template:([^{}]{1,512})\}\}%|&\(\(([\s\S]{1,4096}?)\)\)&/g;
/** Label, then a target in which parentheses may stand in pairs. */
const INLINE = /([%$!])\[([^\]\n]{0,128})\]\(((?:[^()\n]|\([^()\n]*\)){1,2048})\)/g;
const WHATSAPP_PART = /\s*([a-z_]+)=\[\[([\s\S]*?)\]\]/g;

/** The messages a text stands for, in order: the text itself when it holds no shorthand. */
export function expandShorthand(
  content: ContentOf<'text'>,
  options: ShorthandOptions = {},
): Content[] | Fault {
  if (!MAY_HOLD.test(content.text)) return [content];
  const messages: Content[] = [];
  let from = 0;
  for (const match of content.text.matchAll(TEMPLATES)) {
    const template = templateOf(match, options.language ?? 'en_US');
    if (!template) continue;
    messages.push(...inline(content.text.slice(from, match.index)), template);
    from = match.index + match[0].length;
  }
  messages.push(...inline(content.text.slice(from)));
  const { type: _type, text: _text, actions, ...others } = content;
  const path = options.path ?? 'message';
  // Actions given beside the text belong to its last part.
  const last = messages.findLastIndex((message) => message.type === 'text' || message.type === 'image');
  if (actions && last === -1)
    return breaks(`${path}.actions`, 'cannot go with a text that is only a template');
  const checked: Content[] = [];
  for (const [i, message] of messages.entries()) {
    const all = i === last ? [...ownActions(message), ...(actions ?? [])] : [];
    const result = checkContent(
      { ...others, ...message, ...(all.length === 0 ? {} : { actions: all }) },
      path,
    );
    if (isFault(result)) return result;
    checked.push(result);
  }
  return checked;
}

function templateOf(match: RegExpMatchArray, language: string): Content | undefined {
  const name = match[1] ?? match[2];
  if (name !== undefined) return { type: 'template', name: name.trim() };
  const parts = [...match[3]!.matchAll(WHATSAPP_PART)].map((part) => [part[1]!, part[2]!] as const);
  const one = (key: string) => parts.find(([name]) => name === key)?.[1];
  const templateName = one('template');
  if (templateName === undefined) return undefined;
  const namespace = one('namespace');
  const fallback = one('fallback');
  return {
    type: 'nativeTemplate',
    template: {
      ...(namespace === undefined ? {} : { namespace }),
      name: templateName,
      language: { policy: 'deterministic', code: one('language') ?? language },
      components: componentsOf(parts),
    },
    ...(fallback === undefined ? {} : { text: fallback }),
  };
}

function componentsOf(parts: (readonly [string, string])[]): NonNullable<WhatsAppTemplate['components']> {
  const parameters = (place: string) =>
    parts.flatMap(([key, value]) => {
      const kind = key.startsWith(`${place}_`) ? key.slice(place.length + 1) : '';
      if (kind === 'text') return [{ type: 'text', text: value }];
      return kind === 'image' || kind === 'video' || kind === 'document'
        ? [{ type: kind, [kind]: { link: value } }]
        : [];
    });
  return ['header', 'body']
    .map((type) => ({ type, parameters: parameters(type) }))
    .filter((component) => component.parameters.length > 0);
}

/** A part without templates: one text or picture with its actions, and a message for each further picture. */
function inline(text: string): Content[] {
  const actions: Action[] = [];
  const pictures: ContentOf<'image'>[] = [];
  const rest = text.replace(INLINE, (whole, sign: string, label: string, target: string) => {
    if (sign === '!') {
      pictures.push({ type: 'image', mediaUrl: target, ...(label === '' ? {} : { altText: label }) });
      return '';
    }
    const action = sign === '$' ? buyOf(label, target) : actionOf(label, target);
    if (action) actions.push(action);
    return action ? '' : whole;
  });
  const words = rest
    .replace(/[ \t]{2,}/g, ' ')
    .replace(/ *\n */g, '\n')
    .trim();
  const withActions = actions.length === 0 ? {} : { actions };
  const [first, ...more] = pictures;
  if (first) return [{ ...first, ...(words === '' ? {} : { text: words }), ...withActions }, ...more];
  if (words === '' && actions.length === 0) return [];
  // A message needs a text: the labels, when there is nothing else.
  const labels = actions.map((action) => action.text).join(', ');
  return [{ type: 'text', text: words === '' ? labels : words, ...withActions }];
}

function actionOf(text: string, target: string): Action | undefined {
  if (text === '') return undefined;
  if (target === 'location') return { type: 'locationRequest', text };
  const [, kind, payload] = /^(reply|postback):([\s\S]+)$/.exec(target) ?? [];
  if (kind === 'reply' || kind === 'postback') return { type: kind, text, payload: payload! };
  return { type: 'link', text, uri: target };
}

function buyOf(text: string, price: string): Action | undefined {
  if (text === '' || !/^\d{1,9}(?:\.\d{1,2})?$/.test(price)) return undefined;
  return { type: 'buy', text, amount: Math.round(Number(price) * 100) };
}
