/** How statements of this room name rows that they know by their keys, so that no plan goes by anything else. */
import { bucketOf } from '../base/ids.ts';
import type { Db, Fragment } from '../db/pool.ts';

/**
 * Some contacts, each by its whole key: of a list of buckets and one of ids Postgres tries every id in every bucket, which are 200,000 looks
 * for 500 people.
 */
export const those = (db: Db, contactIds: readonly number[]) => {
  const ids = [...new Set(contactIds)];
  return db`unnest(${ids.map(bucketOf)}::smallint[], ${ids}::bigint[]) AS k (bucket, contact_id)`;
};

/**
 * That something is one of some ids, asked of rows that were found by their contact. `+ 0` keeps an index with that column out of it: Postgres,
 * which thinks of a range of one as a ninth of the table, would go through all who are in a campaign and hold each against each contact (75 ms for
 * 500 contacts and a campaign of 300 among a thousand, growing with both).
 */
export const isOneOf = (db: Db, of: Fragment, ids: readonly number[]): Fragment =>
  db`${of} + 0 = ANY(${[...ids]}::bigint[])`;

/** Some messages, each by its whole key: a contact and a message. */
export const thoseMessages = (db: Db, keys: readonly { contactId: number; messageId: number }[]) =>
  db`unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
      ${keys.map((k) => k.messageId)}::bigint[]) AS k (bucket, contact_id, message_id)`;
