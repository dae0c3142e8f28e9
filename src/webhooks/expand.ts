/**
 * From the feed to calls: for each event that a webhook wants to hear of, a call is written down and put in the queue, in
 * the transaction that takes the event off the feed. So an event is expanded once, whatever dies. What a call says is the
 * door's business: its presenter is handed in, since this room knows no other.
 */
import type { Clock } from '../base/clock.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { DoorName } from '../accounts/keys.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { FeedReader, FeedEvent } from '../queue/feed/reader.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import { insertCalls, type NewCall } from './sql.calls.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Webhook } from './webhook.ts';

/** A call as a presenter asks for it. */
export type RenderedCall = {
  webhookId: number;
  /** Which of the events it tells of. Calls go out in the order of their events; those that name none come last. */
  eventIndex?: number;
  trigger: string;
  body: object;
  /** Whose call it is: the calls of a contact lie together, and keep their order. */
  contactId: number;
};

/** How a door tells of events: it picks those that the webhooks' triggers ask for and renders them. Of one workspace. */
export type Presenter = {
  door: DoorName;
  /** Types of the door's own events that hold more of a person than ids (queue/room.ts). */
  personalEvents?: readonly string[];
  present(db: Db, events: readonly FeedEvent[], webhooks: readonly Webhook[]): Promise<RenderedCall[]>;
};

/** Rows of one statement, and characters of their bodies, so that no statement grows without bound. */
const MOST_ROWS = 1000;
const MOST_CHARACTERS = 4_000_000;

/** The reader of the feed that makes calls of events. At most one presenter per door. */
export function webhookReader(deps: {
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  subscriptions: Subscriptions;
  presenters: readonly Presenter[];
}): FeedReader {
  const { queue, subscriptions } = deps;
  const presenters = new Map(deps.presenters.map((presenter) => [presenter.door, presenter]));

  return {
    name: 'webhooks',
    async read(tx, events) {
      const byWorkspace = Map.groupBy(events, ({ workspaceId }) => workspaceId);
      const active = await subscriptions.active(tx, [...byWorkspace.keys()]);
      for (const [workspaceId, webhooks] of active) {
        const calls: NewCall[] = [];
        for (const [door, ofDoor] of Map.groupBy(webhooks, (webhook) => webhook.door)) {
          const presenter = presenters.get(door);
          if (!presenter) continue;
          const rendered = await presenter.present(tx, byWorkspace.get(workspaceId)!, ofDoor);
          calls.push(...numbered(deps.ids, workspaceId, ofDoor, rendered));
        }
        for (const batch of batches(calls)) await write(tx, queue, deps.clock.nowMs(), batch);
      }
    },
  };
}

/** Puts calls in that no event of the feed asks for; part of the transaction. */
export async function putCalls(
  tx: Tx,
  queue: Queue,
  nowMs: number,
  calls: readonly NewCall[],
): Promise<void> {
  for (const batch of batches(calls)) await write(tx, queue, nowMs, batch);
}

/** Writes calls down and puts them in the queue, due at once. */
export async function write(tx: Tx, queue: Queue, nowMs: number, calls: readonly NewCall[]): Promise<void> {
  if (!calls.length) return;
  await insertCalls(tx, nowMs, calls);
  await queue.put(
    tx,
    calls.map((call) => dueCall(call, nowMs)),
  );
}

/** The work that a call is. */
export function dueCall(call: { id: number; webhookId: number; workspaceId: number }, nowMs: number) {
  return {
    kind: KIND.webhook,
    ownerId: call.id,
    causeId: call.webhookId,
    seq: 0,
    stream: 0,
    workspaceId: call.workspaceId,
    dueMs: nowMs,
  };
}

/** Ids are drawn in the order of the events, so that a contact's calls sort by id as things happened. */
function numbered(
  ids: IdSource,
  workspaceId: number,
  webhooks: readonly Webhook[],
  rendered: readonly RenderedCall[],
): NewCall[] {
  const known = new Set(webhooks.map(({ id }) => id));
  const texts = new Map<object, string>();
  const inOrder = rendered.toSorted((a, b) => (a.eventIndex ?? Infinity) - (b.eventIndex ?? Infinity) || 0);
  return inOrder.map(({ webhookId, trigger, body, contactId }) => {
    if (!known.has(webhookId))
      throw new Error(`a presenter named webhook ${webhookId}, which it was not asked for`);
    const text = texts.get(body) ?? JSON.stringify(body);
    texts.set(body, text);
    return { id: ids.inBucket(bucketOf(contactId)), workspaceId, webhookId, trigger, body: text, contactId };
  });
}

function* batches(calls: readonly NewCall[]): Generator<NewCall[]> {
  let batch: NewCall[] = [];
  let characters = 0;
  for (const call of calls) {
    if (batch.length === MOST_ROWS || (batch.length > 0 && characters + call.body.length > MOST_CHARACTERS)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(call);
    characters += call.body.length;
  }
  if (batch.length) yield batch;
}
