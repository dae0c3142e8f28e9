/**
 * Writes down what came of calls, in groups as they finish, so that a slow target does not hold back what the others
 * answered. A group is one transaction: due rows, calls, and what it means for the webhooks.
 */
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { appendAudit } from '../accounts/audit.ts';
import type { DoorName } from '../accounts/keys.ts';
import { patiently } from '../db/patiently.ts';
import { type Tx } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import type { Queue } from '../queue/queue.ts';
import { LaneLost, settle } from '../queue/work/settle.ts';
import type { Batch, WorkItem } from '../queue/work/work.ts';
import { updateCalls, type CallChange } from './sql.calls.ts';
import { disableWebhooks, endFailing, startFailing } from './sql.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Webhook } from './webhook.ts';

/** `webhook.disabled`: Parley gave a webhook up. `gone`: the target asked for it; `failing`: no success for too long. */
type WebhookDisabled = { webhookId: number; door: DoorName; target: string; reason: 'gone' | 'failing' };

/** What came of one item of a batch. */
export type Result = {
  item: WorkItem;
  /** Undefined for a call that was put off, or is settled already. */
  change?: CallChange;
  /** When it is to be tried (again); undefined when it is over. */
  again?: { dueMs: number; attempt: number };
  /** The webhook that was called; undefined when no call was made. */
  called?: Webhook;
  /** The target wants no more calls. */
  gone?: boolean;
};

/** What gathers the results of a batch. */
export type Settling = {
  add(result: Result): void;
  /** Writes the rest; `landed` ends the flight. */
  finish(landed: boolean): Promise<void>;
  /** False once nothing can be written any more. */
  holds: () => boolean;
};

/** A result waits so long for others. */
const GATHER_MS = 50;
const UNWRITTEN = 'what came of it could not be written down';
/** Svix's default, the strictest in use: five days without one success. */
const FAILING_MS = 120 * 3_600_000;

/** What settling works with. */
type SettlingDeps = {
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  log: Log;
  subscriptions: Subscriptions;
  /** Told of items once they are settled. */
  settled(items: readonly WorkItem[]): void;
  /** Told what came of each call, once it is written. */
  counted?: ((outcome: 'delivered' | 'failed' | 'retried' | 'canceled') => void) | undefined;
};

/** Gathers the results of one batch. */
export function createSettling(deps: SettlingDeps, batch: Batch): Settling {
  let waiting: Result[] = [];
  let cancel: (() => void) | undefined;
  let lost = false;
  // Groups are written one after the other: they are of one lane, and their order tells of a webhook's health.
  let written: Promise<void> = Promise.resolve();

  const writeNext = async (before: Promise<void>, group: readonly Result[], landed: boolean) => {
    await before;
    if (!lost) lost = !(await writeGroup(deps, batch, group, landed));
  };
  const flush = (landed: boolean): void => {
    cancel?.();
    cancel = undefined;
    written = writeNext(written, waiting, landed);
    waiting = [];
    // Looked at by `finish`; until then a failed group must not end the process.
    written.catch(() => {});
  };

  return {
    add(result) {
      waiting.push(result);
      cancel ??= deps.clock.after(GATHER_MS, () => flush(false));
    },
    async finish(landed) {
      flush(landed);
      await written;
    },
    holds: () => !lost && batch.holds(),
  };
}

/** Writes a group; false when the lane has another owner. A lost connection is waited for: the calls were made. */
async function writeGroup(
  deps: SettlingDeps,
  batch: Batch,
  group: readonly Result[],
  landed: boolean,
): Promise<boolean> {
  const write = () => deps.queue.transact((tx) => writeDown(deps, tx, batch, group, landed));
  try {
    await patiently(deps, 'what came of webhook calls', write, batch.holds);
  } catch (error) {
    if (error instanceof LaneLost) return false;
    if (isPassing(error)) throw error;
    return await writeApart(deps, batch, group, landed, error);
  }
  deps.settled(group.map(({ item }) => item));
  for (const { change } of group)
    if (change) deps.counted?.(change.state === 'pending' ? 'retried' : change.state);
  return true;
}

