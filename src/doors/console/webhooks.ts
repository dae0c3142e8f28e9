/** Webhooks of every door as an operator sees them: the log of their calls, and making calls again. */
import {
  NewWebhook,
  Replayed,
  ReplaySome,
  TriggersShown,
  WebhookMade,
  ReplayFailed,
  WebhookCallBegun,
  WebhookCallPage,
  type WebhookCallShown,
  WebhookCallWhole,
  WebhookPatch,
  WebhookShown,
  WebhooksShown,
} from '../../../contract/doors/console/webhooks.ts';
import { Type } from 'typebox';
import { CALL_STATES } from '../../../contract/webhookCalls.ts';
import { NEWEST_FIRST, TimeGiven } from '../../../contract/doors/console/fields.ts';
import { oneOf } from '../../../contract/doors/fields.ts';
import { DOORS } from '../../accounts/keys.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import { firstCallOf } from '../../webhooks/call.ts';
import {
  getCall,
  listCalls,
  replay,
  replayFailed,
  replaySome,
  sendTest,
  type WebhookCall,
} from '../../webhooks/log.ts';
import { OFFERED as SUNSHINE } from '../../../contract/doors/sunshine/triggers.ts';
import { EVENTS as WEB1ON1 } from '../web1on1/events.ts';
import type { Webhook } from '../../webhooks/webhook.ts';
import {
  acts,
  idIn,
  idOf,
  idText,
  missing,
  queryWord,
  reads,
  readPageUntil,
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
    does: 'Switches a webhook on or off, or changes where and of what it is told.',
    body: WebhookPatch,
    answers: { 200: WebhookShown },
    async handle(call) {
      return async (tx) => {
        const found = await find(call, tx);
        if (isFault(found)) return found;
        const { id, door, workspaceId, triggers } = found;
        const change = { ...call.body, offered: [...triggers, ...offeredBy(door)] };
        const changed = await call.ctx.webhooks.update(tx, { id, door, workspaceId }, change);
        if (isFault(changed)) return changed;
        const audit = { action: 'webhook.update', subject: `webhook:${id}`, detail: call.body };
        return { status: 200, body: present(changed), audit };
      };
    },
  }),
  reads({
    path: '/webhooks/triggers',
    does: 'What webhooks can be told of, by door.',
    action,
    answer: TriggersShown,
    handle: async () => ({
      doors: TOLD.map((door) => ({ door, triggers: [...offeredBy(door)] })),
    }),
  }),
  writes({
    path: '/webhooks',
    action,
    secret: true,
    does: 'Makes a webhook; its secret is shown this once.',
    body: NewWebhook,
    answers: { 201: WebhookMade },
    async handle(call) {
      const { door, target, triggers } = call.body;
      return async (tx) => {
        const offered = offeredBy(door);
        const of = { workspaceId: call.workspace.id, door, target, triggers, offered };
        const made = await call.ctx.webhooks.create(tx, of);
        if (isFault(made)) return made;
        const audit = { action: 'webhook.create', subject: `webhook:${made.id}`, detail: { ...call.body } };
        return { status: 201, body: { ...present(made), secret: made.secret ?? '' }, audit };
      };
    },
  }),
  acts({
    path: `${one}/rotate`,
    action,
    secret: true,
    does: 'Draws a new secret, which is shown this once; calls are signed with it from then on.',
    answers: { 200: WebhookMade },
    async handle(call) {
      return async (tx) => {
        const found = await find(call, tx);
        if (isFault(found)) return found;
        const { id, door, workspaceId } = found;
        const changed = await call.ctx.webhooks.rotate(tx, { id, door, workspaceId });
        if (isFault(changed)) return changed;
        const audit = { action: 'webhook.rotate', subject: `webhook:${id}` };
        return { status: 200, body: { ...present(changed), secret: changed.secret ?? '' }, audit };
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    action,
    does: 'Deletes a webhook; what was to be told to it is told no more.',
    answers: { 200: WebhookShown },
    async handle(call) {
      return async (tx) => {
        const found = await find(call, tx);
        if (isFault(found)) return found;
        const { id, door, workspaceId, target } = found;
        const gone = await call.ctx.webhooks.delete(tx, { id, door, workspaceId });
        if (isFault(gone)) return gone;
        const audit = { action: 'webhook.delete', subject: `webhook:${id}`, detail: { door, target } };
        return { status: 200, body: present(found), audit };
      };
    },
  }),
  writes({
    path: `${one}/replay`,
    action,
    does: 'Makes some calls again, whatever came of them.',
    body: ReplaySome,
    answers: { 202: Replayed },
    async handle(call) {
      const callIds = call.body.callIds.map(idOf);
      const which = { workspaceId: call.workspace.id, webhookId: idIn(call, 'webhookId'), callIds };
      return async (tx) => {
        const done = await replaySome(call.ctx, tx, which);
        if (isFault(done)) return done;
        const audit = { action: 'webhook.replay', subject: `webhook:${which.webhookId}`, detail: done };
        return { status: 202, body: done, audit };
      };
    },
  }),
  reads({
    path: `${one}/calls`,
    does: 'Calls of a webhook, newest first: all, of a state, a trigger, a message (its `webhook-id`, with what was made again), up to a time. A page may be short, or empty, and not be the last.',
    action,
    query: {
      state: oneOf(CALL_STATES),
      trigger: Type.String(),
      message: Type.String({ maxLength: 40 }),
      until: TimeGiven,
      ...NEWEST_FIRST,
    },
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
      const found = await getCall(call.ctx, {
        workspaceId: call.workspace.id,
        callId: idIn(call, 'callId'),
      });
      if (isFault(found)) return found;
      const { target, body, lastAnswer, tried } = found;
      return {
        ...presentCall(found),
        target: target ?? null,
        body,
        lastAnswer: lastAnswer ?? null,
        tried: tried.map(({ atMs, status, answer }) => ({ at: timeText(atMs), status, answer })),
      };
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

/** Doors whose webhooks are made here; the Shout door's is made with what accounts connect to. */
const TOLD = ['sunshine', 'web1on1'] as const;

function offeredBy(door: string): readonly string[] {
  if (door === 'sunshine') return SUNSHINE;
  return door === 'web1on1' ? WEB1ON1 : [];
}

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
  const page = readPageUntil(call);
  if (isFault(page)) return page;
  const state = queryWord(call, 'state', CALL_STATES);
  if (isFault(state)) return state;
  const { message } = call.query;
  const firstId = message === undefined ? undefined : firstCallOf(message);
  if (message !== undefined && firstId === undefined)
    return breaks('message', 'must be what a receiver had as webhook-id, such as msg_2gk3');
  const webhook = await find(call, call.ctx.sql);
  if (isFault(webhook)) return webhook;
  const { calls, next } = await listCalls(call.ctx, {
    workspaceId: call.workspace.id,
    webhookId: webhook.id,
    limit: page.limit,
    ...(page.before === undefined ? {} : { beforeId: page.before }),
    ...(state === undefined ? {} : { state }),
    ...(call.query['trigger'] === undefined ? {} : { trigger: call.query['trigger'] }),
    ...(firstId === undefined ? {} : { firstId }),
  });
  return {
    calls: calls.map(presentCall),
    next: idText(next),
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
    nextAt: timeText(call.nextMs),
  };
}
