/** What waits in the queue and the feed, for those who watch. Counts rows: for a look every few seconds, not for deciding. */
import type { Sql } from '../db/pool.ts';
import { selectFeedBacklog } from './feed/sql.ts';
import { KIND } from './work/kinds.ts';
import { selectWorkBacklog } from './work/sql.backlog.ts';

/** Work by kind, apart by whether somebody waits for it; what waits longer than it should has `overdueMs`. */
export type Backlog = {
  work: { kind: string; stream: 'interactive' | 'bulk'; items: number; overdueMs: number }[];
  events: number;
  eventsOverdueMs: number;
};

const NAMES = new Map<number, string>(
  Object.entries(KIND).map(([name, kind]) => [
    kind,
    name.replaceAll(/[A-Z]/g, (sign) => `_${sign.toLowerCase()}`),
  ]),
);

/** Reads it. The two kinds that people wait for are told also when there is nothing. */
export async function readBacklog(sql: Sql, nowMs: number): Promise<Backlog> {
  const rows = await selectWorkBacklog(sql, nowMs);
  const feed = await selectFeedBacklog(sql);
  const work = rows.map(({ kind, interactive, items, oldestMs }) => ({
    kind: NAMES.get(kind) ?? `kind_${kind}`,
    stream: interactive ? ('interactive' as const) : ('bulk' as const),
    items,
    overdueMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs),
  }));
  for (const kind of ['delivery', 'webhook'])
    for (const stream of ['interactive', 'bulk'] as const)
      if (
        !work.some((one) => one.kind === kind && one.stream === stream) &&
        !(kind === 'webhook' && stream === 'bulk')
      )
        work.push({ kind, stream, items: 0, overdueMs: 0 });
  const eventsOverdueMs = feed.oldestMs === null ? 0 : Math.max(0, nowMs - feed.oldestMs);
  return { work, events: feed.events, eventsOverdueMs };
}
