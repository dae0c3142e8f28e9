/**
 * Single messages of one moment go together, though they are of many lanes: their facts are read, and what came of them is written, in
 * one set of statements (16 messages that come at once are in 13 lanes). So does what campaigns send, apart from those. Each batch keeps its
 * flight and its fence.
 */
import type { Clock } from '../../base/clock.ts';
import type { Sql } from '../../db/pool.ts';
import type { Batch } from '../../queue/work/work.ts';

/** One that waits for a row somebody has locked holds up only those that went with it. */
export const patience = (clock: Clock) => ({ clock, ms: 50, atOnce: 4 });

/** Items that go together, at most: what a row costs Postgres falls no further beyond about 500 (measured). */
const MOST = 500;

/** How many from the front go together, by what each brings; at least one. */
export function most(sizes: readonly number[]): number {
  let sum = 0;
  const end = sizes.findIndex((size) => (sum += size) > MOST);
  return end < 0 ? sizes.length : Math.max(1, end);
}

/**
 * What may go together: all that is single, and all that campaigns send, so that nobody waits behind those; on Citus only what is of one
 * lane, which is a shard's.
 */
export function togetherKey(sql: Sql, { lane: { lane }, stream }: Pick<Batch, 'lane' | 'stream'>): number {
  const place = sql.placement.distributed ? lane + 1 : 1;
  return stream === 0 ? place : -place;
}
