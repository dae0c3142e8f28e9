/**
 * Answers to mail join its thread: `In-Reply-To` and `References` (RFC 5322 §3.6.4) name the last mail that the person wrote, and
 * the subject is that mail's. What reaches out by itself (notifications, broadcasts) begins a thread of its own.
 */
import type { Person } from '../../contacts/person.ts';
import type { RenderOptions } from '../../content/renderOptions.ts';
import type { Db } from '../../db/pool.ts';
import { selectMailsAt, type WrittenMail } from '../sql.ts';

/** A message of a conversation that may go out as a mail. */
export type InThread = { contactId: number; conversationId: number };

/** How answers join the thread of the last mail that their contact wrote, by conversation. Nobody wrote one: nothing is asked. */
export async function threadOptions(
  db: Db,
  answers: readonly InThread[],
  people: ReadonlyMap<number, Person>,
): Promise<Map<number, RenderOptions>> {
  const wanted = new Map(
    answers.flatMap(({ contactId, conversationId }) => {
      const mails = (people.get(contactId)?.destinations ?? []).flatMap(({ channel, lastInboundMs }) =>
        channel === 'email' ? (lastInboundMs ?? []) : [],
      );
      return mails.length ? [[conversationId, { conversationId, atMs: Math.max(...mails) }] as const] : [];
    }),
  );
  if (!wanted.size) return new Map();
  const found = await selectMailsAt(db, [...wanted.values()]);
  return new Map(
    found
      .filter(({ externalId }) => ID.test(externalId))
      .map((mail) => [mail.conversationId, optionsFor(mail)]),
  );
}

/** What may stand in a header as an id: no brackets, no space, no line break. */
const ID = /^[^\s<>]{1,250}$/;

/** How mail programs of several languages begin the subject of an answer: one such word is enough. */
const IS_ANSWER = /^\s*(?:re|aw|antw|sv|odp|rif)\s?:/i;

function optionsFor(mail: WrittenMail): RenderOptions {
  const before = mail.references.filter((id) => ID.test(id) && id !== mail.externalId);
  const { subject } = mail;
  return {
    ...(subject ? { subject: IS_ANSWER.test(subject) ? subject : `Re: ${subject}` } : {}),
    headers: {
      'In-Reply-To': `<${mail.externalId}>`,
      References: [...before, mail.externalId].map((id) => `<${id}>`).join(' '),
    },
  };
}
