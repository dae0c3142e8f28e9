/** Content as an SMS: text, with numbers to choose from; media along with it where MMS is allowed. */
import type { Rendered } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import { type RenderFailure, renderFailure } from '../failure.ts';
import { mediaOf, plainText } from '../fallback.ts';
import type { RenderOptions } from '../renderOptions.ts';

/** The content as an SMS or MMS. */
export function toSms(content: Content, options: RenderOptions): Rendered | RenderFailure {
  // An alphanumeric sender cannot carry media.
  const mms = options.mms === true && content.senderId === undefined;
  const media = mms ? mediaOf(content) : [];
  const text = plainText(content, { media: !mms });
  if (text === '' && media.length === 0) return renderFailure('content_empty', 'the text is empty');
  const from = content.senderId ?? options.from;
  return {
    channel: 'sms',
    text,
    ...(from === undefined ? {} : { from }),
    ...(media.length === 0 ? {} : { media }),
  };
}
