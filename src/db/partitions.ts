/**
 * Time partitions. Tables partitioned by id are partitioned by time, since an id carries its time (base/ids.ts): a
 * partition is a calendar month. Months are made ahead; retention drops whole months. A default partition catches what
 * would otherwise be refused (a clock that is far off).
 */
import { firstIdAt } from '../base/ids.ts';
import type { Db, Sql, Tx } from './pool.ts';

/** Tables that are kept only for so long: everything in them is dropped with its month. */
const TIMED_TABLES = [
  'feed_log',
  'deliveries',
  'messages',
  'message_words',
  'webhook_calls',
  'simulated_messages',
  'audit_log',
  'contact_events',
  'enrolment_log',
] as const;

/**
 * Tables that are partitioned by a time itself, which may lie in the past, and by the clock of a test workspace in the future: what
 * no month was made for is in the default partition.
 */
const BY_TIME: readonly string[] = ['contact_events', 'enrolment_log'];

/** What contacts did is asked for a year back, and a little more. */
export const EVENTS_KEPT_DAYS = 400;
/** The same in milliseconds. */
export const EVENTS_KEPT_MS = EVENTS_KEPT_DAYS * 86_400_000;

/** Months made ahead of now. */
const MONTHS_AHEAD = 2;

/** Makes the partitions of this month and those to come. Safe to run at any time, by several processes. */
export async function ensurePartitions(sql: Sql, nowMs: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(hashtext('partitions'))`;
    const present = new Set((await partitions(tx)).map(({ name }) => name));
    for (const table of TIMED_TABLES) {
      for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
        const { name, from, to } = monthOf(table, nowMs, ahead);
        if (present.has(name) || (await isTaken(tx, table, from, to))) continue;
        await tx.unsafe(
          `CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM (${from}) TO (${to})${storageOf(table)}`,
        );
      }
    }
  });
}

/** Drops months that ended more than `keepMs` ago; returns the names of what was dropped. `keepMs` may differ per table. */
export async function dropOldPartitions(
  sql: Sql,
  nowMs: number,
  keepMs: (table: string) => number,
): Promise<string[]> {
  const dropped: string[] = [];
  for (const { name, table } of await partitions(sql)) {
    const end = endOfMonth(name);
    if (end === undefined || end > nowMs - keepMs(table)) continue;
    await sql.unsafe(`DROP TABLE IF EXISTS ${name}`);
    dropped.push(name);
  }
  return dropped;
}

/** A delivery that its receipt moves on stays on its page, where there is room for the new row (HOT), and no index is written. */
function storageOf(table: string): string {
  return table === 'deliveries' ? ' WITH (fillfactor = 80)' : '';
}

/** Whether the default partition has rows of a month: a workspace's clock has been there before ours. Then it keeps them all. */
async function isTaken(tx: Tx, table: string, from: number, to: number): Promise<boolean> {
  if (!BY_TIME.includes(table)) return false;
  const found = await tx.unsafe(
    `SELECT 1 FROM ${table}_rest WHERE at_ms >= ${from} AND at_ms < ${to} LIMIT 1`,
  );
  return found.length > 0;
}

async function partitions(db: Db): Promise<{ name: string; table: string }[]> {
  return await db<{ name: string; table: string }[]>`
    SELECT child.relname AS name, parent.relname AS table
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
    WHERE parent.relname = ANY(${[...TIMED_TABLES]}) AND child.relkind = 'r'`;
}

function monthOf(table: string, nowMs: number, ahead: number): { name: string; from: number; to: number } {
  const now = new Date(nowMs);
  const from = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1);
  const to = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1, 1);
  const label = new Date(from).toISOString().slice(0, 7).replace('-', '_');
  const bound = BY_TIME.includes(table) ? (ms: number) => ms : firstIdAt;
  return { name: `${table}_${label}`, from: bound(from), to: bound(to) };
}

function endOfMonth(partition: string): number | undefined {
  const month = /_(\d{4})_(\d{2})$/.exec(partition);
  return month ? Date.UTC(Number(month[1]), Number(month[2]), 1) : undefined;
}
