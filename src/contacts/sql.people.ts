/** Reading contacts and their destinations for a send: one statement for a whole batch. */
import type { ChannelName } from '../../contract/channels.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { destinationIdOf } from './keys.ts';
import { selectMerged } from './sql.merge.ts';

/** A contact's address on a channel, as the gate and the choice of destination need it. */
export type Reachable = {
  destinationId: number;
  channel: string;
  integrationId: number | null;
  address: string;
  status: 'pending' | 'active' | 'inactive' | 'blocked';
  blockedClasses: number;
  blockedReason: string | null;
  lastInboundMs: number | null;
  linkedMs: number;
};

/** A contact with the destinations asked for. */
export type Person = {
  contactId: number;
  workspaceId: number;
  externalId: string | null;
  givenName: string | null;
  surname: string | null;
  attributes: Record<string, unknown> | null;
  timeZone: string | null;
  locale: string | null;
  destinations: Reachable[];
};

type PersonRow = Omit<Person, 'destinations'> & { [column in keyof Reachable]: Reachable[column] | null };

type Named = { workspaceId: number; contactId: number };
type Want = { channel?: string | undefined; attributes: boolean };

/**
 * Contacts with their destinations, by contact id; on one channel when given. Attributes are left out (null) unless asked
 * for: decoding them costs more than all other columns together. A contact that was merged is the one it became, with
 * destinations under the ids they had.
 */
export async function selectPeople(
  db: Db,
  contacts: readonly Named[],
  want: Want,
): Promise<Map<number, Person>> {
  const people = await selectPresent(db, contacts, want);
  const absent = contacts.filter(({ contactId }) => !people.has(contactId));
  const merged = absent.length > 0 ? await selectMerged(db, absent) : [];
  if (merged.length === 0) return people;
  const named = merged.map(({ workspaceId, intoId }) => ({ workspaceId, contactId: intoId }));
  const survivors = await selectPresent(db, named, want);
  for (const { contactId, intoId } of merged) {
    const survivor = survivors.get(intoId);
    if (survivor) people.set(contactId, { ...survivor, destinations: asOf(contactId, survivor) });
  }
  return people;
}

/** The ids of destinations are made of what they are and whose: what was linked before is found under the id it had. */
function asOf(contactId: number, { workspaceId, destinations }: Person): Reachable[] {
  return destinations.map((one) => ({
    ...one,
    destinationId: destinationIdOf({ ...one, channel: one.channel as ChannelName, workspaceId, contactId }),
  }));
}

async function selectPresent(db: Db, contacts: readonly Named[], want: Want): Promise<Map<number, Person>> {
  const rows = await db<PersonRow[]>`
    SELECT c.id AS "contactId", c.workspace_id AS "workspaceId", c.external_id AS "externalId", c.given_name AS "givenName", c.surname,
      ${want.attributes ? db`c.attributes` : db`NULL::jsonb AS attributes`}, c.time_zone AS "timeZone", c.locale,
      d.id AS "destinationId", d.channel, d.integration_id AS "integrationId", d.address, d.status,
      d.blocked_classes AS "blockedClasses", d.blocked_reason AS "blockedReason", d.last_inbound_ms AS "lastInboundMs",
      d.linked_ms AS "linkedMs"
    FROM unnest(${contacts.map((c) => bucketOf(c.contactId))}::smallint[], ${contacts.map((c) => c.workspaceId)}::bigint[],
      ${contacts.map((c) => c.contactId)}::bigint[]) AS k (bucket, workspace_id, id)
    JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = k.workspace_id AND c.id = k.id
    LEFT JOIN destinations d ON d.bucket = c.bucket AND d.contact_id = c.id
      ${want.channel === undefined ? db`` : db`AND d.channel = ${want.channel}`}`;
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
        destinations: [],
      };
      people.set(row.contactId, person);
    }
    if (row.destinationId !== null) person.destinations.push(row as Reachable);
  }
  return people;
}
