/** The audit log of a workspace: who did what, to what, and when. */
import { AUDIT_QUERY, AuditPage } from '../../../contract/doors/console/workspaces.ts';
import { listAudit } from '../../accounts/audit.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import { idText, readPage, reads, readTime, timeText, type Call, type Route } from './route.ts';

/** `…/audit`. */
export const auditRoutes: readonly Route[] = [
  reads({
    path: '/audit',
    does: 'Who did what, newest first: all, of one who acted, of actions that begin so, of some time.',
    action: 'audit.read',
    query: AUDIT_QUERY,
    answer: AuditPage,
    handle: listLog,
  }),
];

async function listLog(call: Call): Promise<AuditPage | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { actor, action, since, until } = call.query;
  if (actor !== undefined && !/^(?:operator:[0-9a-f]{24}|key:[\w-]{1,80}|parley|nobody)$/i.test(actor))
    return breaks('actor', 'must be as entries name it, such as operator: and an id');
  if (action !== undefined && !/^[a-z]+(?:\.[a-z-]*)+$/.test(action))
    return breaks('action', 'must be the beginning of an action with its dot, such as broadcast.');
  const sinceMs = since === undefined ? undefined : readTime(since, 'since');
  if (isFault(sinceMs)) return sinceMs;
  const untilMs = until === undefined ? undefined : readTime(until, 'until');
  if (isFault(untilMs)) return untilMs;
  const found = await listAudit(call.ctx.sql, {
    workspaceId: call.workspace.id,
    limit: page.limit,
    actor: actor === undefined ? undefined : unhexed(actor),
    action,
    sinceMs,
    untilMs,
    ...(page.before === undefined ? {} : { beforeId: page.before }),
  });
  return {
    entries: found.map(({ id, actor, action, subject, detail, atMs }) => ({
      id: toHex24(id),
      at: timeText(atMs),
      actor: hexed(actor),
      action,
      subject: hexed(subject),
      detail,
    })),
    next: found.length === page.limit ? idText(found.at(-1)!.id) : null,
  };
}

/** `contact:123` with its id as this API writes them. */
function hexed(name: string): string {
  const parts = /^([a-z_-]+):(\d{1,16})$/.exec(name);
  return parts ? `${parts[1]}:${toHex24(Number(parts[2]))}` : name;
}

/** As entries have it inside: `operator:123`. */
function unhexed(name: string): string {
  const [, kind, id] = /^([a-z-]+):([0-9a-f]{24})$/i.exec(name) ?? [];
  return kind === undefined ? name : `${kind}:${fromHex24(id!) ?? 0}`;
}
