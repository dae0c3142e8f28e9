/** Every statement on address_spellings, and on identities in a spelling of before. Found by hash. */
import { hash32 } from '../base/crypto.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** By what else somebody is named on a channel. */
export type Spelling = {
  workspaceId: number;
  channel: string;
  spelled: string;
  address: string;
  contactId: number;
};

const hashOf = ({ workspaceId, channel, spelled }: Omit<Spelling, 'address' | 'contactId'>) =>
  hash32(`${workspaceId}|${channel}|${spelled}`);

/** Keeps spellings; the last word of the provider counts. No spelling twice. Locks the rows. */
export async function upsertSpellings(db: Db, rows: readonly Spelling[]): Promise<void> {
  await db`
    INSERT INTO address_spellings (hash, workspace_id, channel, spelled, address, contact_id)
    SELECT * FROM unnest(${column(rows, hashOf)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.spelled)}::text[],
      ${column(rows, (r) => r.address)}::text[], ${column(rows, (r) => r.contactId)}::bigint[])
    ON CONFLICT (hash, workspace_id, channel, spelled) DO UPDATE
    SET address = excluded.address, contact_id = excluded.contact_id`;
}

/** The addresses behind spellings of a workspace; those that are none are left out. */
export async function selectSpellings(
  db: Db,
  workspaceId: number,
  channel: string,
  spelled: readonly string[],
): Promise<{ spelled: string; address: string }[]> {
  const hashes = spelled.map((one) => hashOf({ workspaceId, channel, spelled: one }));
  return await db<{ spelled: string; address: string }[]>`
    SELECT spelled, address FROM address_spellings
    WHERE hash = ANY(${hashes}::integer[]) AND workspace_id = ${workspaceId} AND channel = ${channel}
      AND spelled = ANY(${[...spelled]}::text[])`;
}

/** Forgets those of contacts. */
export async function deleteSpellings(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`DELETE FROM address_spellings WHERE contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Numbers that are kept as identities, by value, after one of them: those that may be spelled as of old. Reads every shard. */
export async function selectOldNumbers(
  db: Db,
  after: { workspaceId: number; value: string },
  limit: number,
): Promise<{ hash: number; workspaceId: number; value: string; contactId: number }[]> {
  return await db<{ hash: number; workspaceId: number; value: string; contactId: number }[]>`
    SELECT hash, workspace_id AS "workspaceId", value, contact_id AS "contactId" FROM identities
    WHERE (workspace_id, value) > (${after.workspaceId}, ${after.value}) AND kind = 'phone'
      AND value ~ '^\\+(521\\d{10}|55[1-9]\\d[6-9]\\d{7}|54[1-8]\\d{9})$'
    ORDER BY workspace_id, value LIMIT ${limit}`;
}

/** Puts numbers in the place of others, where nobody has them; the old ones go. No number twice. */
export async function respellNumbers(
  db: Db,
  rows: readonly {
    hash: number;
    workspaceId: number;
    value: string;
    contactId: number;
    newHash: number;
    newValue: string;
  }[],
): Promise<void> {
  await db`
    INSERT INTO identities (hash, workspace_id, kind, value, contact_id)
    SELECT hash, workspace_id, 'phone', value, contact_id FROM unnest(
      ${column(rows, (r) => r.newHash)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.newValue)}::text[], ${column(rows, (r) => r.contactId)}::bigint[])
      n (hash, workspace_id, value, contact_id)
    ON CONFLICT DO NOTHING`;
  await db`
    DELETE FROM identities i USING unnest(
      ${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.value)}::text[]) n (hash, workspace_id, value)
    WHERE i.hash = n.hash AND i.workspace_id = n.workspace_id AND i.kind = 'phone' AND i.value = n.value`;
}
