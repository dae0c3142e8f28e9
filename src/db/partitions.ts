/**
 * Time partitions. Tables partitioned by id are partitioned by time, since an id carries its time (base/ids.ts): a
 * partition is a calendar month. Months are made ahead; retention drops whole months. A default partition catches what
 * would otherwise be refused (a clock that is far off).
 */
import { firstIdAt } from '../base/ids.ts';
import { isLockNotHad } from './errors.ts';
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

/**
 * How long a month that is to be made or dropped waits for its table. All who come to the table meanwhile wait behind it, and it waits for whoever reads
 * there: a backup, for hours. What is not had so soon is tried again in the next round.
 */
const WAITS_MS = 200;

/**
 * Makes the partitions of this month and those to come. Safe to run at any time, by several processes. Without this month's nothing is written as it
 * should: it is waited for.
 */
export async function ensurePartitions(sql: Sql, nowMs: number): Promise<void> {
  const present = new Set((await partitions(sql)).map(({ name }) => name));
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++)
    for (const table of TIMED_TABLES) {
      const month = monthOf(table, nowMs, ahead);
      if (present.has(month.name)) continue;
      await unlessBusy(() => sql.begin((tx) => make(tx, table, month, ahead === 0)));
    }
}

async function make(
  tx: Tx,
  table: string,
  { name, from, to }: ReturnType<typeof monthOf>,
  isNow: boolean,
): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(hashtext('partitions'))`;
  if (!isNow) await boundWait(tx);
  const isThere = (await partitions(tx)).some((one) => one.name === name);
  if (isThere || (await isTaken(tx, table, from, to))) return;
  await tx.unsafe(
    `CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM (${from}) TO (${to})${storageOf(table)}`,
  );
}

/**
 * Drops months that ended more than `keepMs` ago, but for those of tables in which somebody reads for long; returns the names of what was dropped.
 * `keepMs` may differ per table.
 */
export async function dropOldPartitions(
  sql: Sql,
  nowMs: number,
  keepMs: (table: string) => number,
): Promise<string[]> {
  const dropped: string[] = [];
  for (const { name, table } of await partitions(sql)) {
    const end = endOfMonth(name);
    if (end === undefined || end > nowMs - keepMs(table)) continue;
    const isGone = await unlessBusy(() =>
      sql.begin(async (tx) => {
        await boundWait(tx);
        await tx.unsafe(`DROP TABLE IF EXISTS ${name}`);
      }),
    );
    if (isGone) dropped.push(name);
  }
  return dropped;
}

async function boundWait(tx: Tx): Promise<void> {
  await tx.unsafe(`SET LOCAL lock_timeout = ${WAITS_MS}`);
}

/** False when somebody has the table and goes on having it. */
async function unlessBusy(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isLockNotHad(error)) return false;
    throw error;
  }
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
