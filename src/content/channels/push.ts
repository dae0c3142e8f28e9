/** Content as a push notification. */
import type { Rendered } from '../../../contract/channels.ts';
import type { Action, Content } from '../../../contract/content.ts';
import { type RenderFailure, renderFailure } from '../failure.ts';
import { isChoice, mediaOf, ownActions, textFallback } from '../fallback.ts';

/** Buttons beyond these are shown by no platform. */
const MAX_ACTIONS = 4;

/** The content as a push; the first link is opened by a tap when no deep link is given. */
export function toPush(content: Content): Rendered | RenderFailure {
  const push = content.push ?? {};
  const body = textFallback(content) || altTextOf(content);
  if (body.trim() === '' && content.title === undefined && push.silent !== true) {
    return renderFailure('content_empty', 'a push that is not silent needs a text or a title');
  }
  const actions = ownActions(content)
    .filter(isChoice)
    .slice(0, MAX_ACTIONS)
    .map((action) => ({ id: action.payload, title: action.text }));
  const fields = {
    title: content.title,
    data: content.metadata && stringsOf(content.metadata),
    imageUrl: push.imageUrl ?? imageOf(content),
    deepLink:
      content.deepLink ??
      ownActions(content)
        .map(uriOf)
        .find((uri) => uri !== undefined),
    category: content.category,
    badge: push.badge,
    collapseKey: push.collapseKey,
    silent: push.silent,
    actions: actions.length === 0 ? undefined : actions,
  };
  const rendered: Rendered = { channel: 'push', body };
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) Object.assign(rendered, { [key]: value });
  }
  return rendered;
}

function uriOf(action: Action): string | undefined {
  return action.type === 'link' || action.type === 'webview' ? action.uri : undefined;
}

function imageOf(content: Content): string | undefined {
  if (content.type === 'carousel' || content.type === 'list') return content.items[0]?.mediaUrl;
  return content.type === 'image' || content.type === 'announcement' ? mediaOf(content)[0]?.url : undefined;
}

function altTextOf(content: Content): string {
  return (content.type === 'image' || content.type === 'file') && content.altText ? content.altText : '';
}

function stringsOf(metadata: Record<string, string | number | boolean>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
}
