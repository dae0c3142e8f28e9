/** Webhooks of every door as an operator sees them: the log of their calls, and making calls again. */
import {
  CALL_STATES,
  Replayed,
  ReplayFailed,
  WebhookCallBegun,
  WebhookCallPage,
  type WebhookCallShown,
  WebhookCallWhole,
  WebhookPatch,
  WebhookShown,
  WebhooksShown,
} from '../../../contract/doors/console/webhooks.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { oneOf } from '../../../contract/doors/fields.ts';
import { DOORS } from '../../accounts/keys.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { getCall, listCalls, replay, replayFailed, sendTest, type WebhookCall } from '../../webhooks/log.ts';
import type { Webhook } from '../../webhooks/webhook.ts';
import {
  acts,
  idIn,
  idText,
  missing,
  queryWord,
  reads,
  readPage,
  readTime,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
} from './route.ts';

const action = 'webhooks.manage';
const one = '/webhooks/:webhookId';
const made = '/webhook-calls/:callId';

/** `…/webhooks` and `…/webhook-calls`. */
export const webhookRoutes: readonly Route[] = [
  reads({
    path: '/webhooks',
    does: 'The webhooks of every door.',
    action,
    answer: WebhooksShown,
    async handle(call) {
      return { webhooks: (await all(call, call.ctx.sql)).map(present) };
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action,
    does: 'Switches a webhook on or off.',
    body: WebhookPatch,
    answers: { 200: WebhookShown },
    async handle(call) {
      return async (tx) => {
        const found = await find(call, tx);
        if (isFault(found)) return found;
        const { id, door, workspaceId, triggers } = found;
        const change = { status: call.body.status, offered: triggers };
        const changed = await call.ctx.webhooks.update(tx, { id, door, workspaceId }, change);
        if (isFault(changed)) return changed;
        const audit = { action: 'webhook.update', subject: `webhook:${id}`, detail: call.body };
        return { status: 200, body: present(changed), audit };
      };
    },
  }),
  reads({
    path: `${one}/calls`,
    does: 'Calls of a webhook, newest first.',
    action,
    query: { state: oneOf(CALL_STATES), ...NEWEST_FIRST },
    answer: WebhookCallPage,
    handle: list,
  }),
  acts({
    path: `${one}/ping`,
    does: 'Makes a test call.',
    answers: { 202: WebhookCallBegun },
    action,
    async handle(call) {
      const which = { workspaceId: call.workspace.id, webhookId: idIn(call, 'webhookId') };
      return async (tx) => begun(await sendTest(call.ctx, tx, which), 'ping', which.webhookId);
    },
  }),
  writes({
    path: `${one}/replay-failed`,
    action,
    does: 'Makes all calls again that failed since a time.',
    body: ReplayFailed,
    answers: { 202: Replayed },
    async handle(call) {
      const sinceMs = readTime(call.body.since, 'since');
      if (isFault(sinceMs)) return sinceMs;
      const which = { workspaceId: call.workspace.id, webhookId: idIn(call, 'webhookId'), sinceMs };
      return async (tx) => {
        const done = await replayFailed(call.ctx, tx, which);
        if (isFault(done)) return done;
        const audit = {
          action: 'webhook.replay-failed',
          subject: `webhook:${which.webhookId}`,
          detail: done,
        };
        return { status: 202, body: done, audit };
      };
    },
  }),
  reads({
    path: made,
    does: 'A call with what was sent and what came back.',
    answer: WebhookCallWhole,
    action,
    async handle(call) {
      const found = await getCall(call.ctx.sql, {
        workspaceId: call.workspace.id,
        callId: idIn(call, 'callId'),
      });
      if (isFault(found)) return found;
      const { target, body, lastAnswer } = found;
      return { ...presentCall(found), target: target ?? null, body, lastAnswer: lastAnswer ?? null };
    },
  }),
  acts({
    path: `${made}/replay`,
    does: 'Makes a call again.',
    answers: { 202: WebhookCallBegun },
    action,
    async handle(call) {
      const which = { workspaceId: call.workspace.id, callId: idIn(call, 'callId') };
      return async (tx) => begun(await replay(call.ctx, tx, which), 'replay', which.callId);
    },
  }),
];

function begun(
  outcome: { callId: number } | Fault,
  what: string,
  of: number,
): Done<202, { callId: string }> | Fault {
  if (isFault(outcome)) return outcome;
  const callId = toHex24(outcome.callId);
  return {
    status: 202,
    body: { callId },
    audit: {
      action: `webhook.${what}`,
      subject: `${what === 'ping' ? 'webhook' : 'webhook-call'}:${of}`,
      detail: { callId },
    },
  };
}

async function all(call: Call<unknown>, db: Db): Promise<Webhook[]> {
  const lists = await Promise.all(
    DOORS.map((door) => call.ctx.webhooks.list(db, { workspaceId: call.workspace.id, door })),
  );
  return lists.flat();
}

async function find(call: Call<unknown>, db: Db): Promise<Webhook | Fault> {
  const id = idIn(call, 'webhookId');
  return (await all(call, db)).find((webhook) => webhook.id === id) ?? missing('webhook');
}

async function list(call: Call): Promise<WebhookCallPage | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const state = queryWord(call, 'state', CALL_STATES);
  if (isFault(state)) return state;
  const webhook = await find(call, call.ctx.sql);
  if (isFault(webhook)) return webhook;
  const found = await listCalls(call.ctx.sql, {
    workspaceId: call.workspace.id,
    webhookId: webhook.id,
    limit: page.limit,
    ...(page.before === undefined ? {} : { beforeId: page.before }),
    ...(state === undefined ? {} : { state }),
  });
  return {
    calls: found.map(presentCall),
    next: found.length === page.limit ? toHex24(found.at(-1)!.id) : null,
  };
}

/** Without its secret, which its own door shows. */
function present(webhook: Webhook): WebhookShown {
  const { id, door, target, triggers, status, failingSinceMs, createdMs } = webhook;
  return {
    id: toHex24(id),
    door,
    target,
    triggers,
    status,
    failingSince: timeText(failingSinceMs),
    createdAt: timeText(createdMs),
  };
}

function presentCall({
  id,
  webhookId,
  trigger,
  state,
  attempts,
  messageId,
  ...call
}: WebhookCall): WebhookCallShown {
  return {
    id: toHex24(id),
    webhookId: toHex24(webhookId),
    trigger,
    state,
    attempts,
    lastStatus: call.lastStatus ?? null,
    createdAt: timeText(call.createdMs),
    finishedAt: timeText(call.finishedMs),
    replayOf: idText(call.replayOf),
    replayedBy: idText(call.replayedBy),
    messageId,
  };
}
