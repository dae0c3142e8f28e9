/** The views of the inbox as lists: narrowed, sorted, searched, page by page. */
import { Type } from 'typebox';
import { CHANNELS } from '../../../../contract/channels.ts';
import { CONSOLE_LIMITS, NEWEST_FIRST, TimeGiven } from '../../../../contract/doors/console/fields.ts';
import { ConversationPage, PRIORITY, VIEW } from '../../../../contract/doors/console/inbox.ts';
import { Id, oneOf } from '../../../../contract/doors/fields.ts';
import {
  isNewestFirst,
  PRIORITIES,
  SORTS,
  USUAL_SORT,
  VIEWS,
  type View,
} from '../../../../contract/inboxViews.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { fromHex24, toHex24 } from '../../../base/ids.ts';
import { searchIn } from '../../../contacts/search.ts';
import { membersAmong } from '../../../contacts/sets.ts';
import { narrows, viewPage, type InboxRow, type Look, type ViewPlace } from '../../../inbox/inbox.ts';
import { findWith } from '../../../inbox/findWith.ts';
import { teamNames, teamsOf } from '../../../inbox/teams.ts';
import { presentConversations } from './shown.ts';
import { queryId, queryWord, readLimit, reads, readTime, type Call, type Route } from '../route.ts';

/** `…/conversations`. */
export const inboxListRoutes: readonly Route[] = [
  reads({
    path: '/conversations',
    action: 'messages.read',
    does: 'A view of the inbox: those who wait longest first in mine, teams (those of the caller) and unassigned, else the newest first; `sort` says otherwise in these and all (`priority`: what is most pressing, of equals who waits longest). With `q` those of any view with somebody who is called so. A page that is narrowed may be short, or empty, and not be the last.',
    query: {
      view: VIEW,
      sort: oneOf(SORTS),
      channel: oneOf(CHANNELS),
      assignee: Id,
      team: Id,
      tag: Id,
      priority: PRIORITY,
      unread: Type.Literal('true'),
      q: Type.String({ maxLength: CONSOLE_LIMITS.name }),
      limit: NEWEST_FIRST.limit,
      until: TimeGiven,
      after: Type.String({ maxLength: 64 }),
    },
    answer: ConversationPage,
    handle: list,
  }),
];

type Narrow = Look & { tagId?: number | undefined };

async function lookOf(call: Call, view: View): Promise<Narrow | Fault> {
  const { ctx, caller, workspace, workspaceNowMs } = call;
  const channel = queryWord(call, 'channel', CHANNELS);
  if (isFault(channel)) return channel;
  const assigneeId = queryId(call, 'assignee');
  if (isFault(assigneeId)) return assigneeId;
  const teamId = queryId(call, 'team');
  if (isFault(teamId)) return teamId;
  const tagId = queryId(call, 'tag');
  if (isFault(tagId)) return tagId;
  const priority = queryWord(call, 'priority', PRIORITIES);
  if (isFault(priority)) return priority;
  const unread = queryWord(call, 'unread', ['true']);
  if (isFault(unread)) return unread;
  const sort = queryWord(call, 'sort', SORTS);
  if (isFault(sort)) return sort;
  if (sort !== undefined && USUAL_SORT[view] === undefined)
    return breaks('sort', 'may be given with the views mine, teams, unassigned and all');
  const operatorId = caller.operatorId ?? 0;
  return {
    workspaceId: workspace.id,
    view,
    operatorId,
    teamIds: view === 'teams' ? await teamsOf(ctx.sql, workspace.id, operatorId) : [],
    nowMs: workspaceNowMs,
    channel,
    assigneeId,
    // One that is gone has no conversation, whatever stands with them still.
    teamId: teamId === undefined || (await teamNames(ctx.sql, workspace.id)).has(teamId) ? teamId : 0,
    tagId,
    priority: priority === undefined ? undefined : PRIORITIES.indexOf(priority),
    unread: unread !== undefined,
    sort,
  };
}

async function list(call: Call): Promise<ConversationPage | Fault> {
  const { ctx, workspace, query } = call;
  const view = queryWord(call, 'view', VIEWS);
  if (isFault(view)) return view;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const look = await lookOf(call, view ?? 'all');
  if (isFault(look)) return look;
  const search = searchIn(query['q']);
  const after = placeOf(call, search === undefined ? look : { view: 'all' });
  if (isFault(after)) return after;
  const { rows, next } =
    search === undefined
      ? await viewPage(ctx.sql, look, { after, limit })
      : await find(call, look, search, { after, limit });
  return {
    conversations: await presentConversations(ctx.sql, workspace.id, rows),
    next: next === undefined ? null : `${next.rank}.${toHex24(next.contactId)}`,
  };
}

/** Those whose contact is called so, or has such an address: of any view, the newest first. */
async function find(
  { ctx, workspace }: Call,
  look: Narrow,
  search: string,
  page: { after: ViewPlace | undefined; limit: number },
): Promise<{ rows: InboxRow[]; next: ViewPlace | undefined }> {
  const { tagId } = look;
  const fits = (row: InboxRow) => narrows(look, row);
  const found = await findWith(ctx.sql, { workspaceId: workspace.id, search, fits }, page);
  if (tagId === undefined) return found;
  const ids = found.rows.map(({ contactId }) => contactId);
  const have = await membersAmong(ctx.sql, tagId, ids);
  return { ...found, rows: found.rows.filter(({ contactId }) => have.has(contactId)) };
}

/** Where a page begins: behind the last of the one before it, or at a time. */
function placeOf(
  { query }: Call,
  { view, sort }: Pick<Look, 'view' | 'sort'>,
): ViewPlace | undefined | Fault {
  const isNewest = isNewestFirst(view, sort);
  if (query['after'] !== undefined) return placeIn(query['after'], isNewest);
  if (query['until'] === undefined) return undefined;
  if (!isNewest) return breaks('until', 'may be given where the newest comes first, as in all and closed');
  const untilMs = readTime(query['until'], 'until');
  return isFault(untilMs) ? untilMs : { rank: -Math.max(1, untilMs), contactId: 0 };
}

function placeIn(text: string, isNewest: boolean): ViewPlace | Fault {
  const [, rank, id] = /^(-?\d{1,16})\.([0-9a-f]{24})$/.exec(text) ?? [];
  const contactId = id === undefined ? undefined : fromHex24(id);
  return contactId !== undefined && Number.isSafeInteger(Number(rank)) && Number(rank) < 0 === isNewest
    ? { rank: Number(rank), contactId }
    : breaks('after', 'must be `next` of the page before');
}
