/**
 * Statistics of the tables that audiences are read from. Postgres plans by them, and gathers them about a minute after a table has
 * grown; until then it takes a table for small, and the forecast of the first 20,000 imported contacts took a minute instead of 0.1 s.
 * So an import has them gathered at its end, and whoever reads an audience looks first whether a table has grown since.
 */
import type { Sql } from '../db/pool.ts';
import { analyse, selectGrown } from './sql.statistics.ts';

/** The tables, in the order in which they are looked at. */
const TABLES = ['contacts', 'destinations', 'identities', 'set_members', 'sets', 'caps'] as const;

/** Gathers statistics of what has grown to more than twice of what is known of it. One cheap look when nothing has. */
export async function keepStatistics(sql: Sql): Promise<void> {
  for (const table of await selectGrown(sql, TABLES)) await analyse(sql, table);
}
