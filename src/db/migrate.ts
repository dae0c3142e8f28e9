/**
 * Migrations: numbered plain SQL, forward only. The version row goes in first in the same transaction as the file, so
 * that two processes starting at once do not both run it. A file that was changed after it ran stops the start.
 *
 * A file that only adds says in a line `-- min_code: 19` which is the oldest code that goes on working beside it: the highest
 * number that code must have among its own files. Without that line only code that has the file itself may start.
 * A file that is written in another way, to the same end, names in a line `-- same_as: …` the checksum of what ran before.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../base/crypto.ts';
import { BUCKETS } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { StartRefusal } from '../base/refusal.ts';
import type { Db, Sql } from './pool.ts';

const MIGRATIONS_DIR = join(import.meta.dirname, 'migrations');
/** Any fixed number: the advisory lock that starters queue on. */
const MIGRATION_LOCK = 7_263_114;

type Migration = {
  version: number;
  name: string;
  text: string;
  checksum: string;
  sameAs: string | undefined;
  minCode: number;
};
type Done = { version: number; name: string; checksum: string; min_code: number | null };

/** How the schema of a database and this code stand to each other. */
type SchemaState = {
  /** Files that a start would run. */
  missing: string[];
  /** What newer code ran and this code can work beside. */
  newer: string[];
  /** Why this code must not start, in words. */
  refused?: string;
};

/**
 * Brings the database up to date, and learns whether it is distributed; returns the names of the files that ran. Throws when newer
 * code made a change that this code does not know and cannot work beside.
 */
export async function migrate(sql: Sql, nowMs: number, log?: Pick<Log, 'info'>): Promise<string[]> {
  const files = await readMigrations();
  const isSpread = await isDistributed(sql);
  const ran = await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    // What is done to all shards of a table at once forbids what comes after it in the transaction.
    if (isSpread) await tx`SET LOCAL citus.multi_shard_modify_mode = 'sequential'`;
    await tx`CREATE TABLE IF NOT EXISTS migrations (
      version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, ran_ms bigint NOT NULL)`;
    await tx`ALTER TABLE migrations ADD COLUMN IF NOT EXISTS min_code integer`;
    const done = await tx<Done[]>`SELECT version, name, checksum, min_code FROM migrations`;
    const { missing, newer, refused } = compare(files, done);
    if (refused !== undefined) throw new StartRefusal(refused);
    if (newer.length) log?.info({ newer }, 'newer code has added to the database; this code works beside it');
    for (const file of files) {
      if (!missing.includes(file.name)) continue;
      await tx`INSERT INTO migrations (version, name, checksum, ran_ms, min_code)
        VALUES (${file.version}, ${file.name}, ${file.checksum}, ${nowMs}, ${file.minCode})`;
      // One by one: Citus takes no text that makes several tables.
      for (const statement of statementsOf(file.text)) await tx.unsafe(statement);
    }
    return missing;
  });
  await learnPlacement(sql);
  return ran;
}

/** Learns whether tables are spread over shards, and how, of a schema that is there: for a pool that does not migrate. */
export async function learnPlacement(sql: Sql): Promise<void> {
  if (!(await isDistributed(sql))) return;
  const rows = await sql<{ shard: number }[]>`
    SELECT get_shard_id_for_distribution_column('due', bucket) AS shard FROM generate_series(0, ${BUCKETS - 1}) bucket ORDER BY bucket`;
  Object.assign(sql.placement, { distributed: true, shardOf: rows.map(({ shard }) => shard) });
}

async function isDistributed(db: Db): Promise<boolean> {
  const rows = await db`SELECT 1 FROM pg_extension WHERE extname = 'citus'`;
  return rows.length > 0;
}

/** What a start would meet in the schema; changes nothing. */
export async function schemaState(db: Db): Promise<SchemaState> {
  const files = await readMigrations();
  const [table] = await db<{ columns: number }[]>`
    SELECT count(*) FILTER (WHERE attname IN ('version', 'min_code')) AS columns
    FROM pg_attribute WHERE attrelid = to_regclass('migrations')`;
  if (!table!.columns) return compare(files, []);
  const minCode = table!.columns === 2 ? db`min_code` : db`NULL::integer AS min_code`;
  return compare(files, await db<Done[]>`SELECT version, name, checksum, ${minCode} FROM migrations`);
}

function compare(files: readonly Migration[], done: readonly Done[]): SchemaState {
  const newest = Math.max(0, ...files.map(({ version }) => version));
  const ran = new Set(done.map(({ version }) => version));
  const missing = files.filter(({ version }) => !ran.has(version)).map(({ name }) => name);
  const unknown = done.filter(({ version }) => !files.some((file) => file.version === version));
  const state = { missing, newer: unknown.map(({ name }) => name) };
  const tooNew = unknown.find(({ version, min_code: minCode }) => (minCode ?? version) > newest);
  if (tooNew)
    return {
      ...state,
      refused: `the database is newer than this Parley: it has migration ${tooNew.name}, beside which this code cannot work; start the newer version`,
    };
  const changed = done.find(({ version, checksum }) =>
    files.some((file) => file.version === version && file.checksum !== checksum && file.sameAs !== checksum),
  );
  if (changed)
    return { ...state, refused: `migration ${changed.name} was changed after it ran; put the original back` };
  return state;
}

/** What stands between semicolons: outside of comments, of text and of bodies of functions. */
function statementsOf(text: string): string[] {
  const parts = text.match(/(?:--.*|'[^']*'|\$(\w*)\$[^]*?\$\1\$|[^;])+/g) ?? [];
  return parts.filter((part) => part.replace(/--.*/g, '').trim() !== '');
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS_DIR)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(MIGRATIONS_DIR, name), 'utf8');
      const version = Number(name.slice(0, 4));
      const minCode = Number(/^-- min_code: (\d+)$/m.exec(text)?.[1] ?? version);
      const sameAs = /^-- same_as: ([0-9a-f]{64})$/m.exec(text)?.[1];
      return { version, name, text, checksum: sha256Hex(text), sameAs, minCode };
    }),
  );
}