/** A group that cannot be written is written in halves, until the culprit stands alone; of that one only that it failed is written. */
async function writeApart(
  deps: SettlingDeps,
  batch: Batch,
  group: readonly Result[],
  landed: boolean,
  error: unknown,
): Promise<boolean> {
  const [first] = group;
  if (!first) throw error;
  if (group.length > 1) {
    const half = group.length >> 1;
    return (
      (await writeGroup(deps, batch, group.slice(0, half), false)) &&
      (await writeGroup(deps, batch, group.slice(half), landed))
    );
  }
  if (!first.change || first.change.lastAnswer === UNWRITTEN) throw error;
  deps.log.error({ error, call: first.change.id }, 'what came of a webhook call could not be written');
  const change: CallChange = {
    ...first.change,
    state: 'failed',
    lastStatus: null,
    lastAnswer: UNWRITTEN,
    finishedMs: deps.clock.nowMs(),
  };
  return await writeGroup(deps, batch, [{ item: first.item, change }], landed);
}

async function writeDown(
  deps: SettlingDeps,
  tx: Tx,
  batch: Batch,
  group: readonly Result[],
  landed: boolean,
): Promise<void> {
  const done = group.filter(({ again }) => !again).map(({ item }) => item);
  const later = group.flatMap(({ item, again }) => (again ? [{ item, ...again }] : []));
  if (!(await settle(tx, batch, { done, later, landed }))) throw new LaneLost(batch.lane.lane);
  const changes = group.flatMap(({ change }) => change ?? []);
  if (changes.length) await updateCalls(tx, batch.lane, changes, deps.clock.nowMs());
  await noteHealth(deps, tx, group);
}

/** Notes which webhooks began to fail, or work again, and gives up those that want it or failed for too long. */
async function noteHealth(deps: SettlingDeps, tx: Tx, group: readonly Result[]): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const called = group.filter(({ called: webhook }) => webhook);
  const working = new Set(
    called.filter(({ change }) => change?.state === 'delivered').map((r) => r.called!.id),
  );
  const webhooks = new Map(called.map((r) => [r.called!.id, r.called!]));
  const recovered = [...webhooks.values()].filter((w) => working.has(w.id) && w.failingSinceMs !== undefined);
  const failing = [...webhooks.values()].filter((w) => !working.has(w.id));
  const fresh = failing.filter((w) => w.failingSinceMs === undefined);
  const hopeless = failing.filter((w) => nowMs - (w.failingSinceMs ?? nowMs) > FAILING_MS);
  const gone = called.filter((r) => r.gone).map((r) => r.called!);
  if (recovered.length)
    await endFailing(
      tx,
      recovered.map(({ id }) => id),
    );
  if (fresh.length)
    await startFailing(
      tx,
      nowMs,
      fresh.map(({ id }) => id),
    );
  if (gone.length) await disable(deps, tx, gone, 'gone');
  if (hopeless.length) await disable(deps, tx, hopeless, 'failing');
}

async function disable(
  deps: SettlingDeps,
  tx: Tx,
  webhooks: readonly Webhook[],
  reason: WebhookDisabled['reason'],
): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const called = [...new Map(webhooks.map((one) => [one.id, one])).values()];
  for (const w of await disableWebhooks(tx, called, reason === 'failing' ? nowMs - FAILING_MS : null)) {
    deps.subscriptions.changed(w.workspaceId);
    await appendAudit(tx, deps.ids, {
      workspaceId: w.workspaceId,
      actor: 'parley',
      action: 'webhook.disable',
      subject: `webhook:${w.id}`,
      detail: { reason, target: w.target },
      nowMs,
    });
    const payload: WebhookDisabled = { webhookId: w.id, door: w.door as DoorName, target: w.target, reason };
    const event = {
      ownerId: w.id,
      workspaceId: w.workspaceId,
      type: 'webhook.disabled',
      atMs: nowMs,
      payload,
    };
    await deps.queue.append(tx, [event]);
  }
}
