/** Statements on contacts that exist: reading, listing, changing, deleting, merging. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';

/** A person. */
export type Contact = {
  id: number;
  workspaceId: number;
  externalId: string | null;
  givenName: string | null;
  surname: string | null;
  attributes: Record<string, unknown>;
  timeZone: string | null;
  locale: string | null;
  credentialRequired: boolean;
  signedUpMs: number | null;
  createdMs: number;
  changedMs: number;
  lastInboundMs: number | null;
};

const COLUMNS = (db: Db) => db`
  c.id, c.workspace_id AS "workspaceId", c.external_id AS "externalId", c.given_name AS "givenName", c.surname,
  c.attributes, c.time_zone AS "timeZone", c.locale, c.credential_required AS "credentialRequired",
  c.signed_up_ms AS "signedUpMs", c.created_ms AS "createdMs", c.changed_ms AS "changedMs",
  c.last_inbound_ms AS "lastInboundMs"`;

/** Contacts by id, in no order. Locks nothing. */
export async function selectContacts(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Contact[]> {
  return await db<Contact[]>`
    SELECT ${COLUMNS(db)} FROM contacts c
    WHERE c.bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND c.workspace_id = ${workspaceId}
      AND c.id = ANY(${[...ids]}::bigint[])`;
}
