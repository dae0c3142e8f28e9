/**
 * Finding conversations by whom they are with, open or closed, the newest first. Where few people are called so, their conversations are
 * looked up; where many are, the newest conversations are walked through, so many at a time: then a page may hold less than was asked for,
 * or nothing, and yet not be the last.
 */
import { allFound, foundAmong } from '../contacts/search.ts';
import type { Sql } from '../db/pool.ts';
import { selectRows, walkNewest, type InboxRow, type ViewPlace } from './sql.ts';

/** Conversations that are looked at together. */
const STEP = 500;
/** So often at most for a page: with what each looks up, some 40 ms where a million people are called so. */
const MOST_STEPS = 4;
/** People whose conversations are looked up; where more are found, it is quicker to walk. */
const MOST_PEOPLE = 1_000;

/** What is looked for: whom it is with, and what else narrows it. */
type WithLook = {
  workspaceId: number;
  search: string;
  fits: (row: InboxRow) => boolean;
};

/** A page; `next` is the place behind which to go on, undefined where there are no more. */
type WithPage = { rows: InboxRow[]; next: ViewPlace | undefined };

/** Conversations with who is called so, or has such an address or id. */
export async function findWith(
  sql: Sql,
  look: WithLook,
  page: { after?: ViewPlace | undefined; limit: number },
): Promise<WithPage> {
  const { limit } = page;
  const first = await walk(sql, look, page.after);
  if (first.rows.length > limit || first.next === undefined) return cut(first, limit);
  const few = await allFound(sql, look.workspaceId, look.search, MOST_PEOPLE);
  if (few) {
    const rows = (await selectRows(sql, look.workspaceId, few)).filter(
      (row) => look.fits(row) && isBehind(row, page.after),
    );
    rows.sort((a, b) => b.lastMs - a.lastMs || b.contactId - a.contactId);
    return cut({ rows, next: undefined }, limit);
  }
  const { rows } = first;
  let next: WithPage['next'] = first.next;
  for (let steps = 1; steps < MOST_STEPS && next !== undefined && rows.length <= limit; steps++) {
    const more = await walk(sql, look, next);
    rows.push(...more.rows);
    next = more.next;
  }
  return cut({ rows, next }, limit);
}

/** The next stretch of the newest conversations behind a place, and those in it that are looked for. */
async function walk(sql: Sql, look: WithLook, after: ViewPlace | undefined): Promise<WithPage> {
  const { workspaceId, search, fits } = look;
  const looked = await walkNewest(sql, workspaceId, after, STEP);
  const fitting = looked.filter(fits);
  const found = await foundAmong(
    sql,
    workspaceId,
    search,
    fitting.map(({ contactId }) => contactId),
  );
  return {
    rows: fitting.filter(({ contactId }) => found.has(contactId)),
    next: looked.length < STEP ? undefined : placeOf(looked.at(-1)!),
  };
}

function cut({ rows, next }: WithPage, limit: number): WithPage {
  return rows.length > limit
    ? { rows: rows.slice(0, limit), next: placeOf(rows[limit - 1]!) }
    : { rows, next };
}

function placeOf({ lastMs, contactId }: InboxRow): ViewPlace {
  return { rank: -lastMs, contactId };
}

function isBehind({ lastMs, contactId }: InboxRow, after: ViewPlace | undefined): boolean {
  return (
    after === undefined || lastMs < -after.rank || (lastMs === -after.rank && contactId < after.contactId)
  );
}
