/** `GET …/requests`: what keys of the workspace have asked for. */
import { Type } from 'typebox';
import { CONSOLE_LIMITS, NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { RequestsCursor, RequestsShown, RequestsStatus } from '../../../contract/doors/console/requests.ts';
import { listRequests, type Requested } from '../../accounts/requests.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { cutPage } from '../../base/page.ts';
import { queryWord, readLimit, reads, timeText, type Call, type Route } from './route.ts';

/** The route. */
export const requestRoutes: readonly Route[] = [
  reads({
    path: '/requests',
    action: 'keys.manage',
    does: 'The last requests by keys of the workspace, the newest first: seconds behind, a bounded number, without bodies.',
    query: {
      limit: NEWEST_FIRST.limit,
      before: RequestsCursor,
      key: Type.String({ maxLength: CONSOLE_LIMITS.name }),
      failed: Type.Literal('true'),
      status: RequestsStatus,
      route: Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.name }),
    },
    answer: RequestsShown,
    handle: list,
  }),
];

async function list(call: Call): Promise<RequestsShown | Fault> {
  const { ctx, workspace, query } = call;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const failed = queryWord(call, 'failed', ['true']);
  if (isFault(failed)) return failed;
  const status = statusIn(call);
  if (isFault(status)) return status;
  const { route } = query;
  if (route !== undefined && (route === '' || route.length > CONSOLE_LIMITS.name))
    return breaks('route', `must have 1 to ${CONSOLE_LIMITS.name} characters`);
  const [, atMs, requestId] = /^(\d{1,16})\.([\w-]{1,40})$/.exec(query['before'] ?? '') ?? [];
  if (query['before'] !== undefined && !Number.isSafeInteger(Number(atMs)))
    return breaks('before', 'must be `next` of the page before');
  const found = await listRequests(ctx.sql, {
    workspaceId: workspace.id,
    keyId: query['key'],
    failed: failed !== undefined,
    status,
    route,
    before: requestId === undefined ? undefined : { atMs: Number(atMs), requestId },
    limit: limit + 1,
  });
  const { rows, last } = cutPage(found, limit);
  return {
    requests: rows.map(present),
    next: last ? `${last.atMs}.${last.requestId}` : null,
  };
}

/** The statuses that are asked for: one, or those of a hundred. */
function statusIn({ query }: Call): { from: number; below: number } | undefined | Fault {
  const { status } = query;
  if (status === undefined) return undefined;
  const [, first, rest] = /^([1-5])(\d\d|xx)$/.exec(status) ?? [];
  if (rest === undefined)
    return breaks('status', 'must be a status such as 404, or 4xx for all that begin so');
  const from = 100 * Number(first) + (rest === 'xx' ? 0 : Number(rest));
  return { from, below: from + (rest === 'xx' ? 100 : 1) };
}

function present({ workspaceId: _workspaceId, atMs, ...rest }: Requested): RequestsShown['requests'][number] {
  return { ...rest, at: timeText(atMs) };
}
