/**
 * Makes the calls that are due. At least once: whatever was under way when a worker died is called again, and the receiver
 * tells repeats by `webhook-id`. A slow or dead target holds nobody else up (gates.ts, settling.ts).
 */
import type { Clock } from '../base/clock.ts';
import type { Vault } from '../base/crypto.ts';
import type { HttpClient, HttpOutcome } from '../base/http.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { createSuccession, type Turn } from '../base/succession.ts';
import { patiently } from '../db/patiently.ts';
import { type Sql } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import type { Batch, WorkItem } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import { callTarget, DEADLINE_MS, messageIdOf } from './call.ts';
import { createGates, type Gates } from './gates.ts';
import { backoffMs, isRefused, judge } from './policy.ts';
import { createSettling, type Result, type Settling } from './settling.ts';
import { selectDueCalls, type CallChange, type DueCall } from './sql.calls.ts';
import { selectWebhooksById } from './sql.ts';
import type { Subscriptions } from './subscriptions.ts';
import { openSecrets, type WebhookSecrets } from './webhooks.ts';
import { webhookOf, type Webhook } from './webhook.ts';

/** What calls are made with. `http` refuses private addresses. */
export type WebhookDeps = {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  log: Log;
  vault: Vault;
  http: HttpClient;
  subscriptions: Subscriptions;
  /** What backoffs are drawn from; Math.random by itself. */
  random?: () => number;
  /** For tests; 20 s otherwise. */
  deadlineMs?: number;
  /** Told what a target answered to a call it took, before the call is settled: told again when that fails. */
  answered?: (answer: CallAnswer) => Promise<void>;
  /** Told what came of each call, once it is written. */
  counted?: (outcome: 'delivered' | 'failed' | 'retried' | 'canceled') => void;
};

/**
 * A call of a line (those of one webhook to one contact) that was put off without having been made: those behind it are put off
 * too. Calls of a line go one after the other, over all batches of this process: a batch that is read slowly is not overtaken by the next.
 */
type PutOff = { callId: number; untilMs: number };

/**
 * All that were put off, and until when. Not the newest alone: what was read between two of them, because it was written later, is behind
 * the older one.
 */
type Held = ReadonlyMap<number, number>;

/** What a target answered. `messageId` and `call` are the same when a call is made again. */
export type CallAnswer = { webhook: Webhook; messageId: string; call: string; answer: Buffer };

/** A call of a batch that may be made. */
type Ready = {
  item: WorkItem;
  call: DueCall;
  webhook: Webhook;
  secrets: WebhookSecrets;
  /** The one before it in its line that was never made, where that is not in our hands. */
  behind: PutOff | undefined;
};

/** When a call is tried (again). */
type Later = NonNullable<Result['again']>;

/** A call in the hands of this process: since which batch, and how it was put off there, which may not be written yet. */
type InHand = { since: number; putOff?: PutOff };

/** What the calls of one batch share. */
type Run = {
  deps: WebhookDeps & { deadlineMs: number };
  gates: Gates;
  batch: Batch;
  settling: Settling;
  /** What an older call that was never made means for those behind it; nothing where its turn is waited for. */
  behind: (older: { ownerId: number; dueMs: number }) => PutOff | undefined;
  /** A call of this batch goes back to the queue without having been made. */
  notePutOff: (putOff: PutOff) => void;
  begunMs: number;
  /** How many were put off, by webhook. */
  putOff: Map<number, number>;
};

/** Many small batches: a batch is not over before its slowest call is. */
const BATCH_SIZE = 50;
/** Waiting takes no more than memory; how many calls are made at a time is up to the gates. */
const IN_FLIGHT = 5000;
/** A call that could not begin by then goes back to the queue. */
const BEGIN_WITHIN_MS = 5000;
/** A target that answers has room again soon; one that hangs keeps its calls for up to 20 s. */
const PUT_OFF_MS = { busy: 1000, stuck: 10_000 };
/** So long a call gives way to an older one that is due as well. */
const GIVE_WAY_MS = 250;
const MOST_ANSWER_BYTES = 2048;

