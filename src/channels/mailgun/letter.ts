/**
 * One mail as Mailgun takes it, in two halves: what may be the same for many, and what is one recipient's own. In a call
 * for many the second half stands in the first as `%recipient.<name>%`.
 */
import type { RenderedMedia } from '../../../contract/channels.ts';
import type { Outcome, Outgoing, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';
import { linkIn, withHtmlLink, withTextLink } from '../kit/mail/unsubscribeLink.ts';
import { isShownIn, type Attachment } from '../kit/mail/attachments.ts';
import type { FormPart } from './multipart.ts';
import { messageIdOf } from './settings.ts';
import { placeholder, skeletonOf } from './skeleton.ts';

/** What may be the same for many; subject, text and HTML may differ by what a template filled in. */
type Shared = {
  from: string;
  replyTo: string | undefined;
  subject: string;
  text: string;
  html: string | undefined;
  headers: [name: string, value: string][];
  /** How long Mailgun tries. */
  within: string | undefined;
  media: readonly RenderedMedia[];
};

/** What is one recipient's own: our ref, the List-Unsubscribe header, the link below the mail. */
type Own = { ref: string; listUnsubscribe: string | undefined; link: string | undefined };

/** A mail to one recipient. */
export type Letter = {
  to: string;
  shared: Shared;
  own: Own;
  /** The same for letters that can go in one call; undefined when this one has to go alone. */
  groupKey: string | undefined;
  /** The message brought its own sender: what is wrong with it is not wrong with the others. */
  ownSender: boolean;
};

const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not an e-mail',
};
const NO_SENDER: Outcome = {
  kind: 'deferred',
  code: 'no_sender',
  class: 'config',
  detail: 'the integration has neither fromAddress nor incomingAddress',
};

/** The letter of a message, or why there is none. */
export function letterOf({ ref, to, rendered, ttlS }: Outgoing, settings: Settings): Letter | Outcome {
  if (rendered.channel !== 'email') return WRONG_CHANNEL;
  const incoming = textSetting(settings, 'incomingAddress');
  const from = rendered.from ?? textSetting(settings, 'fromAddress') ?? incoming;
  if (!from) return NO_SENDER;
  const given = Object.entries(rendered.headers ?? {}).filter(([name]) => HEADER.test(name));
  const listUnsubscribe = given.find(([name]) => LIST_UNSUBSCRIBE.test(name))?.[1];
  const { text, html } = rendered;
  const shared: Shared = {
    from: oneLine(from),
    replyTo: rendered.replyTo ?? (incoming !== from ? incoming : undefined),
    subject: oneLine(rendered.subject),
    text,
    html,
    headers: given
      .filter(([name]) => !LIST_UNSUBSCRIBE.test(name))
      .map(([name, value]) => [name, oneLine(value)]),
    within: ttlS === undefined ? undefined : withinOf(ttlS),
    media: rendered.attachments ?? [],
  };
  const link =
    settings.hideUnsubscribeLink === true ? undefined : linkIn(listUnsubscribe, `${text}\n${html ?? ''}`);
  const own = { ref, listUnsubscribe: listUnsubscribe && oneLine(listUnsubscribe), link };
  return { to, shared, own, groupKey: groupKeyOf(shared, own), ownSender: rendered.from !== undefined };
}

/** Letters of one group as one: what is each one's own stands in it by name, and in the recipient variables for each. */
type Together = { shared: Shared; own: Own; variables: string };

/** Puts letters of one group together. */
export function together(letters: readonly Letter[]): Together {
  const [{ shared, own }] = letters as [Letter];
  const subject = skeletonOf(
    letters.map((letter) => letter.shared.subject),
    's',
  );
  const text = skeletonOf(
    letters.map((letter) => letter.shared.text),
    't',
  );
  const html =
    shared.html === undefined
      ? undefined
      : skeletonOf(
          letters.map((letter) => letter.shared.html!),
          'h',
        );
  const values = Object.entries({ ...subject.values, ...text.values, ...html?.values });
  const variables = letters.map((letter, at) => [
    letter.to,
    { ...letter.own, ...Object.fromEntries(values.map(([name, all]) => [name, all[at]!])) },
  ]);
  return {
    shared: { ...shared, subject: subject.template, text: text.template, html: html?.template },
    own: {
      ref: placeholder('ref'),
      listUnsubscribe: own.listUnsubscribe === undefined ? undefined : placeholder('listUnsubscribe'),
      link: own.link === undefined ? undefined : placeholder('link'),
    },
    variables: JSON.stringify(Object.fromEntries(variables)),
  };
}

/** The form's parts. `own` holds the values themselves, or what Mailgun replaces by them. */
export function partsOf(
  { shared, own }: Pick<Together, 'shared' | 'own'>,
  to: readonly string[],
  domain: string,
  attachments: readonly Attachment[],
): FormPart[] {
  const { from, replyTo, subject, text, html, headers, within } = shared;
  const fields: [name: string, value: string | undefined][] = [
    ['from', from],
    ...to.map((address): [string, string] => ['to', address]),
    ['subject', subject],
    ['text', own.link === undefined ? text : withTextLink(text, own.link)],
    ['html', html === undefined || own.link === undefined ? html : withHtmlLink(html, own.link)],
    ['h:Message-Id', `<${messageIdOf(own.ref, domain)}>`],
    ['h:Reply-To', replyTo],
    ['h:List-Unsubscribe', own.listUnsubscribe],
    ...headers.map(([name, value]): [string, string] => [`h:${name}`, value]),
    ['v:ref', own.ref],
    ['o:deliver-within', within],
  ];
  return [
    ...fields.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ...attachments.map((file) => ({
      name: isShownIn(html, file) ? 'inline' : 'attachment',
      filename: file.filename,
      mediaType: file.contentType ?? 'application/octet-stream',
      content: file.content,
    })),
  ];
}

const HEADER = /^[A-Za-z0-9-]{1,100}$/;
const LIST_UNSUBSCRIBE = /^list-unsubscribe$/i;

/** Mailgun would replace these itself, by something or by nothing, when a call brings recipient variables. */
const PLACEHOLDER = /%recipient/i;

function groupKeyOf(shared: Shared, own: Own): string | undefined {
  const { from, replyTo, subject, text, html, headers } = shared;
  const written = [from, replyTo, subject, text, html, ...headers.map(([, value]) => value)];
  if (written.some((part) => part !== undefined && PLACEHOLDER.test(part))) return undefined;
  const alike = { ...shared, subject: '', text: '', html: html !== undefined };
  return JSON.stringify([alike, own.listUnsubscribe !== undefined, own.link !== undefined]);
}

/** A variable may bring a line break, and with it a header of its own. */
function oneLine(value: string): string {
  return value.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}

const SHORTEST_WITHIN_S = 300;
const LONGEST_WITHIN_S = 86_400;

/** `1h30m`, between five minutes and a day; longer than a day Mailgun does not try anyway. */
function withinOf(ttlS: number): string | undefined {
  if (ttlS >= LONGEST_WITHIN_S) return undefined;
  const minutes = Math.floor(Math.max(ttlS, SHORTEST_WITHIN_S) / 60);
  return `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
