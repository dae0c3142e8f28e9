/**
 * What happens without a request: posts whose delay is over, the typing before them, and what a contact's message does to its
 * conversation. Sends nothing.
 */
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { holdContacts } from '../contacts/held.ts';
import {
  conversationsOf,
  ensureConversations,
  type MessageReceived,
} from '../conversations/conversations.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { AcceptDeps } from '../outbox/accept.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { NewEvent, Queue } from '../queue/queue.ts';
import { LaneLost, settle } from '../queue/work/settle.ts';
import type { WorkItem } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import type { ThreadPost, Table } from './participants.ts';
import { inboxOf, sayHeld, SEQ, take, type SaidNow } from './posts.ts';
import { markHappened, noteHeard, selectHeld, selectParticipants, type HeldPost } from './sql.ts';
import { findThreads, keep, threadsOf } from './threads.ts';
import { tellOfThreads, typingTold, type ThreadTold } from './told.ts';

type Tools = AcceptDeps & { sql: Sql; clock: Clock };

const BATCH_SIZE = 50;

/** The handler of posts whose delay is over, or that begin to be typed. */
export function delayedPosts(tools: Tools): Handler {
  return {
    kind: KIND.delayedPost,
    comesAs: 'post',
    batchSize: BATCH_SIZE,
    inFlight: BATCH_SIZE * 4,
    async handle(batch) {
      const ahead = new Map<number, number>();
      for (const workspaceId of new Set(batch.items.map((item) => item.workspaceId)))
        ahead.set(workspaceId, (await tools.directory.workspace(workspaceId))?.clockAheadMs ?? 0);
      try {
        await tools.queue.transact(async (tx) => {
          if (!(await settle(tx, batch, { done: batch.items, later: [], landed: true })))
            throw new LaneLost(batch.lane.lane);
          for (const [workspaceId, items] of Map.groupBy(batch.items, (item) => item.workspaceId))
            await wake(tools, tx, { workspaceId, aheadMs: ahead.get(workspaceId)! }, items);
        });
      } catch (error) {
        if (!(error instanceof LaneLost)) throw error;
      }
    },
  };
}

/** What is held in the thread of an item, and what of it is due. */
type Woken = { table: Table; due: (HeldPost & Pick<ThreadPost, 'type' | 'wire'>)[]; isTyped: boolean };

/**
 * Lets happen what is due in the threads of some items: of each thread all of it, in its order, so that two items of one thread
 * that are claimed apart do not overtake each other. The one that comes second finds nothing left to do.
 */
async function wake(
  tools: Tools,
  tx: Tx,
  { workspaceId, aheadMs }: { workspaceId: number; aheadMs: number },
  items: readonly WorkItem[],
): Promise<void> {
  const nowMs = tools.clock.nowMs();
  const theirMs = nowMs + aheadMs;
  const ids = [...new Set(items.map(({ ownerId }) => ownerId))];
  const { isGone, nowOf } = await whoTheyAre(tools, tx, workspaceId, ids, theirMs);
  const threads = await findThreads(tx, workspaceId, ids, true);
  const [held, participants] = await Promise.all([
    selectHeld(tx, workspaceId, ids),
    selectParticipants(tx, ids),
  ]);
  const woken = threads.map((thread): Woken => {
    const own = held.filter(({ conversationId }) => conversationId === thread.id);
    // By the time of the store, which may know of a test clock's move before this process does.
    const untilMs = Math.max(
      theirMs,
      ...own.flatMap((post) => (isNamed(items, post, 'happens') ? post.dueMs : [])),
    );
    return {
      table: { thread, participants: participants.filter((one) => one.conversationId === thread.id) },
      due: own.filter(({ dueMs }) => dueMs <= untilMs),
      isTyped: own.some(
        (post) =>
          post.dueMs > untilMs &&
          post.typingMs !== null &&
          (post.typingMs <= untilMs || isNamed(items, post, 'typing')),
      ),
    };
  });
  const due = woken.flatMap(({ table: { thread }, due: posts }) =>
    posts.map((post) => ({
      ...post,
      workspaceId,
      contactId: thread.contactId,
      now: thread.contactId === null ? undefined : nowOf.get(thread.contactId),
    })),
  );
  await tools.queue.append(
    tx,
    woken.flatMap((one) => typingOf(one, theirMs)),
  );
  if (due.length === 0) return;
  const notified: ThreadTold[] = [];
  for (const { table, due: posts } of woken) {
    if (posts.length === 0) continue;
    const { id: conversationId } = table.thread;
    for (const post of posts)
      for (const channelId of take(table, post, theirMs))
        notified.push({ what: 'notify', conversationId, channelId });
    await keep(tx, table);
  }
  const said = due.filter(({ contactId }) => contactId === null || !isGone.has(contactId));
  await sayHeld(tools, tx, { nowMs, aheadMs }, said);
  await markHappened(
    tx,
    due.map(({ id }) => id),
    theirMs,
  );
  const told = woken.flatMap(({ table, due: posts }) => toldOf(table.thread.id, posts));
  await tellOfThreads(tools, tx, workspaceId, theirMs, [...told, ...notified]);
}

