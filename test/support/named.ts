/** Which tables name somebody: every row of every table is looked at. */
import type { Sql } from '../../src/db/pool.ts';

/** What may name somebody who was erased: what keeps from writing to them again, and answers to repeats, for a day. */
export const MAY_NAME = ['idempotency'];
/** What tells that something was sent or agreed, without whom and what; ids only. */
const MAY_COUNT = [
  'deliveries',
  'consent_log',
  'usage_people',
  'feed_log',
  'audit_log',
  'inbound_seen',
  'feed',
  'due',
];

/** The tables in which a row says one of these, with how many rows. */
export async function tablesWith(
  sql: Sql,
  marks: readonly string[],
  except: readonly string[],
): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition`;
  const found: string[] = [];
  for (const { name } of tables) {
    if (except.includes(name)) continue;
    const [row] = await sql.unsafe<{ n: number }[]>(
      `SELECT count(*)::integer AS n FROM "${name}" t WHERE t::text ILIKE ANY($1::text[])`,
      [marks.map((mark) => `%${mark}%`)],
    );
    if (row!.n > 0) found.push(`${name}: ${row!.n}`);
  }
  return found;
}

/** Rows that have the id of a contact, in any column that is an id of one. */
export async function rowsOf(sql: Sql, contactId: number): Promise<string[]> {
  const columns = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND a.attname = 'contact_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition`;
  const found: string[] = [];
  for (const { name } of columns) {
    if (MAY_COUNT.includes(name)) continue;
    const rows = await sql.unsafe(`SELECT 1 FROM "${name}" WHERE contact_id = $1`, [contactId]);
    if (rows.length > 0) found.push(`${name}: ${rows.length}`);
  }
  return found;
}
