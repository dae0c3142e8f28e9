/** Content as a mail: text always, and HTML that is given or made of the same parts. */
import type { Rendered } from '../../../contract/channels.ts';
import type { Action, Content, Item } from '../../../contract/content.ts';
import { escapeHtml } from '../../base/html.ts';
import { type RenderFailure, renderFailure } from '../failure.ts';
import { choicesOf, mediaOf, ownActions, plainText, priced, textFallback } from '../fallback.ts';
import type { RenderOptions } from '../renderOptions.ts';

/** The content as a mail. */
export function toEmail(content: Content, options: RenderOptions): Rendered | RenderFailure {
  // What is attached is not linked to as well.
  const text = plainText({ ...content, attachments: [] }, { media: content.type !== 'file' });
  const html = content.html ?? htmlOf(content);
  const attachments = content.type === 'file' ? mediaOf(content) : (content.attachments ?? []);
  if (text === '' && content.html === undefined && attachments.length === 0) {
    return renderFailure('content_empty', 'the mail has no text');
  }
  return {
    channel: 'email',
    subject: singleLine(content.subject ?? options.subject ?? content.title ?? 'New message'),
    text,
    html,
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  };
}

/** A variable may bring a line break, and with it a header of its own. */
function singleLine(subject: string): string {
  return subject.replace(/\s+/g, ' ').trim();
}

function htmlOf(content: Content): string {
  const blocks: string[] = [];
  if (content.type === 'announcement' && content.title !== undefined)
    blocks.push(`<h2>${escapeHtml(content.title)}</h2>`);
  if (content.type === 'carousel' || content.type === 'list') {
    if (content.text) blocks.push(paragraphs(content.text));
    blocks.push(...content.items.map(itemHtml));
  } else if (content.type === 'location') {
    blocks.push(paragraphs([content.location?.name, content.location?.address].filter(Boolean).join('\n')));
    blocks.push(paragraphs(textFallback(content)));
  } else {
    blocks.push(paragraphs(textFallback(content)));
  }
  if (content.type === 'image' || (content.type === 'announcement' && content.mediaUrl !== undefined)) {
    const altText = content.type === 'image' ? (content.altText ?? '') : '';
    blocks.push(imageHtml(mediaOf(content)[0]!.url, altText));
  }
  blocks.push(...ownActions(content).map(actionHtml));
  const choices = choicesOf(content);
  if (choices.length > 0) {
    const entries = choices.map((choice) => `<li>${escapeHtml(choice.text)}</li>`).join('');
    blocks.push(`<p>Reply with a number:</p><ol>${entries}</ol>`);
  }
  return `<!doctype html><html><body>${blocks.filter((block) => block !== '').join('\n')}</body></html>`;
}

function itemHtml(item: Item): string {
  const image = item.mediaUrl === undefined ? '' : imageHtml(item.mediaUrl, item.altText ?? '');
  const description = item.description ? paragraphs(item.description) : '';
  return `${image}<h3>${escapeHtml(item.title)}</h3>${description}${(item.actions ?? []).map(actionHtml).join('')}`;
}

function actionHtml(action: Action): string {
  switch (action.type) {
    case 'link':
      return linkHtml(action.text, action.uri);
    case 'webview':
      return linkHtml(action.text, action.fallback);
    case 'buy':
      return action.uri === undefined ? paragraphs(priced(action)) : linkHtml(priced(action), action.uri);
    case 'locationRequest':
      return paragraphs(action.text);
    case 'reply':
    case 'postback':
    case 'share':
      return '';
  }
}

function linkHtml(label: string, uri: string): string {
  return `<p><a href="${escapeHtml(uri)}">${escapeHtml(label)}</a></p>`;
}

function imageHtml(url: string, altText: string): string {
  return `<p><img src="${escapeHtml(url)}" alt="${escapeHtml(altText)}" style="max-width:100%"></p>`;
}

/** Text as paragraphs; addresses in it can be clicked. */
function paragraphs(text: string): string {
  if (text.trim() === '') return '';
  return text
    .split(/\n{2,}/)
    .map((block) => `<p>${withLinks(block).replaceAll('\n', '<br>')}</p>`)
    .join('\n');
}

function withLinks(text: string): string {
  return text
    .split(ADDRESS)
    .map((part, i) => {
      const end = i % 2 === 1 ? endOfAddress(part) : 0;
      if (end === 0) return escapeHtml(part);
      const address = escapeHtml(part.slice(0, end));
      return `<a href="${address}">${address}</a>${escapeHtml(part.slice(end))}`;
    })
    .join('');
}

/** Quotes and what ends a sentence in East Asia, where no blank follows it, stand in no address. */
const ADDRESS =
  /(https?:\/\/[^\s<>"\u201c-\u201f\u00ab\u00bb\u3001\u3002\u3008-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]+)/i;
const PUNCTUATION = /[.,;:!?'\u2018\u2019\u2026]/;
const OPENED: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Where an address in a text ends: punctuation behind it is the sentence's, and so is a bracket that it has not opened. 0: it is none. */
function endOfAddress(text: string): number {
  const often = (sign: string) => text.split(sign).length - 1;
  const notOpened = new Map(
    Object.entries(OPENED).map(([close, open]) => [close, often(close) - often(open)]),
  );
  let end = text.length;
  for (; end > 0; end--) {
    const last = text[end - 1]!;
    const left = notOpened.get(last) ?? 0;
    if (left > 0) notOpened.set(last, left - 1);
    else if (!PUNCTUATION.test(last)) break;
  }
  return /^https?:\/\/[^/]/i.test(text.slice(0, end)) ? end : 0;
}
