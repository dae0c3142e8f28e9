/**
 * One contact's way through a back-test, to be read page after page. Where a decision stands follows from all before it, so a way is made
 * as a whole; one that is long is kept for its next page. What is kept is of a few, for a moment, and of nobody who is gone meanwhile.
 */
import type { Clock } from '../../base/clock.ts';
import { getContact } from '../../contacts/contacts.ts';
import type { Sql } from '../../db/pool.ts';
import { pathIn } from './backtests.ts';
import type { Replayed } from './replay.ts';
import type { BacktestRow } from './sql.ts';
import type { TryDeps } from './try.ts';

/** Something of a way: a decision, that somebody was not let in, or a message that would have been. */
type OfWay = { atMs: number } & (
  | { decision: Replayed['changes']['log'][number] }
  | { refusal: string }
  | { send: Replayed['sends'][number] }
);
type Way = readonly OfWay[];

/** A place in a way: an instant, and how much that was of it was read. */
export type WayPlace = { atMs: number; told: number };

/** A way of 20,000 takes 0.2 s to make and 3 MB to keep; one of fewer than this is made again as quickly as it is found. */
const LONG = 1_000;
const MOST_KEPT = 4;
const KEPT_MS = 30_000;

type Kept = { way: Way; madeMs: number };
const keptOf = new WeakMap<Sql, Map<string, Kept>>();

/** A page of it, the oldest first; nothing where nothing they did sets it off. */
export async function wayPage(
  deps: TryDeps & { clock: Clock },
  backtest: BacktestRow,
  contactId: number,
  page: { after: WayPlace | undefined; limit: number },
): Promise<{ found: Way; next: WayPlace | undefined }> {
  const way = await wayOf(deps, backtest, contactId);
  const { after = { atMs: 0, told: 0 }, limit } = page;
  const first = way.findIndex(({ atMs }) => atMs >= after.atMs);
  const isThere = way[first]?.atMs === after.atMs;
  const from = first < 0 ? way.length : first + (isThere ? after.told : 0);
  const found = way.slice(from, from + limit);
  const last = found.at(-1);
  if (!last || from + limit >= way.length) return { found, next: undefined };
  const told = from + limit - way.findIndex(({ atMs }) => atMs === last.atMs);
  return { found, next: { atMs: last.atMs, told } };
}

async function wayOf(
  deps: TryDeps & { clock: Clock },
  backtest: BacktestRow,
  contactId: number,
): Promise<Way> {
  const kept = keptOf.get(deps.sql) ?? new Map<string, Kept>();
  keptOf.set(deps.sql, kept);
  const key = `${backtest.id} ${contactId}`;
  const nowMs = deps.clock.nowMs();
  for (const [other, { madeMs }] of kept) if (nowMs - madeMs > KEPT_MS || nowMs < madeMs) kept.delete(other);
  const known = kept.get(key);
  // Who was erased since, or is somebody else now, has no way any more.
  if (known) return (await getContact(deps.sql, backtest.workspaceId, contactId)) ? known.way : [];
  const replayed = await pathIn(deps, backtest, contactId);
  const way = replayed ? inOrder(replayed) : [];
  if (way.length < LONG) return way;
  kept.set(key, { way, madeMs: nowMs });
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
  return way;
}

function inOrder({ changes, refused, sends }: Replayed): Way {
  return [
    ...changes.log.map((decision): OfWay => ({ atMs: decision.atMs, decision })),
    ...refused.map(({ reason, atMs }): OfWay => ({ atMs, refusal: reason })),
    ...sends.map((send): OfWay => ({ atMs: send.wantedMs, send })),
  ].toSorted((a, b) => a.atMs - b.atMs);
}
