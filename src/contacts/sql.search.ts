/**
 * Statements that find contacts by the beginning of what they are known by. Each comes twice, since no plan is good for both:
 * few matches are collected through the index of the texts; where there are many, the newest contacts are walked through until
 * enough match. Walking for what nobody has took 0.6 to 1.1 s in a million contacts; collecting takes under 1 ms.
 */
import { bucketOf } from '../base/ids.ts';
import type { Db, Fragment } from '../db/pool.ts';

/** What is searched for, and in which part of the contacts. */
export type SearchPage = { workspaceId: number; belowId: number; limit: number };

/** Names to look for: a given name or surname that begins with `whole`, or one of each that begin with `first` and `rest`. */
export type NameSearch = { whole: string; first?: string; rest?: string };

/** Above every text that begins with what stands before it, byte by byte. */
const LAST = '\u{10FFFF}';

/**
 * Ids below `belowId` of contacts that own an address or external id beginning with one of `prefixes`: any `limit` for each.
 * Tokens are secrets and not looked at. Locks nothing.
 */
export async function collectIdentities(
  db: Db,
  page: SearchPage,
  prefixes: readonly string[],
): Promise<number[]> {
  return await idsOf(
    db,
    prefixes.map(
      (prefix) => db`(
      SELECT i.contact_id AS id FROM identities i
      WHERE i.workspace_id = ${page.workspaceId} AND i.kind <> 'token' AND ${identityBegins(db, prefix)}
        AND i.contact_id < ${page.belowId}
      ORDER BY i.value USING ~<~ LIMIT ${page.limit})`,
    ),
  );
}

/** As collectIdentities, the highest ids: of all, or of those that own the newest `among`. Locks nothing. */
export async function walkIdentities(
  db: Db,
  page: SearchPage,
  prefixes: readonly string[],
  among?: number,
): Promise<number[]> {
  const begins = prefixes
    .map((prefix) => identityBegins(db, prefix))
    .reduce((all, one) => db`${all} OR ${one}`);
  return await idsOf(db, [
    db`SELECT DISTINCT i.contact_id AS id FROM (
        SELECT contact_id, kind, value FROM identities
        WHERE workspace_id = ${page.workspaceId} AND contact_id < ${page.belowId}
        ORDER BY contact_id DESC ${among === undefined ? db`` : db`LIMIT ${among}`}) i
      WHERE i.kind <> 'token' AND (${begins})
      ORDER BY i.contact_id DESC LIMIT ${page.limit}`,
  ]);
}

/** Ids below `belowId` of contacts with such a name: any `limit` for each way to match. Locks nothing. Reads every bucket. */
export async function collectNames(db: Db, page: SearchPage, names: NameSearch): Promise<number[]> {
  const collect = (begins: Fragment, order: Fragment) => db`(
    SELECT c.id FROM contacts c
    WHERE c.workspace_id = ${page.workspaceId} AND c.bucket >= 0 AND c.id < ${page.belowId} AND ${begins}
    ORDER BY ${order} USING ~<~ LIMIT ${page.limit})`;
  const { given, surname } = columns(db);
  const both = bothBegin(db, names);
  return await idsOf(db, [
    collect(begins(db, given, names.whole), given),
    collect(begins(db, surname, names.whole), surname),
    ...(both ? [collect(both, surname)] : []),
    // What people call themselves where they write from: the From of their mail, a WhatsApp profile.
    db`(
    SELECT d.contact_id AS id FROM destinations d
    WHERE d.workspace_id = ${page.workspaceId} AND d.bucket >= 0 AND d.contact_id < ${page.belowId}
      AND d.display_name IS NOT NULL AND ${begins(db, called(db), names.whole)}
    ORDER BY ${called(db)} USING ~<~ LIMIT ${page.limit})`,
  ]);
}

/** As collectNames, the highest ids: of all, or of the newest `among`. Locks nothing. Reads every bucket. */
export async function walkNames(
  db: Db,
  page: SearchPage,
  names: NameSearch,
  among?: number,
): Promise<number[]> {
  return await idsOf(db, [
    db`SELECT c.id FROM (
        SELECT bucket, id, given_name, surname FROM contacts
        WHERE workspace_id = ${page.workspaceId} AND bucket >= 0 AND id < ${page.belowId}
        ORDER BY id DESC ${among === undefined ? db`` : db`LIMIT ${among}`}) c
      WHERE ${isCalled(db, names)}
      ORDER BY c.id DESC LIMIT ${page.limit}`,
  ]);
}

/** Those of some contacts whose name, address or external id begins so. Looks at theirs and at nobody else's. Locks nothing. */
export async function selectFoundAmong(
  db: Db,
  of: { workspaceId: number; contactIds: readonly number[] },
  names: NameSearch,
  prefixes: readonly string[],
): Promise<number[]> {
  const { workspaceId, contactIds } = of;
  const begins = prefixes
    .map((prefix) => identityBegins(db, prefix))
    .reduce((all, one) => db`${all} OR ${one}`);
  // Fenced, so that no plan goes through the index of the texts, in which a million may begin so.
  return await idsOf(db, [
    db`SELECT c.id FROM (
        SELECT c.bucket, c.id, c.given_name, c.surname FROM contacts c
        JOIN unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, id)
          ON c.bucket = k.bucket AND c.id = k.id
        WHERE c.workspace_id = ${workspaceId} OFFSET 0) c
      WHERE ${isCalled(db, names)}`,
    db`SELECT i.contact_id AS id FROM (
        SELECT contact_id, kind, value FROM identities
        WHERE workspace_id = ${workspaceId} AND contact_id = ANY(${[...contactIds]}::bigint[]) OFFSET 0) i
      WHERE i.kind <> 'token' AND (${begins})`,
  ]);
}

/** Whether `c` has such a name. */
function isCalled(db: Db, names: NameSearch): Fragment {
  const { given, surname } = columns(db);
  const both = bothBegin(db, names);
  return db`(${begins(db, given, names.whole)} OR ${begins(db, surname, names.whole)} ${both ? db`OR ${both}` : db``}
          OR EXISTS (SELECT 1 FROM destinations d WHERE d.bucket = c.bucket AND d.contact_id = c.id
            AND d.display_name IS NOT NULL AND ${begins(db, called(db), names.whole)}))`;
}

async function idsOf(db: Db, parts: readonly Fragment[]): Promise<number[]> {
  const rows = await db<{ id: number }[]>`${parts.reduce((all, one) => db`${all} UNION ALL ${one}`)}`;
  return [...new Set(rows.map((row) => row.id))];
}

function identityBegins(db: Db, prefix: string): Fragment {
  return db`(i.value ~>=~ ${prefix}::text AND i.value ~<~ ${prefix + LAST}::text)`;
}

const columns = (db: Db) => ({ given: db`lower(c.given_name)`, surname: db`lower(c.surname)` });

const called = (db: Db) => db`lower(d.display_name)`;

function begins(db: Db, column: Fragment, text: string): Fragment {
  return db`(${column} ~>=~ lower(${text}::text) AND ${column} ~<~ (lower(${text}::text) || ${LAST}::text))`;
}

function bothBegin(db: Db, names: NameSearch): Fragment | undefined {
  if (names.first === undefined || names.rest === undefined) return undefined;
  const { given, surname } = columns(db);
  return db`(${begins(db, given, names.first)} AND ${begins(db, surname, names.rest)})`;
}
