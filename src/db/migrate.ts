/**
 * Migrations: numbered plain SQL, forward only. The version row goes in first in the same transaction as the file, so
 * that two processes starting at once do not both run it. A file that was changed after it ran stops the start.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../base/crypto.ts';
import type { Sql } from './pool.ts';

const MIGRATIONS_DIR = join(import.meta.dirname, 'migrations');
/** Any fixed number: the advisory lock that starters queue on. */
const MIGRATION_LOCK = 7_263_114;

type Migration = { version: number; name: string; text: string; checksum: string };

/** Brings the database up to date, and learns whether it is distributed; returns the names of the files that ran. Throws when the store is newer than this code. */
export async function migrate(sql: Sql, nowMs: number): Promise<string[]> {
  const files = await readMigrations();
  const [found] = await sql<{ distributed: boolean }[]>`
    SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS distributed`;
  sql.placement.distributed = found!.distributed;
  return await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await tx`CREATE TABLE IF NOT EXISTS migrations (
      version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, ran_ms bigint NOT NULL)`;
    const done = await tx<
      { version: number; name: string; checksum: string }[]
    >`SELECT version, name, checksum FROM migrations`;
    const ran: string[] = [];
    refuseOdd(files, done);
    for (const file of files) {
      if (done.some((row) => row.version === file.version)) continue;
      await tx`INSERT INTO migrations (version, name, checksum, ran_ms)
        VALUES (${file.version}, ${file.name}, ${file.checksum}, ${nowMs})`;
      await tx.unsafe(file.text);
      ran.push(file.name);
    }
    return ran;
  });
}

function refuseOdd(
  files: readonly Migration[],
  done: readonly { version: number; name: string; checksum: string }[],
): void {
  for (const row of done) {
    const file = files.find(({ version }) => version === row.version);
    if (!file)
      throw new Error(
        `the database is newer than this Parley: it has migration ${row.name}; start the newer version`,
      );
    if (file.checksum !== row.checksum)
      throw new Error(`migration ${row.name} was changed after it ran; put the original back`);
  }
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS_DIR)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(MIGRATIONS_DIR, name), 'utf8');
      return { version: Number(name.slice(0, 4)), name, text, checksum: sha256Hex(text) };
    }),
  );
}
