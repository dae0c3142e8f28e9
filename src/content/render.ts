/** Shows content on a channel: what a channel cannot show becomes text, the way Sunshine documents it. */
import type { RenderOptions } from './renderOptions.ts';
import type { ChannelName, Rendered } from '../../contract/channels.ts';
import type { Action, Content } from '../../contract/content.ts';
import { withHrefs } from '../base/html.ts';
import { toEmail } from './channels/email.ts';
import { toPush } from './channels/push.ts';
import { toSms } from './channels/sms.ts';
import { toVoice } from './channels/voice.ts';
import { toWhatsApp } from './channels/whatsapp.ts';
import { type RenderFailure, renderFailure } from './failure.ts';
import { textFallback } from './fallback.ts';

const NO_OPTIONS: RenderOptions = {};

/** The content as the channel shows it. */
export function renderOn(
  channel: ChannelName,
  given: Content,
  options: RenderOptions = NO_OPTIONS,
): Rendered | RenderFailure {
  if (given.type === 'template') {
    return renderFailure('template_missing', `the stored template ${given.name} was not put in place`);
  }
  const content = options.rewriteUri ? withUris(given, options.rewriteUri) : given;
  if (content.type === 'nativeTemplate' && content.text === undefined && SHOWS_ONLY_TEXT.has(channel)) {
    return renderFailure(
      'content_unsupported',
      `a WhatsApp template that was not reconstructed has no text for ${channel}`,
    );
  }
  switch (channel) {
    case 'sms':
      return toSms(content, options);
    case 'whatsapp':
      return toWhatsApp(content);
    case 'email':
      return toEmail(content, options);
    case 'push':
      return toPush(content);
    case 'voice':
      return toVoice(content);
    case 'webchat':
    case 'webhook':
      return { channel, payload: content, text: textFallback(content) };
  }
}

const SHOWS_ONLY_TEXT: ReadonlySet<ChannelName> = new Set(['sms', 'email', 'push', 'voice']);

/** The content with the addresses of its actions replaced. */
function withUris(content: Content, rewrite: (uri: string) => string): Content {
  const withUri = (action: Action): Action => {
    if (action.type === 'link')
      return { ...action, uri: rewrite(action.uri), longUri: action.longUri ?? action.uri };
    if (action.type === 'webview')
      return { ...action, uri: rewrite(action.uri), fallback: rewrite(action.fallback) };
    return action;
  };
  const copy = { ...content };
  if ('actions' in copy && copy.actions) copy.actions = copy.actions.map(withUri);
  if ('items' in copy) {
    copy.items = copy.items.map((item) =>
      item.actions ? { ...item, actions: item.actions.map(withUri) } : item,
    );
  }
  if (copy.html !== undefined) copy.html = withHrefs(copy.html, rewrite);
  return copy;
}
