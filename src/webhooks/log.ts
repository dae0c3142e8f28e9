/**
 * The log of calls, for people: what was sent, what was answered, and sending it again. A replay is a call of its own with
 * the same body and the same `webhook-id` as the first (Standard Webhooks: "the same when the same webhook is being resent,
 * e.g. due to a replay"), so that a receiver that had it after all can tell.
 */
import { isoTime, type Clock } from '../base/clock.ts';
import { fault, type Fault } from '../base/fault.ts';
import { bucketOf, firstIdAt, isId, MAX_ID, type IdSource } from '../base/ids.ts';
import { cutPage } from '../base/page.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { messageIdOf } from './call.ts';
import { dueCall, write } from './expand.ts';
import {
  insertReplays,
  selectCall,
  selectCallFurther,
  selectCalls,
  selectMissed,
  selectOwnCalls,
  type CallRow,
  type CallState,
} from './sql.calls.ts';
import { selectWebhooksById, type WebhookRow } from './sql.ts';

/** A call as a list shows it. */
export type WebhookCall = {
  id: number;
  webhookId: number;
  trigger: string;
  state: CallState;
  attempts: number;
  /** Status of the last answer; undefined when there was none. */
  lastStatus?: number;
  createdMs: number;
  finishedMs?: number;
  /** The first call with this content. */
  replayOf?: number;
  /** The call that last repeated this one. */
  replayedBy?: number;
  /** `webhook-id` on the wire. */
  messageId: string;
  /** When it is tried, of one that is still to be. */
  nextMs?: number;
};

/** A call with what was sent and what came back. */
type CallWithAnswer = WebhookCall & {
  /** Where to; undefined when the webhook is deleted. */
  target?: string;
  body: string;
  /** The last answer's body, cut to 2 kB, or why there was none. */
  lastAnswer?: string;
  /** Attempts before the last. */
  tried: { atMs: number; status: number | null; answer: string | null }[];
};

/** What replaying works with. */
type LogDeps = { queue: Queue; ids: IdSource; clock: Clock };

/** Calls that one request replays at most. */
const MOST_REPLAYS = 10_000;
const REPLAYS_A_TIME = 1000;

/** Calls that a page is looked for among, where no index leads to them: 6 ms of them. */
const LOOKED_AT = 10_000;

/**
 * A page of a webhook's calls, newest first, before an id; `next` is before which to go on, undefined where there are no more. A page may
 * hold fewer than were asked for, or none, and yet not be the last: of a trigger that there was none of, a million would be read.
 */
export async function listCalls(
  { queue, sql: db }: { queue: Queue; sql: Db },
  page: {
    workspaceId: number;
    webhookId: number;
    beforeId?: number;
    limit?: number;
    state?: CallState;
    trigger?: string;
    /** The first call of a message: it, and what repeated it. */
    firstId?: number;
  },
): Promise<{ calls: WebhookCall[]; next: number | undefined }> {
  const { webhookId, state, trigger, firstId } = page;
  const beforeId = page.beforeId ?? MAX_ID;
  const limit = Math.min(Math.max(page.limit ?? 50, 1), 200);
  const isMissed = state === 'failed' || state === 'canceled';
  const isLookedFor = firstId === undefined && !isMissed && (state !== undefined || trigger !== undefined);
  const fromId = isLookedFor
    ? await selectCallFurther(db, { webhookId, beforeId, further: LOOKED_AT })
    : undefined;
  const found = await selectCalls(db, {
    workspaceId: page.workspaceId,
    webhookId,
    beforeId,
    fromId: fromId ?? 0,
    limit: limit + 1,
    state: state ?? null,
    trigger: trigger ?? null,
    firstId: firstId ?? null,
  });
  const { rows, last } = cutPage(found, limit);
  const nextMs = await nextOf({ queue, sql: db }, rows);
  const calls = rows.map((row) => ({ ...callOf(row), ...nextMs(row) }));
  return { calls, next: last?.id ?? fromId };
}

/** One call. */
export async function getCall(
  { queue, sql }: { queue: Queue; sql: Db },
  name: { workspaceId: number; callId: number },
): Promise<CallWithAnswer | Fault> {
  const row = isId(name.callId) ? await selectCall(sql, name.workspaceId, name.callId) : undefined;
  if (!row) return fault('not_found', 'There is no such call.');
  const nextMs = await nextOf({ queue, sql }, [row]);
  return {
    ...callOf(row),
    body: row.body,
    ...(row.target !== null && { target: row.target }),
    ...(row.lastAnswer !== null && { lastAnswer: row.lastAnswer }),
    tried: row.tried ?? [],
    ...nextMs(row),
  };
}

/** When calls are tried next, of those that are still to be. */
async function nextOf(
  { queue, sql }: { queue: Queue; sql: Db },
  rows: readonly CallRow[],
): Promise<(row: CallRow) => { nextMs?: number }> {
  const due = rows.filter(({ state }) => state === 'pending').map((row) => dueCall(row, 0));
  const [first] = due;
  const next = new Map<number, number>();
  if (first)
    for (const { ownerId, dueMs } of await queue.stillIn(sql, first.kind, due)) next.set(ownerId, dueMs);
  return ({ id }) => {
    const nextMs = next.get(id);
    return nextMs === undefined ? {} : { nextMs };
  };
}

