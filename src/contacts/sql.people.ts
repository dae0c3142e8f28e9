/** The statement by which contacts are read for a send. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import { byShard } from '../db/shards.ts';
import { readBlocks } from './consent/compiled.ts';
import type { Person, Reachable } from './person.ts';

/** A contact by its id. */
export type Named = { workspaceId: number; contactId: number };
/** Which of its destinations, and whether its attributes. `keyed`: they are few, and the statement is planned as what goes with it (db/plans.ts). */
export type Want = { channel?: string | undefined; attributes: boolean; keyed?: boolean };

type Row = Omit<Person, 'destinations'> & { [column in keyof Reachable]: Reachable[column] | null } & {
  blocks: string[] | null;
};

/** The contacts that are there. Locks nothing. */
export async function selectPresent(
  db: Db,
  contacts: readonly Named[],
  want: Want,
): Promise<Map<number, Person>> {
  const asked = db<Row[]>`
    SELECT c.id AS "contactId", c.workspace_id AS "workspaceId", c.external_id AS "externalId", c.given_name AS "givenName", c.surname,
      ${want.attributes ? db`c.attributes` : db`NULL::jsonb AS attributes`}, c.time_zone AS "timeZone", c.locale,
      c.disconnected_ms AS "disconnectedMs",
      d.id AS "destinationId", d.channel, d.integration_id AS "integrationId", d.address, d.status,
      d.blocks, d.last_inbound_ms AS "lastInboundMs",
      d.linked_ms AS "linkedMs"
    FROM unnest(${contacts.map((c) => bucketOf(c.contactId))}::smallint[], ${contacts.map((c) => c.workspaceId)}::bigint[],
      ${contacts.map((c) => c.contactId)}::bigint[]) AS k (bucket, workspace_id, id)
    JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = k.workspace_id AND c.id = k.id
    LEFT JOIN destinations d ON d.bucket = c.bucket AND d.contact_id = c.id
      ${want.channel === undefined ? db`` : db`AND d.channel = ${want.channel}`}`;
  const rows = await (want.keyed ? asked.keyed() : asked);
  const people = new Map<number, Person>();
  for (const row of rows) {
    let person = people.get(row.contactId);
    if (!person) {
      person = {
        contactId: row.contactId,
        workspaceId: row.workspaceId,
        externalId: row.externalId,
        givenName: row.givenName,
        surname: row.surname,
        attributes: row.attributes,
        timeZone: row.timeZone,
        locale: row.locale,
        disconnectedMs: row.disconnectedMs,
        destinations: [],
      };
      people.set(row.contactId, person);
    }
    if (row.destinationId !== null)
      person.destinations.push(Object.assign(row, { blocks: readBlocks(row.blocks) }) as Reachable);
  }
  return people;
}

/**
 * Locks contacts against being deleted, in order of key, and returns the ids of those that are there. On Citus, which locks rows of one
 * shard in a statement, shard by shard, in order of their ids: one order for all who hold contacts, there as here.
 */
export async function lockPresent(db: Db, contacts: readonly Named[]): Promise<Set<number>> {
  const present = new Set<number>();
  // Without shards it leaves at once: what is asked behind it in the same breath comes behind it on the server.
  for (const part of byShard(db, contacts, (c) => bucketOf(c.contactId))) {
    const buckets = [...new Set(part.map((c) => bucketOf(c.contactId)))];
    const rows = await db<{ id: number }[]>`
      SELECT c.id FROM unnest(${column(part, (c) => bucketOf(c.contactId))}::smallint[],
        ${column(part, (c) => c.workspaceId)}::bigint[], ${column(part, (c) => c.contactId)}::bigint[]) AS k (bucket, workspace_id, id)
      JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = k.workspace_id AND c.id = k.id ${db.onShard('c.bucket', buckets)}
      ORDER BY c.bucket, c.workspace_id, c.id FOR KEY SHARE OF c`;
    for (const { id } of rows) present.add(id);
  }
  return present;
}