/** The handler of calls that are due. */
export function webhookHandler(deps: WebhookDeps): Handler {
  const gates = createGates(deps.clock);
  const turnIn = createSuccession<Held>();
  const inHand = new Map<number, InHand>();
  let batches = 0;
  // A batch that failed halfway is handled again as a whole; what was settled of it must not be called again.
  const settled = new WeakSet<WorkItem>();
  const settlingDeps = {
    ...deps,
    settled: (items: readonly WorkItem[]) => {
      for (const item of items) settled.add(item);
    },
  };

  return {
    kind: KIND.webhook,
    comesAs: 'webhook',
    batchSize: BATCH_SIZE,
    inFlight: IN_FLIGHT,
    async handle(batch) {
      // Taken before anything is awaited: batches are handled in the order in which they were claimed.
      const lines = new Set(batch.items.map(lineOf));
      const turns = new Map([...lines].map((line) => [line, turnIn(line)]));
      const since = ++batches;
      for (const { ownerId } of batch.items) inHand.set(ownerId, { since });
      const settling = createSettling(settlingDeps, batch);
      const run: Run = {
        deps: { ...deps, deadlineMs: deps.deadlineMs ?? DEADLINE_MS },
        gates,
        batch,
        settling,
        behind: ({ ownerId: callId, dueMs }) => {
          const hand = inHand.get(callId);
          // Its turn is waited for. Where that is over it was put off; who comes now hears of it here, since turns are forgotten.
          if (hand && hand.since <= since) return hand.putOff;
          return { callId, untilMs: dueMs };
        },
        notePutOff: (putOff) => void inHand.set(putOff.callId, { since, putOff }),
        begunMs: deps.clock.monotonicMs(),
        putOff: new Map(),
      };
      try {
        const left = batch.items.filter((item) => !settled.has(item));
        const ready = await patiently(deps, 'reading webhook calls', () => sortOut(run, left), batch.holds);
        const chains = Map.groupBy(ready, ({ item }) => lineOf(item));
        for (const [line, turn] of turns) if (!chains.has(line)) turn.end();
        const ended = await Promise.allSettled(
          [...chains].map(([line, chain]) => callInTurn(run, chain, turns.get(line)!)),
        );
        const failed = ended.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
        await settling.finish(!failed);
        if (failed) throw failed.reason;
      } catch (error) {
        endFailed(run, turns);
        throw error;
      } finally {
        for (const turn of turns.values()) turn.forget();
        for (const { ownerId } of batch.items)
          if (inHand.get(ownerId)?.since === since) inHand.delete(ownerId);
      }
    },
  };
}

/** The batch is handled again, with turns behind those that wait for it now: they give way to its calls. */
function endFailed({ batch, deps }: Run, turns: ReadonlyMap<string, Turn<Held>>): void {
  for (const [line, items] of Map.groupBy(batch.items, lineOf))
    turns.get(line)!.end(new Map([[Math.min(...items.map(({ ownerId }) => ownerId)), deps.clock.nowMs()]]));
}