/** Makes a call once more, whatever came of it. */
export async function replay(
  deps: LogDeps,
  tx: Tx,
  name: { workspaceId: number; callId: number },
): Promise<{ callId: number } | Fault> {
  const row = isId(name.callId) ? await selectCall(tx, name.workspaceId, name.callId) : undefined;
  if (!row) return fault('not_found', 'There is no such call.');
  const webhook = await callable(tx, name.workspaceId, row.webhookId);
  if ('fault' in webhook) return webhook;
  const [callId] = await repeat(deps, tx, webhook, [row.id], false);
  return callId === undefined
    ? fault('conflict', 'The call is still under way; it can be replayed when it is over.')
    : { callId };
}

/**
 * Makes the calls again that failed, or were canceled while the webhook was disabled, since a time; oldest first. What was
 * replayed before is passed over. `more`: there are more than one request does; ask again.
 */
export async function replayFailed(
  deps: LogDeps,
  tx: Tx,
  which: { workspaceId: number; webhookId: number; sinceMs: number },
): Promise<{ replayed: number; more: boolean } | Fault> {
  const webhook = await callable(tx, which.workspaceId, which.webhookId);
  if ('fault' in webhook) return webhook;
  let afterId = Math.max(0, firstIdAt(which.sinceMs) - 1);
  let replayed = 0;
  for (let seen = 0; seen < MOST_REPLAYS; seen += REPLAYS_A_TIME) {
    const page = {
      workspaceId: which.workspaceId,
      webhookId: which.webhookId,
      afterId,
      limit: REPLAYS_A_TIME,
    };
    const missed = await selectMissed(tx, page);
    if (missed.length) replayed += (await repeat(deps, tx, webhook, missed, true)).length;
    if (missed.length < REPLAYS_A_TIME) return { replayed, more: false };
    afterId = missed.at(-1)!;
  }
  return { replayed, more: true };
}

/** Makes some calls of a webhook once more, whatever came of them; those that are under way are passed over. */
export async function replaySome(
  deps: LogDeps,
  tx: Tx,
  which: { workspaceId: number; webhookId: number; callIds: readonly number[] },
): Promise<{ replayed: number; more: boolean } | Fault> {
  const webhook = await callable(tx, which.workspaceId, which.webhookId);
  if ('fault' in webhook) return webhook;
  const own = await selectOwnCalls(tx, which);
  const replayed = own.length ? (await repeat(deps, tx, webhook, own, false)).length : 0;
  return { replayed, more: false };
}

/** Sends a test call. `trigger` and `body` are the door's own form of one; without, a ping as Standard Webhooks' bodies are. */
export async function sendTest(
  deps: LogDeps,
  tx: Tx,
  test: { workspaceId: number; webhookId: number; trigger?: string; body?: object },
): Promise<{ callId: number } | Fault> {
  const webhook = await callable(tx, test.workspaceId, test.webhookId);
  if ('fault' in webhook) return webhook;
  const nowMs = deps.clock.nowMs();
  const callId = deps.ids.spread();
  const { trigger = 'ping', body = ping(webhook, nowMs) } = test;
  const call = {
    id: callId,
    workspaceId: webhook.workspaceId,
    webhookId: webhook.id,
    trigger,
    body: JSON.stringify(body),
    contactId: null,
  };
  await write(tx, deps.queue, nowMs, [call]);
  return { callId };
}

async function callable(db: Db, workspaceId: number, webhookId: number): Promise<WebhookRow | Fault> {
  const [webhook] = isId(webhookId) ? await selectWebhooksById(db, [webhookId]) : [];
  if (webhook?.workspaceId !== workspaceId) return fault('not_found', 'There is no such webhook.');
  return webhook.status === 'active'
    ? webhook
    : fault('unprocessable', 'status: the webhook is disabled; set it to active first', { field: 'status' });
}

async function repeat(
  deps: LogDeps,
  tx: Tx,
  webhook: WebhookRow,
  callIds: readonly number[],
  unlessReplayed: boolean,
): Promise<number[]> {
  const nowMs = deps.clock.nowMs();
  const replays = callIds.map((repeats) => ({ id: deps.ids.inBucket(bucketOf(repeats)), repeats }));
  const made = await insertReplays(tx, nowMs, replays, unlessReplayed);
  const due = made.map((id) =>
    dueCall({ id, webhookId: webhook.id, workspaceId: webhook.workspaceId }, nowMs),
  );
  await deps.queue.put(tx, due);
  return made;
}

function ping(webhook: WebhookRow, nowMs: number): object {
  return { type: 'ping', timestamp: isoTime(nowMs), data: { webhookId: webhook.id } };
}

function callOf(row: CallRow): WebhookCall {
  const { id, webhookId, trigger, state, attempts, createdMs } = row;
  return {
    id,
    webhookId,
    trigger,
    state,
    attempts,
    createdMs,
    messageId: messageIdOf(row),
    ...(row.lastStatus !== null && { lastStatus: row.lastStatus }),
    ...(row.finishedMs !== null && { finishedMs: row.finishedMs }),
    ...(row.replayOf !== null && { replayOf: row.replayOf }),
    ...(row.replayedBy !== null && { replayedBy: row.replayedBy }),
  };
}
