/** Fills a workspace with people and conversations by SQL: somebody who is there, and was talked with, is copied many times over. */
import { bucketOf, fromHex24, toHex24 } from '../../src/base/ids.ts';
import type { Sql } from '../../src/db/pool.ts';
import { until } from './until.ts';

// Answers are looked into freely here.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
type Call = (method: string, path: string, body?: object) => Promise<{ status: number; body: Json }>;
type Many = { sql: Sql; call: Call; workspaceId: number; contacts: number; conversations: number };

/** An id of the n-th copy: a tick later for each 4,096 (base/ids.ts), in the bucket of its number, at some place. */
export const placeOf = (n: string, from: number, place: number): string =>
  `(((${from} + ${n} / 4096) << 18) + (${place} << 12) + ${n} % 4096)`;
const NAMES = "'{Ann,Bo,Cleo,Dora,Edda,Finn,Gus,Hal,Ida,Jo,Kim,Lee,Max,Nia,Olaf,Pia}'::text[]";
const DAY_MS = 86_400_000;

/** Fills it; answers ids of what there is, by the names of the API's parameters. The workspace must be a test one. */
export async function fillPeople({ sql, call, workspaceId, contacts, conversations }: Many) {
  const one = await somebody(call);
  const contactId = fromHex24(one.contactId)!;
  const at = `bucket = ${bucketOf(contactId)} AND contact_id = ${contactId}`;
  // Ticks of 32 ms since 2020, a month ago: older than whatever is really there.
  const from = Math.floor((Date.parse(one.now) - 30 * DAY_MS - Date.UTC(2020, 0, 1)) / 32);
  const id = (place: number) => placeOf('n', from, place);
  const bucket = 'n % 4096';
  const people = `generate_series(0, ${contacts - 1}) n`;
  const talks = `generate_series(0, ${conversations - 1}) n`;
  await copyRows(sql, 'contacts', `bucket = ${bucketOf(contactId)} AND id = ${contactId}`, people, {
    bucket,
    id: id(0),
    given_name: `(${NAMES})[1 + n % 16] || n / 1000`,
    surname: `(${NAMES})[1 + n / 16 % 16]`,
    external_id: 'NULL',
  });
  await copyRows(sql, 'destinations', `${at} AND channel = 'sms'`, people, {
    bucket,
    contact_id: id(0),
    id: id(1),
    address: `'+1555' || lpad(n::text, 7, '0')`,
  });
  await sql.unsafe(
    `INSERT INTO identities (hash, workspace_id, kind, value, contact_id)
     SELECT n, ${workspaceId}, 'phone', '+1555' || lpad(n::text, 7, '0'), ${id(0)} FROM ${people}`,
  );
  const list = await call('POST', '/lists', { name: 'Many' });
  await sql.unsafe(
    `INSERT INTO set_members (bucket, set_id, contact_id) SELECT ${bucket}, ${fromHex24(list.body.id)}, ${id(0)} FROM ${people} WHERE n % 2 = 0`,
  );
  // What a few thousand have stands far apart among those who were talked with.
  const tag = await call('POST', '/tags', { name: 'Few' });
  await sql.unsafe(
    `INSERT INTO set_members (bucket, set_id, contact_id) SELECT ${bucket}, ${fromHex24(tag.body.id)}, ${id(0)} FROM ${people} WHERE n % 200 = 0`,
  );
  await copyRows(sql, 'conversations', at, talks, { bucket, id: id(2), contact_id: id(0) });
  for (const [place, direction] of [
    [3, 'out'],
    [4, 'in'],
  ] as const)
    await copyRows(sql, 'messages', `${at} AND direction = '${direction}'`, talks, {
      bucket,
      id: id(place),
      conversation_id: id(2),
      contact_id: id(0),
      external_id: 'NULL',
      at_ms: `at_ms - n * 60000`,
    });
  await copyRows(sql, 'deliveries', at, talks, {
    bucket,
    contact_id: id(0),
    cause_id: id(3),
    external_ids: 'NULL',
  });
  await copyRows(sql, 'inbox', at, talks, {
    bucket,
    contact_id: id(0),
    conversation_id: id(2),
    destination_id: id(1),
    last_message_id: id(4),
    last_ms: 'last_ms - n * 60000',
    last_in_ms: 'last_in_ms - n * 60000',
    waiting_ms: 'last_ms - n * 60000',
    closed: 'n % 4 = 3',
    assignee_id: 'CASE WHEN n % 5 = 2 THEN (SELECT min(id) FROM operators) END',
    priority: 'CASE WHEN n % 3 = 0 THEN n % 5 ELSE 4 END',
    snoozed_until_ms: `CASE WHEN n % 8 = 1 THEN last_ms + ${DAY_MS} + n END`,
  });
  await sql`ANALYZE`;
  const [row] = await sql.unsafe<{ contact: number; conversation: number }[]>(
    `SELECT ${id(0)} AS contact, ${id(2)} AS conversation FROM (SELECT 0 AS n) one`,
  );
  return {
    ...one,
    /** Where the ids of the copies begin (placeOf). */
    from,
    contactId: toHex24(row!.contact),
    conversationId: toHex24(row!.conversation),
    setId: list.body.id as string,
    fewTagId: tag.body.id as string,
  };
}

/** Somebody who was written to and has answered, and a broadcast that nobody started. */
async function somebody(call: Call) {
  const { now } = (await call('GET', '/clock')).body;
  const address = '+14155550123';
  const said = (
    await call('POST', '/messages', {
      destination: { channel: 'sms', address },
      content: { type: 'text', text: 'Your parcel is there.' },
    })
  ).body;
  const got = `/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`;
  await until('it is on the phone', async () => (await call('GET', got)).body.messages?.length > 0);
  await call('POST', '/simulator/reply', { channel: 'sms', address, text: 'Thank you for the parcel' });
  await until('it is in the inbox', async () => {
    const { conversations } = (await call('GET', '/conversations?view=all')).body;
    return conversations.length > 0;
  });
  const broadcast = await call('POST', '/broadcasts', {
    name: 'Many',
    content: { type: 'text', text: 'Hi' },
    channel: 'sms',
    class: 'marketing',
    audience: { include: { all: true } },
  });
  const ids = { contactId: said.contactId as string, messageId: said.messageId as string };
  return {
    ...ids,
    now: now as string,
    ...(broadcast.status === 201 ? { broadcastId: broadcast.body.id as string } : {}),
  };
}

/** Copies a row (`t`) once for each `n` of `series`, but for some columns, which are given as SQL. */
export async function copyRows(
  sql: Sql,
  table: string,
  where: string,
  series: string,
  instead: Readonly<Record<string, string>>,
): Promise<void> {
  const rows = await sql<{ name: string }[]>`
    SELECT attname AS name FROM pg_attribute
    WHERE attrelid = ${table}::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`;
  const names = rows.map(({ name }) => name);
  const values = names.map((name) => instead[name] ?? `t.${name}`);
  const copied = await sql.unsafe(
    `INSERT INTO ${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM (SELECT * FROM ${table} WHERE ${where} LIMIT 1) t, ${series}`,
  );
  if (copied.count === 0) throw new Error(`${table}: there is no row where ${where}, of which to make more`);
}
