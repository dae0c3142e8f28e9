/** An account holder's side of Connect: which companies they are connected to, what those may do and have done, and taking it back. */
import {
  ConnectionHistory,
  ConnectionsShown,
  type ConnectionShown,
} from '../../../contract/doors/console/connect.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { listAudit } from '../../accounts/audit.ts';
import { getWorkspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { ABILITY_WORDS, type Ability } from '../../connect/abilities.ts';
import { actorOfCompany, disconnectAccount, grantsBy } from '../../connect/grants.ts';
import { acts, idIn, idText, missing, reads, readPage, timeText, type Call, type Route } from './route.ts';

const action = 'workspace.read';

/** `/me/connections`. */
export const connectionRoutes: readonly Route[] = [
  reads({
    of: 'caller',
    path: '/me/connections',
    does: 'The companies one is or was connected to, and what each may do.',
    action,
    answer: ConnectionsShown,
    async handle(call) {
      const grants = await own(call);
      return isFault(grants) ? grants : { connections: grants.map(present) };
    },
  }),
  reads({
    of: 'caller',
    path: '/me/connections/:connectionId/history',
    does: 'What a company did in one’s workspace, newest first.',
    action,
    query: { ...NEWEST_FIRST },
    answer: ConnectionHistory,
    handle: history,
  }),
  acts({
    of: 'caller',
    method: 'DELETE',
    path: '/me/connections/:connectionId',
    does: 'Disconnects from a company: from now on it may do nothing.',
    action,
    answers: { 204: Nothing },
    async handle(call) {
      const { ctx, nowMs, caller } = call;
      const grant = await findConnection(call);
      if (isFault(grant)) return grant;
      const company = await getWorkspace(ctx.sql, grant.clientWorkspaceId);
      const clientNowMs = nowMs + (company?.clockAheadMs ?? 0);
      const actor = caller.keyId === undefined ? `operator:${grant.userId}` : `key:${caller.keyId}`;
      const of = { id: grant.id, holderId: grant.userId };
      return async (tx) => {
        const ended = await disconnectAccount(ctx, tx, of, { clientNowMs, nowMs, actor });
        return isFault(ended) ? ended : { status: 204, body: undefined };
      };
    },
  }),
];

/** A grant of the caller's, with whom it is to. */
export type CompanyConnection = Awaited<ReturnType<typeof grantsBy>>[number];

/** The caller's grants; a key of a workspace is nobody's account. */
async function own({ ctx, caller }: Call<unknown>): Promise<CompanyConnection[] | Fault> {
  return caller.operatorId === undefined
    ? fault('forbidden', 'Connections are those of an operator, in a session or by a key of the operator.')
    : await grantsBy(ctx.sql, caller.operatorId);
}

/** The caller's connection that the path names. */
export async function findConnection(call: Call<unknown>): Promise<CompanyConnection | Fault> {
  const grants = await own(call);
  if (isFault(grants)) return grants;
  const id = idIn(call, 'connectionId');
  return grants.find((grant) => grant.id === id) ?? missing('connection');
}

async function history(call: Call) {
  const page = readPage(call);
  if (isFault(page)) return page;
  const grant = await findConnection(call);
  if (isFault(grant)) return grant;
  const entries = await listAudit(call.ctx.sql, {
    workspaceId: grant.holderWorkspaceId,
    actor: actorOfCompany(grant),
    limit: page.limit,
    ...(page.before === undefined ? {} : { beforeId: page.before }),
  });
  return {
    entries: entries.map(({ id, action: did, subject, detail, atMs }) => ({
      id: idText(id),
      action: did,
      subject,
      detail,
      at: timeText(atMs),
    })),
    next: entries.length === page.limit ? idText(entries.at(-1)!.id) : null,
  };
}

function present({ client, ...grant }: CompanyConnection): ConnectionShown {
  return {
    id: idText(grant.id),
    company: { clientId: client.id, name: client.name, logoUrl: client.logoUrl },
    connectId: grant.connectId,
    workspaceId: idText(grant.holderWorkspaceId),
    allows: grant.allows.map((ability) => ({
      ability,
      means: ABILITY_WORDS[ability as Ability] ?? ability,
    })),
    connectedAt: timeText(grant.connectedMs),
    disconnectedAt: timeText(grant.disconnectedMs ?? null),
    endedBy: grant.endedBy ?? null,
  };
}
