/** TwiML, Twilio's instructions for a call, for what we say and ask. Text in it is escaped, always. */
import type { Rendered } from '../../../contract/channels.ts';

/** How it is said. */
type Speech = { voice?: string | undefined; language?: string | undefined };

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
/** Seconds of silence after which no key is expected any more. */
const GATHER_TIMEOUT_S = 5;

/** Says the message, then waits for keys when it asks for some, then hangs up. */
export function callTwiml(
  rendered: Extract<Rendered, { channel: 'voice' }>,
  speech: Speech,
  gatherUrl: string,
): string {
  const how = { voice: rendered.voice ?? speech.voice, language: rendered.language ?? speech.language };
  const { gather } = rendered;
  const asked = gather
    ? `<Gather input="dtmf" numDigits="${gather.digits}" timeout="${GATHER_TIMEOUT_S}" action="${escape(gatherUrl)}" method="POST">${gather.prompt ? say(gather.prompt, how) : ''}</Gather>`
    : '';
  return `${HEAD}<Response>${say(rendered.say, how)}${asked}<Hangup/></Response>`;
}

/** What follows when keys were pressed. */
export function goodbyeTwiml(text: string | undefined, speech: Speech): string {
  return `${HEAD}<Response>${text ? say(text, speech) : ''}<Hangup/></Response>`;
}

function say(text: string, { voice, language }: Speech): string {
  const attributes = `${voice ? ` voice="${escape(voice)}"` : ''}${language ? ` language="${escape(language)}"` : ''}`;
  return `<Say${attributes}>${escape(text)}</Say>`;
}

/** XML 1.0 cannot hold most control characters, not even escaped. */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
