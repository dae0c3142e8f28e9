/** The statements on what is sealed, wherever it is, and on what the install keeps of its secret. */
import type { Db } from '../db/pool.ts';

/** A column of sealed secrets: what binds a row's text to the row is `context:<id>`, or the context alone where there is one row. */
export type SealedColumn = { table: string; key: string; column: string; context: string; single?: true };

/** Every column that holds something sealed under the install's secret for good. `install` is apart. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'integrations', key: 'id', column: 'secrets_sealed', context: 'integration' },
  { table: 'integrations', key: 'id', column: 'callback_key_sealed', context: 'callback' },
  { table: 'api_keys', key: 'id', column: 'secret_sealed', context: 'key' },
  { table: 'webhooks', key: 'id', column: 'secret_sealed', context: 'webhook' },
  { table: 'demo', key: 'workspace_id', column: 'credentials_sealed', context: 'demo' },
  { table: 'connect_clients', key: 'id', column: 'secret_sealed', context: 'connect' },
  { table: 'second_factors', key: 'operator_id', column: 'secret_sealed', context: 'second factor' },
  { table: 'proof_keys', key: 'id', column: 'key_sealed', context: 'proof key', single: true },
];

/** Any fixed number: the advisory lock of whoever writes what the install keeps. */
const INSTALL_LOCK = 7_263_116;

/** Waits for its turn to write what the install keeps; held until the transaction ends. */
export async function lockInstall(db: Db): Promise<void> {
  await db`SELECT pg_advisory_xact_lock(${INSTALL_LOCK})`;
}

/** What the install keeps, by name. */
export async function selectInstall(db: Db): Promise<Map<string, Uint8Array>> {
  const rows = await db<{ name: string; value: Uint8Array }[]>`SELECT name, value FROM install`;
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** Keeps a value, in place of the one by that name. */
export async function upsertInstall(db: Db, name: string, value: Uint8Array): Promise<void> {
  await db`
    INSERT INTO install (name, value) VALUES (${name}, ${value})
    ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`;
}

/** Forgets a value. */
export async function deleteInstall(db: Db, name: string): Promise<void> {
  await db`DELETE FROM install WHERE name = ${name}`;
}

/** The next sealed values of a column, by key. The names are the code's own (SEALED_COLUMNS). */
export async function selectSealed(
  db: Db,
  { table, key, column }: SealedColumn,
  afterId: number,
  limit: number,
): Promise<{ id: number; sealed: Uint8Array }[]> {
  return await db.unsafe<{ id: number; sealed: Uint8Array }[]>(
    `SELECT ${key} AS id, ${column} AS sealed FROM ${table}
     WHERE ${key} > $1 AND ${column} IS NOT NULL ORDER BY ${key} LIMIT $2`,
    [afterId, limit],
  );
}

/** Puts sealed values in the place of others; a row that was changed meanwhile stays as it is. Locks the rows. */
export async function updateSealed(
  db: Db,
  { table, key, column }: SealedColumn,
  rows: readonly { id: number; before: Uint8Array; after: Uint8Array }[],
): Promise<void> {
  await db.unsafe(
    `UPDATE ${table} t SET ${column} = n.after
     FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) n (id, before, after)
     WHERE t.${key} = n.id AND t.${column} = n.before`,
    [
      rows.map(({ id }) => id),
      rows.map(({ before }) => Buffer.from(before)),
      rows.map(({ after }) => Buffer.from(after)),
    ],
  );
}

/** How many connections of other Parley processes this database has. */
export async function countOtherProcesses(db: Db): Promise<number> {
  const rows = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'parley' AND pid <> pg_backend_pid()`;
  return rows[0]!.n;
}
