/** The user mapping: who has authorised the company, as whom it knows them, and since when (S8, S9). */
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import {
  GRANT_STATES,
  GrantedUser,
  GrantedUsers,
  USERS_PAGE,
  type GrantedUser as GrantedUserShown,
} from '../../../contract/doors/shout/users.ts';
import { Nothing, oneOf } from '../../../contract/doors/fields.ts';
import { ShoutId } from '../../../contract/doors/shout/fields.ts';
import { csvLine } from '../../base/csv.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import type { Sql } from '../../db/pool.ts';
import {
  disconnectAccount,
  lastGrantOf,
  listGrants,
  type Grant,
  type GrantKey,
} from '../../connect/grants.ts';
import { readLimit } from '../kit/query.ts';
import { inOrder, timeIn } from './present.ts';
import { readConnectId, readUserId } from './read.ts';
import { acts, reads, type Call, type Route } from './route.ts';

const ROWS_A_TURN = 1000;

/** `/api_client_granted_users`. */
export const userRoutes: readonly Route[] = [
  reads({
    path: '/api_client_granted_users',
    does: 'Who has connected to the company, newest first: the user mapping.',
    action: 'connect.read',
    query: {
      state: oneOf(GRANT_STATES),
      before_id: ShoutId,
      limit: Type.Integer({ minimum: 1, maximum: USERS_PAGE.most, default: USERS_PAGE.usual }),
    },
    answers: { 200: GrantedUsers },
    handle: list,
  }),
  reads({
    path: '/api_client_granted_users.csv',
    does: 'All who are connected, as a table: connect_id, user_id, profile_id, created_at.',
    action: 'connect.read',
    mediaType: 'text/csv; charset=utf-8',
    answers: { 200: Type.String() },
    async handle(call) {
      return { status: 200, body: Readable.from(rows(call.ctx.sql, call)) as never };
    },
  }),
  reads({
    path: '/api_client_granted_users/:user',
    does: 'One who has connected or had, by `connect_id-…` or `user_id-…`.',
    action: 'connect.read',
    answers: { 200: GrantedUser },
    async handle(call) {
      const grant = await named(call);
      return isFault(grant) ? grant : { status: 200, body: presentGrant(grant, call.workspace.timeZone) };
    },
  }),
  acts({
    method: 'DELETE',
    path: '/api_client_granted_users/:user',
    does: 'Disconnects somebody from the company’s side.',
    action: 'connect.manage',
    answers: { 204: Nothing },
    async handle(call) {
      const { ctx, workspace, nowMs, workspaceNowMs: clientNowMs, caller } = call;
      const grant = await named(call);
      if (isFault(grant)) return grant;
      const of = { id: grant.id, clientWorkspaceId: workspace.id };
      return async (tx) => {
        const ended = await disconnectAccount(ctx, tx, of, {
          clientNowMs,
          nowMs,
          actor: `key:${caller.keyId}`,
        });
        return isFault(ended) ? ended : { status: 204, body: undefined };
      };
    },
  }),
];

/** A grant as this door tells of it. */
function presentGrant(grant: Grant, timeZone: string): GrantedUserShown {
  const { id, connectId, userId, contactId, clientWorkspaceId, allows, connectedMs, disconnectedMs } = grant;
  return inOrder({
    id,
    allows,
    company_id: clientWorkspaceId,
    connect_id: connectId,
    connect_import_order_history_at: null,
    created_at: timeIn(timeZone, connectedMs),
    disconnected_at: timeIn(timeZone, disconnectedMs ?? null),
    object: 'api_client_granted_user',
    profile_id: contactId,
    state: disconnectedMs === undefined ? 'connected' : 'disconnected',
    updated_at: timeIn(timeZone, disconnectedMs ?? connectedMs),
    user_id: userId,
  } as const);
}

async function list(call: Call) {
  const { query } = call.query;
  const limit = readLimit(query['limit'], USERS_PAGE);
  if (isFault(limit)) return limit;
  const beforeId = query['before_id'] === undefined ? undefined : readUserId(query['before_id'], 'before_id');
  if (isFault(beforeId)) return beforeId;
  const { state } = query;
  if (state !== undefined && !(GRANT_STATES as readonly string[]).includes(state))
    return breaks('state', `must be one of ${GRANT_STATES.join(', ')}`);
  const { grants, next } = await listGrants(call.ctx.sql, {
    clientWorkspaceId: call.workspace.id,
    limit,
    beforeId,
    live: state === undefined ? undefined : state === 'connected',
  });
  const body = {
    data: grants.map((grant) => presentGrant(grant, call.workspace.timeZone)),
    has_more: next !== undefined,
    next_before_id: next ?? null,
    object: 'list',
  } as const;
  return { status: 200 as const, body };
}

/** Whom the path names. */
async function named({ ctx, workspace, params }: Call): Promise<Grant | Fault> {
  const who = readName(params['user'] ?? '');
  if (isFault(who)) return who;
  const grant = await lastGrantOf(ctx.sql, workspace.id, who);
  return grant ?? fault('not_found', 'Nobody has connected by this id.');
}

function readName(text: string): GrantKey | Fault {
  const [, kind, value] = /^(connect_id|user_id)-([^]+)$/.exec(text) ?? [];
  if (kind === 'connect_id') {
    const connectId = readConnectId(value, 'connect_id');
    return isFault(connectId) ? connectId : { connectId };
  }
  if (kind !== 'user_id') return breaks('user', 'must be connect_id- or user_id- and the id');
  const userId = readUserId(value, 'user_id');
  return isFault(userId) ? userId : { userId };
}

async function* rows(sql: Sql, { workspace }: Call): AsyncGenerator<string> {
  yield csvLine(['connect_id', 'user_id', 'profile_id', 'created_at']);
  let beforeId: number | undefined;
  do {
    const page = await listGrants(sql, {
      clientWorkspaceId: workspace.id,
      limit: ROWS_A_TURN,
      live: true,
      beforeId,
    });
    yield page.grants
      .map(({ connectId, userId, contactId, connectedMs }) =>
        csvLine([connectId, userId, contactId, timeIn(workspace.timeZone, connectedMs)]),
      )
      .join('');
    beforeId = page.next;
  } while (beforeId !== undefined);
}
