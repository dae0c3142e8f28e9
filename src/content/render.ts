/** Shows content on a channel: what a channel cannot show becomes text, the way Sunshine documents it. */
import type { ChannelName, Rendered } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import { type RenderFailure, renderFailure } from './failure.ts';

/** What a delivery adds to the content. */
export type RenderOptions = {
  /** Sender, where the channel has one: number or Sender ID, mail address with name. A content's own Sender ID goes first. */
  from?: string;
  /** SMS: pictures and files go along as media (MMS); otherwise their addresses are in the text. */
  mms?: boolean;
  /** Mail: where answers go. */
  replyTo?: string;
  /** Mail: the subject of content that has none. */
  subject?: string;
  /** Mail: further headers, such as List-Unsubscribe. */
  headers?: Record<string, string>;
  /** Shortens or tracks the address of an action. */
  rewriteUri?: (uri: string) => string;
};

/** The content as the channel shows it. */
export function renderOn(
  channel: ChannelName,
  content: Content,
  options: RenderOptions = {},
): Rendered | RenderFailure {
  if (channel === 'sms' && content.type === 'text') {
    const from = content.senderId ?? options.from;
    return { channel: 'sms', text: content.text, ...(from === undefined ? {} : { from }) };
  }
  return renderFailure('content_unsupported', `${content.type} on ${channel}`);
}