/** Loads what is due; settles what needs no call. */
async function sortOut(run: Run, items: readonly WorkItem[]): Promise<Ready[]> {
  if (!items.length) return [];
  const { sql, vault, clock, queue } = run.deps;
  const [calls, before] = await Promise.all([
    selectDueCalls(
      sql,
      run.batch.lane,
      items.map(({ ownerId }) => ownerId),
    ),
    queue.untriedBefore(sql, KIND.webhook, items),
  ]);
  const behind = new Map(
    items.map(({ ownerId }, at) => {
      const older = before[at];
      return [ownerId, older ? run.behind(older) : undefined];
    }),
  );
  const callById = new Map(calls.map((call) => [call.id, call]));
  const webhookIds = new Set(calls.map(({ webhookId }) => webhookId));
  const rows = calls.length ? await selectWebhooksById(sql, [...webhookIds]) : [];
  const known = new Map(
    rows.map((row) => [row.id, { webhook: webhookOf(row), secrets: openSecrets(vault, row) }]),
  );
  const nowMs = clock.nowMs();
  const ready: Ready[] = [];
  for (const item of items.toSorted((a, b) => a.ownerId - b.ownerId)) {
    const call = callById.get(item.ownerId);
    const { webhook, secrets } = (call && known.get(call.webhookId)) ?? {};
    // Settled by a former owner of the lane, or older than the log is kept.
    if (call?.state !== 'pending') run.settling.add({ item });
    else if (webhook?.status !== 'active')
      run.settling.add({
        item,
        change: end(call, item, 'canceled', `the webhook was ${webhook ? 'disabled' : 'deleted'}`, nowMs),
      });
    else if (!secrets)
      run.settling.add({
        item,
        change: end(
          call,
          item,
          'failed',
          'the secret cannot be read: it was sealed under another PARLEY_SECRET',
          nowMs,
        ),
      });
    else ready.push({ item, call, webhook, secrets, behind: behind.get(item.ownerId) });
  }
  return ready;
}

function end(
  call: DueCall,
  item: WorkItem,
  state: 'canceled' | 'failed',
  why: string,
  nowMs: number,
): CallChange {
  return { id: call.id, state, attempts: item.attempt, lastStatus: null, lastAnswer: why, finishedMs: nowMs };
}

/** Calls of one webhook in one bucket are most likely of one contact: they go one after the other. */
function lineOf({ causeId: webhookId, ownerId: callId }: WorkItem): string {
  return `${webhookId} ${bucketOf(callId)}`;
}

/**
 * One after the other. Behind one that is put off all others are: none is made before those that came before it were. What was made
 * before, and is made again, is not waited for.
 */
async function callInTurn(run: Run, chain: readonly Ready[], turn: Turn<Held>): Promise<void> {
  const held = new Map(await turn.before);
  for (const ready of chain) {
    if (ready.item.attempt > 0) {
      await callNext(run, ready);
      continue;
    }
    const { id } = ready.call;
    if (ready.behind) hold(held, ready.behind);
    const untilMs = heldUntilMs(held, id);
    const later = untilMs === undefined ? await callNext(run, ready) : waitBehind(run, ready, untilMs);
    if (later) hold(held, { callId: id, untilMs: later.dueMs });
    else held.delete(id);
  }
  turn.end(held);
}

function hold(held: Map<number, number>, { callId, untilMs }: PutOff): void {
  held.set(callId, Math.max(untilMs, held.get(callId) ?? 0));
}

/** When the last of those that were put off before a call is due; undefined where none was. */
function heldUntilMs(held: Held, id: number): number | undefined {
  const before = [...held].filter(([callId]) => callId < id);
  return before.length ? Math.max(...before.map(([, untilMs]) => untilMs)) : undefined;
}

/**
 * Back to the queue, to when the one before it is due: of what is due at once the older is called first. One that is due already is in
 * the hands of a batch that was claimed later, or is handled again.
 */
function waitBehind(run: Run, { item }: Ready, untilMs: number): Later {
  const later = { dueMs: Math.max(untilMs, run.deps.clock.nowMs() + GIVE_WAY_MS), attempt: item.attempt };
  goBack(run, item, later);
  return later;
}

function goBack(run: Run, item: WorkItem, later: Later): void {
  run.notePutOff({ callId: item.ownerId, untilMs: later.dueMs });
  run.settling.add({ item, again: later });
}

