/** Answers by mail stand below what they answer: mail programs go by the ids in the headers, some by the subject too (RFC 5322 §3.6.4). */
import type { Person } from '../contacts/sql.people.ts';
import type { RenderOptions } from '../content/render.ts';
import { selectLastIncoming, type LastIncoming } from '../conversations/sql.ts';
import type { Sql } from '../db/pool.ts';

/** What people wrote last, by contact. Nothing is asked for when none of them has ever written a mail. */
export async function lastMails(sql: Sql, people: Iterable<Person>): Promise<Map<number, LastIncoming>> {
  const writers = [...people].filter(({ destinations }) =>
    destinations.some(({ channel, lastInboundMs }) => channel === 'email' && lastInboundMs !== null),
  );
  if (!writers.length) return new Map();
  const last = await selectLastIncoming(
    sql,
    writers.map(({ contactId }) => contactId),
  );
  return new Map(last.map((one) => [one.contactId, one]));
}

/** The headers and the subject of an answer through an integration; undefined when what was said last did not come through it. */
export function inThread(last: LastIncoming | undefined, integrationId: number): RenderOptions | undefined {
  if (last?.integrationId !== integrationId) return undefined;
  const { externalId, subject } = last;
  // What has no id of its own is known here by another, which nobody else knows.
  if (!externalId || !/^[^\s<>@]{1,200}@[^\s<>@]{1,200}$/.test(externalId)) return undefined;
  return {
    headers: { 'In-Reply-To': `<${externalId}>`, References: `<${externalId}>` },
    ...(subject
      ? { subject: /^(?:re|aw|antw|sv|odp|rif)\s?:/i.test(subject) ? subject : `Re: ${subject}` }
      : {}),
  };
}
