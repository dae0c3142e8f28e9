/** Content as a phone call: what is said, and keys to press. Addresses are not read out. */
import type { Rendered } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import { type RenderFailure, renderFailure } from '../failure.ts';
import { choicesOf, textFallback } from '../fallback.ts';

/** The content as a call. */
export function toVoice(content: Content): Rendered | RenderFailure {
  const say = spoken(content).trim();
  if (say === '')
    return renderFailure('content_unsupported', `a ${content.type} without text cannot be spoken`);
  const choices = choicesOf(content);
  const { voice, language } = content.voice ?? {};
  return {
    channel: 'voice',
    say,
    ...(voice === undefined ? {} : { voice }),
    ...(language === undefined ? {} : { language }),
    ...(choices.length === 0
      ? {}
      : {
          gather: {
            digits: String(choices.length).length,
            // Digits and labels only: they are read in the language of the call.
            prompt: choices.map((choice, i) => `${i + 1}: ${choice.text}.`).join(' '),
          },
        }),
  };
}

function spoken(content: Content): string {
  switch (content.type) {
    case 'image':
    case 'file':
      return content.text || content.altText || '';
    case 'location':
      return [content.location?.name, content.location?.address].filter(Boolean).join(', ');
    case 'carousel':
    case 'list':
      return sentences([content.text, ...content.items.flatMap((item) => [item.title, item.description])]);
    case 'announcement':
      return sentences([content.title, content.text]);
    case 'text':
    case 'form':
    case 'formResponse':
    case 'template':
    case 'nativeTemplate':
      return textFallback(content);
  }
}

/** Parts one after the other, with a pause where a part has no end of its own. */
function sentences(parts: (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined && part.trim() !== '')
    .map((part, i, all) => (i === all.length - 1 || /[.!?]\s*$/.test(part!) ? part : `${part}.`))
    .join(' ');
}
