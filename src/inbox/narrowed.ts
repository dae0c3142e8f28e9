/**
 * A view that is narrowed: to a channel, an operator, a team, a priority, what is unread, or those who have a tag. What hardly anything is would be looked for
 * through the whole view, so a page looks at so many conversations at most: it may then be short, or empty, and yet not be the last.
 */
import { compareIn, isIn, rankIn, USUAL_SORT } from '../../contract/inboxViews.ts';
import { allMembers, membersAmong } from '../contacts/sets.ts';
import type { Sql } from '../db/pool.ts';
import { selectPlaces, selectRows, selectView, type InboxRow, type Look, type ViewPlace } from './sql.ts';

/** So many are looked at for a page, by what stands in their own rows: 20 ms of them. */
const LOOKED_AT = 5_000;
/** Conversations whose people are looked up in a tag together, one time after the other: a tag that many have fills a page from the first. */
const STEPS = [250, 3_000];
/** People with a tag whose conversations are looked up by their keys, which is exact; where more have it, a walk meets some of them soon. */
const MOST_PEOPLE = 5_000;

type Page = { after?: ViewPlace | undefined; limit: number };
/** A page, and the place behind which to go on; undefined where there are no more. */
type Found = { rows: InboxRow[]; next: ViewPlace | undefined };

/** A page of a view. */
export async function viewPage(
  sql: Sql,
  look: Look & { tagId?: number | undefined },
  page: Page,
): Promise<Found> {
  const { tagId, ...rest } = look;
  if (tagId !== undefined) return await tagged(sql, rest, tagId, page);
  const open = amongAll(look);
  const { channel, assigneeId, teamId, priority, unread } = look;
  const isNarrow =
    open !== undefined ||
    unread === true ||
    [channel, assigneeId, teamId, priority].some((one) => one !== undefined);
  const [upTo] = isNarrow
    ? await selectPlaces(sql, open ?? widened(look), { after: page.after, skip: LOOKED_AT - 1, limit: 1 })
    : [];
  const rows = await selectView(sql, look, { ...page, upTo, limit: page.limit + 1 });
  return cut(look, { rows, next: upTo }, page.limit);
}

/** The view as it is before somebody narrows it. */
function widened({ workspaceId, view, operatorId, teamIds, nowMs, sort }: Look): Look {
  return { workspaceId, view, operatorId, teamIds, nowMs, sort };
}

/** All that is open, in an order that only all has, among which those of one operator, of teams and of nobody are looked for that are to be in it too. */
function amongAll(look: Look): Look | undefined {
  const isOrdered = look.sort === undefined || look.sort === USUAL_SORT[look.view];
  const isTurned = !isOrdered && look.view !== 'all' && USUAL_SORT[look.view] !== undefined;
  return isTurned ? { ...widened(look), view: 'all' } : undefined;
}

async function tagged(sql: Sql, look: Look, tagId: number, { after, limit }: Page): Promise<Found> {
  const { workspaceId } = look;
  const few = await allMembers(sql, tagId, MOST_PEOPLE);
  if (few) {
    const rows = few.length ? await selectView(sql, look, { after, of: few, limit: limit + 1 }) : [];
    return cut(look, { rows, next: undefined }, limit);
  }
  const rows: InboxRow[] = [];
  let next = after;
  for (const step of STEPS) {
    const places = await selectPlaces(sql, amongAll(look) ?? widened(look), { after: next, limit: step });
    const have = await membersAmong(
      sql,
      tagId,
      places.map(({ contactId }) => contactId),
    );
    const found = (await selectRows(sql, workspaceId, [...have])).filter((row) => fits(look, row));
    found.sort((a, b) => compareIn(look.view, a, b, look.sort));
    rows.push(...found);
    next = places.length < step ? undefined : places.at(-1)!;
    if (next === undefined || rows.length > limit) break;
  }
  return cut(look, { rows, next }, limit);
}

function fits(look: Look, row: InboxRow): boolean {
  return isIn(look.view, row, look.operatorId, look.teamIds, look.nowMs) && narrows(look, row);
}

/** Whether a conversation is among those to which a look is narrowed, in whatever view. */
export function narrows(
  look: Pick<Look, 'channel' | 'assigneeId' | 'teamId' | 'priority' | 'unread'>,
  row: InboxRow,
): boolean {
  const { channel, assigneeId, teamId, priority, unread } = look;
  return (
    (channel === undefined || row.channel === channel) &&
    (assigneeId === undefined || row.assigneeId === assigneeId) &&
    (teamId === undefined || row.teamId === teamId) &&
    (priority === undefined || row.priority === priority) &&
    (!unread || row.lastInMs > row.readMs)
  );
}

function cut(look: Look, { rows, next }: Found, limit: number): Found {
  return rows.length > limit
    ? { rows: rows.slice(0, limit), next: placeOf(look, rows[limit - 1]!) }
    : { rows, next };
}

function placeOf({ view, sort }: Look, row: InboxRow): ViewPlace {
  return { rank: rankIn(view, row, sort), contactId: row.contactId };
}