/**
 * Holds the contacts of threads, before what is theirs. Of those who became somebody else, who that is and the conversation in which it is said
 * then (`nowOf`); of the others who are not there, that they are gone: nothing is said to them, and nothing waits for them for ever.
 */
async function whoTheyAre(
  tools: Tools,
  tx: Tx,
  workspaceId: number,
  threadIds: readonly number[],
  atMs: number,
): Promise<{ isGone: ReadonlySet<number>; nowOf: ReadonlyMap<number, SaidNow> }> {
  const named = (await findThreads(tx, workspaceId, threadIds)).flatMap(({ contactId }) =>
    contactId === null ? [] : [{ workspaceId, contactId }],
  );
  const { present, became } = named.length
    ? await holdContacts(tx, named)
    : { present: new Set<number>(), became: new Map<number, number>() };
  const others = [...new Set(became.values())].map((contactId) => ({ workspaceId, contactId }));
  const conversations = others.length ? await ensureConversations(tx, tools.ids, atMs, others) : undefined;
  return {
    isGone: new Set(named.flatMap(({ contactId: id }) => (present.has(id) || became.has(id) ? [] : [id]))),
    nowOf: new Map(
      [...became].map(([id, contactId]) => [
        id,
        { contactId, conversationId: conversations!.get(contactId)!.id },
      ]),
    ),
  };
}

function isNamed(items: readonly WorkItem[], post: HeldPost, what: keyof typeof SEQ): boolean {
  return items.some(({ causeId, seq }) => causeId === post.id && seq === SEQ[what]);
}

function toldOf(conversationId: number, posts: Woken['due']): ThreadTold[] {
  if (posts.length === 0) return [];
  const posted = posts.flatMap(({ id, held }): ThreadTold[] =>
    held.kind === 'heard' ? [] : [{ what: 'posted', conversationId, postId: id }],
  );
  return [...posted, { what: 'update', conversationId }];
}

/** Typing is shown from when it begins until the message is there, unless the next is being typed by then (W11, W12). */
function typingOf({ table: { thread }, due, isTyped }: Woken, atMs: number): NewEvent[] {
  const { contactId, id: conversationId, workspaceId } = thread;
  const ends = due.some(({ typingMs }) => typingMs !== null);
  // Only a conversation with a contact has somebody to show it to.
  if (contactId === null || (!isTyped && !ends)) return [];
  return [typingTold({ workspaceId, contactId, conversationId }, isTyped, atMs)];
}

/** The reader of the feed that keeps conversations up to date with what contacts say (W33). Comes before the webhooks'. */
export function heardByThreads(tools: { queue: Queue; ids: IdSource }): FeedReader {
  return {
    name: 'threads',
    async read(tx, events) {
      const heard = events.filter(({ type }) => type === 'message.received');
      for (const [workspaceId, ofWorkspace] of Map.groupBy(heard, (event) => event.workspaceId)) {
        const messages = ofWorkspace.map(({ payload, atMs }) => ({ ...(payload as MessageReceived), atMs }));
        const conversations = await conversationsOf(
          tx,
          messages.map(({ contactId }) => contactId),
        );
        await threadsOf(tx, [...conversations.values()]);
        const rows = [...Map.groupBy(messages, ({ conversationId }) => conversationId)].map(
          ([conversationId, ofOne]) => ({
            conversationId,
            count: ofOne.length,
            atMs: Math.max(...ofOne.map(({ atMs }) => atMs)),
            touchpoint: ofOne.findLast(({ channel }) => channel !== 'api')?.channel ?? null,
            inbox: inboxOf(workspaceId),
            messageId: ofOne.at(-1)!.messageId,
          }),
        );
        const queued = new Set((await noteHeard(tx, rows)).map(({ id }) => id));
        const told = rows.flatMap(({ conversationId, messageId }): ThreadTold[] => [
          ...(queued.has(conversationId)
            ? [{ what: 'notify' as const, conversationId, postId: messageId }]
            : []),
          { what: 'update', conversationId },
        ]);
        await tellOfThreads(tools, tx, workspaceId, Math.max(...rows.map(({ atMs }) => atMs)), told);
      }
    },
  };
}
