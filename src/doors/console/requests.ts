/** `GET …/requests`: what keys of the workspace have asked for. */
import { Type } from 'typebox';
import { CONSOLE_LIMITS, NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { RequestsCursor, RequestsShown } from '../../../contract/doors/console/requests.ts';
import { listRequests, type Requested } from '../../accounts/requests.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
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
  const [, atMs, requestId] = /^(\d{1,16})\.([\w-]{1,40})$/.exec(query['before'] ?? '') ?? [];
  if (query['before'] !== undefined && !Number.isSafeInteger(Number(atMs)))
    return breaks('before', 'must be `next` of the page before');
  const rows = await listRequests(ctx.sql, {
    workspaceId: workspace.id,
    keyId: query['key'],
    failed: failed !== undefined,
    before: requestId === undefined ? undefined : { atMs: Number(atMs), requestId },
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    requests: page.map(present),
    next: rows.length > limit && last ? `${last.atMs}.${last.requestId}` : null,
  };
}

function present({ workspaceId: _workspaceId, atMs, ...rest }: Requested): RequestsShown['requests'][number] {
  return { ...rest, at: timeText(atMs) };
}