/** Makes a call, or puts it off; what is returned is how it was put off. */
async function callNext(run: Run, ready: Ready): Promise<Later | undefined> {
  const { id } = ready.webhook;
  const leftMs = run.begunMs + BEGIN_WITHIN_MS - run.deps.clock.monotonicMs();
  const closed = run.gates.closedUntilMs(id) > run.deps.clock.nowMs();
  if (closed || !(await run.gates.enter(id, leftMs))) {
    const later = putOff(run, ready);
    goBack(run, ready.item, later);
    return later;
  }
  try {
    // Looked at after all waiting: a lane that was lost has another owner, who makes the call.
    if (!run.settling.holds()) return;
    const outcome = await callTarget(run.deps, ready.webhook, ready.secrets, {
      messageId: messageIdOf(ready.call),
      body: ready.call.body,
    });
    await hear(run, ready, outcome);
    run.settling.add(resultOf(run, ready, outcome));
  } catch (error) {
    if (isPassing(error)) throw error;
    run.settling.add(ownFailure(run, ready, error));
  } finally {
    run.gates.leave(id);
  }
}

async function hear(run: Run, { webhook, call }: Ready, outcome: HttpOutcome): Promise<void> {
  if (outcome.kind !== 'answer' || outcome.body.length === 0) return;
  if (judge(outcome, run.deps.clock.nowMs()).kind !== 'delivered') return;
  const answer = { webhook, messageId: messageIdOf(call), call: call.body, answer: outcome.body };
  const { answered } = run.deps;
  if (answered) await patiently(run.deps, 'an answer', () => answered(answer), run.settling.holds);
}

/** Back to the queue without an attempt, each a little later than the one before: in order, and not all at once. */
function putOff(run: Run, { item, webhook }: Ready): Later {
  const before = run.putOff.get(webhook.id) ?? 0;
  run.putOff.set(webhook.id, before + 1);
  const fromMs = Math.max(run.deps.clock.nowMs(), run.gates.closedUntilMs(webhook.id));
  const waitMs = run.gates.isStuck(webhook.id) ? PUT_OFF_MS.stuck : PUT_OFF_MS.busy;
  const dueMs = Math.round(fromMs + waitMs * (1 + before / BATCH_SIZE));
  return { dueMs, attempt: item.attempt };
}

function resultOf(run: Run, { item, call, webhook }: Ready, outcome: HttpOutcome): Result {
  const nowMs = run.deps.clock.nowMs();
  const attempts = item.attempt + 1;
  const verdict = judge(outcome, nowMs);
  const noted = {
    id: call.id,
    attempts,
    lastStatus: outcome.kind === 'answer' ? outcome.status : null,
    lastAnswer: answerText(outcome),
  };
  const over = (state: 'delivered' | 'failed'): Result => ({
    item,
    change: { ...noted, state, finishedMs: nowMs },
    called: webhook,
    gone: verdict.kind === 'failed' && verdict.gone,
  });
  if (verdict.kind !== 'again') return over(verdict.kind);
  const askedMs = verdict.retryAfterMs ?? 0;
  if (askedMs > 0) run.gates.close(webhook.id, nowMs + askedMs);
  const waitMs = backoffMs(webhook.door, attempts, (run.deps.random ?? Math.random)());
  if (waitMs === undefined) return over('failed');
  return {
    item,
    change: { ...noted, state: 'pending', finishedMs: null },
    again: { dueMs: nowMs + Math.max(waitMs, askedMs), attempt: attempts },
    called: webhook,
  };
}

/** A call that failed in our hands is tried again by itself, and says nothing about its target; the others go on. */
function ownFailure(run: Run, ready: Ready, error: unknown): Result {
  const { webhook, call } = ready;
  run.deps.log.error({ error, webhookId: webhook.id, call: call.id }, 'a webhook call could not be handled');
  const outcome = { kind: 'unclear', reason: `it could not be handled here: ${String(error)}` } as const;
  const { called: _, ...result } = resultOf(run, ready, outcome);
  return result;
}

function answerText(outcome: HttpOutcome): string {
  if (isRefused(outcome))
    return `${(outcome as { reason: string }).reason}: webhooks reach public addresses only`;
  const text =
    outcome.kind === 'answer' ? outcome.body.subarray(0, MOST_ANSWER_BYTES).toString('utf8') : outcome.reason;
  // Postgres has no U+0000 in text.
  return text.replaceAll('\0', '\uFFFD');
}
