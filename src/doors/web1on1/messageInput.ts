/**
 * Messages as callers send them, checked: what each is for, and what the contact gets to see of it (api/web1on1.md §B.5, §B.7).
 * Pure.
 */
import { beginningOf } from '../../base/text.ts';
import type { Content } from '../../../contract/content.ts';
import { LIMITS } from '../../../contract/limits.ts';
import type { MessageType, WebMessage } from '../../../contract/doors/web1on1/bodies.ts';
import { refuses, breaks, isFault, type Fault } from '../../base/fault.ts';
import { checkContent } from '../../content/check.ts';
import { checkSenderId } from '../../content/senderId.ts';
import type { NewThreadPost } from '../../threads/post.ts';
import { TOUCHPOINTS } from '../../threads/touchpoints.ts';

/** Types that people say to each other; the others are between agents, bots and the system. */
const SPOKEN: readonly MessageType[] = ['chat', 'card', 'postback', 'form'];
const META_CHARACTERS = 8192;

/** Checks a message; `language` is of the conversation or the organization, for templates that name none (W18). */
export function checkMessage(
  message: WebMessage,
  path: string,
  thread: { isContact: boolean; language: string },
): NewThreadPost | Fault {
  const { user, touchpoint } = message;
  const type = message.type ?? 'chat';
  const role = message.role ?? 'bot';
  const at = (name: string) => (path ? `${path}.${name}` : name);
  if ((message.text ?? '') === '' && !message.items?.length && !['results', 'report', 'form'].includes(type))
    return breaks(at('text'), 'is required');
  if (touchpoint !== undefined && !Object.hasOwn(TOUCHPOINTS, touchpoint))
    return breaks(at('touchpoint'), `must be one of ${Object.keys(TOUCHPOINTS).join(', ')}`);
  const broken = checkMeta(message.meta, at('meta'));
  if (broken) return broken;
  const { conversation: _conversation, user: _user, type: _type, role: _role, ...rest } = message;
  const wire = { contentType: 'text/plain', isBackchannel: false, ...rest };
  const checked = { path, type, role, user, delayMs: message.delay ?? 0, touchpoint, wire };
  const isSpoken =
    thread.isContact && role !== 'bot' && message.isBackchannel !== true && SPOKEN.includes(type);
  if (!isSpoken) return { ...checked, said: { kind: 'aside' } };
  const content = contentOf(message, path, thread.language);
  if (isFault(content)) return content;
  if (role === 'contact') return { ...checked, said: { kind: 'heard', content } };
  const oneWay = content.senderId !== undefined;
  if (oneWay && touchpoint !== undefined && touchpoint !== 'sms')
    return refuses(at('meta.SenderID'), 'makes a message a one-way SMS, so the touchpoint must be sms');
  return {
    ...checked,
    touchpoint: touchpoint ?? (oneWay ? 'sms' : undefined),
    said: { kind: 'speech', content },
  };
}

/** Keys and values that stay small; a value may be a list of texts, as commands have it. */
export function checkMeta(meta: Record<string, unknown> | undefined, path: string): Fault | undefined {
  if (!meta) return undefined;
  const flat = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const odd = Object.entries(meta).find(
    ([, value]) => !flat(value) && !(Array.isArray(value) && value.every(flat)),
  );
  if (odd)
    return breaks(
      `${path}.${beginningOf(odd[0], 64)}`,
      'must be a text, a number, true, false or a list of them',
    );
  if (Object.keys(meta).length > LIMITS.metadataKeys)
    return breaks(path, `needs at most ${LIMITS.metadataKeys} keys`);
  return JSON.stringify(meta).length > META_CHARACTERS
    ? breaks(path, `needs at most ${META_CHARACTERS} characters as JSON`)
    : undefined;
}

function contentOf(message: WebMessage, path: string, language: string): Content | Fault {
  const at = (name: string) => (path ? `${path}.${name}` : name);
  const meta = message.meta ?? {};
  const senderId = meta['SenderID'];
  if (senderId !== undefined) {
    const broken = checkSenderId(senderId, at('meta.SenderID'));
    if (isFault(broken)) return broken;
  }
  const made = {
    ...shapeOf(message, language),
    ...(senderId === undefined ? {} : { senderId }),
  };
  if (meta['elementName'] !== undefined) {
    const broken = checkTemplate(meta, at);
    if (broken) return broken;
  }
  const content = checkContent(made, path);
  if (!isFault(content)) return content;
  // What this API calls otherwise.
  const field = (content.field ?? '').replace(/\.mediaUrl$/, '.text').replace(/^\./, '');
  return { ...content, field, message: content.message.replace(content.field ?? '', field) };
}

function checkTemplate(
  meta: Readonly<Record<string, unknown>>,
  at: (name: string) => string,
): Fault | undefined {
  for (const name of ['elementName', 'namespace', 'language'] as const) {
    const value = meta[name];
    if (value === undefined && name !== 'elementName') continue;
    if (typeof value !== 'string' || value.length < 1 || value.length > 512)
      return breaks(at(`meta.${name}`), 'must be a text of 1 to 512 characters');
  }
  const language = meta['language'] as string | undefined;
  return language === undefined || /^[a-z]{2,3}([_-][A-Za-z]{2,4})?$/.test(language)
    ? undefined
    : refuses(at('meta.language'), 'must be a language code, such as nl or nl_NL');
}

function shapeOf(message: WebMessage, language: string): Record<string, unknown> {
  const { text, items, contentType = 'text/plain', meta = {} } = message;
  const actions = message.actions?.length ? { actions: message.actions.map(actionOf) } : {};
  const words = text ? { text } : {};
  if (meta['elementName'] !== undefined)
    return {
      type: 'nativeTemplate',
      ...words,
      template: {
        name: meta['elementName'],
        ...(meta['namespace'] === undefined ? {} : { namespace: meta['namespace'] }),
        language: { policy: 'deterministic', code: meta['language'] ?? language },
      },
    };
  if (items?.length) return { type: 'carousel', ...words, items: items.map(itemOf) };
  if (/^text\//i.test(contentType)) return { type: 'text', text: text || '…', ...actions };
  const title =
    typeof meta['title'] === 'string' && meta['title'] !== ''
      ? { title: beginningOf(meta['title'], 255) }
      : {};
  return {
    type: /^image\//i.test(contentType) ? 'image' : 'file',
    mediaUrl: text,
    mediaType: contentType,
    ...title,
    ...actions,
  };
}

function itemOf(item: Record<string, unknown>): Record<string, unknown> {
  return Array.isArray(item['actions'])
    ? { ...item, actions: item['actions'].map((action) => actionOf(action as Record<string, unknown>)) }
    : item;
}

/** Links of old say `url`; a webview without a fallback falls back to itself. `meta` is what we call metadata. */
function actionOf(action: Record<string, unknown>): Record<string, unknown> {
  if (typeof action !== 'object' || action === null) return action;
  const { meta, url, ...rest } = action;
  const uri = rest['uri'] ?? url;
  return {
    ...rest,
    ...(uri === undefined ? {} : { uri }),
    ...(rest['type'] === 'webview' && rest['fallback'] === undefined ? { fallback: uri } : {}),
    ...(meta === undefined ? {} : { metadata: meta }),
  };
}
