/** What of a message rendered for a channel is shown on its device. Total: what is not known is shown as nothing. */

type Rendered = Readonly<Record<string, unknown>>;

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const objectIn = (value: unknown): Rendered | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Rendered) : undefined;

/** The words on the device. */
export function shownOf(content: Rendered): string {
  const { text, body, say, payload } = content;
  const gather = objectIn(content['gather']);
  const spoken = textIn(say);
  if (spoken) return [spoken, textIn(gather?.['prompt'])].filter(Boolean).join('\n');
  const onWhatsApp = content['channel'] === 'whatsapp' ? wordsOf(objectIn(payload)) : undefined;
  return (
    onWhatsApp ??
    textIn(text) ??
    textIn(body) ??
    textIn(objectIn(objectIn(payload)?.['text'])?.['body']) ??
    ''
  );
}

/** What WhatsApp shows of its own form of a message: choices that it has no buttons for stand in there as numbers. */
function wordsOf(payload: Rendered | undefined): string | undefined {
  const { type, text, interactive } = payload ?? {};
  const media = typeof type === 'string' ? objectIn(payload?.[type]) : undefined;
  return (
    textIn(objectIn(text)?.['body']) ??
    textIn(objectIn(objectIn(interactive)?.['body'])?.['text']) ??
    textIn(media?.['caption'])
  );
}

/** A heading: the subject of a mail, the title of a push. */
export function subjectOf(content: Rendered): string | undefined {
  return textIn(content['subject']) ?? textIn(content['title']);
}

/** The headers that a mail has of its own, one on a line. */
export function headersOf(content: Rendered): string {
  const headers = Object.entries(objectIn(content['headers']) ?? {});
  return headers.flatMap(([name, value]) => (textIn(value) ? `${name}: ${textIn(value)}` : [])).join('\n');
}

/** Where a mail program asks to leave when its button is pressed (RFC 8058); only where one press is enough. */
export function leaveUrlOf(content: Rendered): string | undefined {
  const headers = objectIn(content['headers']);
  if (!textIn(headers?.['List-Unsubscribe-Post'])) return undefined;
  return /<(https?:[^>\s]+)>/.exec(textIn(headers?.['List-Unsubscribe']) ?? '')?.[1];
}

/** Where somebody said that he is. */
export function placeOf(content: Rendered): string {
  const { name, lat, long } = objectIn(content['location']) ?? {};
  return [textIn(name), typeof lat === 'number' ? `${lat}, ${Number(long)}` : undefined]
    .filter(Boolean)
    .join(': ');
}

/** A file on the device. */
export type SentFile = { url: string; name: string; isPicture: boolean };

/** Files that somebody sent from it. */
export function filesOf(content: Rendered): SentFile[] {
  return listIn(content['media']).flatMap(({ url, name, mediaType }) => {
    const at = textIn(url);
    if (at === undefined || !/^https?:/i.test(at)) return [];
    return [
      { url: at, name: textIn(name) ?? 'File', isPicture: (textIn(mediaType) ?? '').startsWith('image/') },
    ];
  });
}

/** A button on the device. */
export type Choice = { title: string; payload?: string };

/** What can be pressed: WhatsApp's buttons and rows of lists, and a push's actions. */
export function choicesIn(content: Rendered): Choice[] {
  const action = objectIn(objectIn(objectIn(content['payload'])?.['interactive'])?.['action']);
  const buttons = listIn(action?.['buttons']).flatMap((one) => choiceOf(objectIn(one['reply'])));
  const rows = listIn(action?.['sections']).flatMap((section) => listIn(section['rows']).flatMap(choiceOf));
  const onPush = content['channel'] === 'push' ? listIn(content['actions']).flatMap(choiceOf) : [];
  return [...buttons, ...rows, ...onPush];
}

function listIn(value: unknown): Rendered[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  return all.map(objectIn).filter((one) => one !== undefined);
}

function choiceOf(one: Rendered | undefined): Choice[] {
  const title = textIn(one?.['title']);
  const payload = textIn(one?.['id']);
  return title ? [{ title, ...(payload ? { payload } : {}) }] : [];
}
