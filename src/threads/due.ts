/**
 * What happens without a request: posts whose delay is over, the typing before them, and what a contact's message does to its
 * conversation. Sends nothing.
 */
import type { Directory } from '../accounts/directory.ts';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { conversationsOf, type MessageReceived } from '../conversations/conversations.ts';
import type { ConversationTyping } from '../conversations/events.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { FeedReader } from '../queue/feed/dispatch.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import { LaneLost, settle } from '../queue/work/settle.ts';
import type { WorkItem } from '../queue/work/sql.ts';
import type { Handler } from '../queue/worker.ts';
import type { Thread } from './participants.ts';
import { happen, inboxOf, SEQ } from './posts.ts';
import { noteHeard, selectParticipants, selectPosts } from './sql.ts';
import { findThreads, keep, threadsOf } from './threads.ts';
import { tell, type Told } from './told.ts';

type Tools = { sql: Sql; queue: Queue; ids: IdSource; clock: Clock; directory: Directory };

const BATCH_SIZE = 50;

/** The handler of posts whose delay is over. */
export function delayedPosts(tools: Tools): Handler {
  return {
    kind: KIND.delayedPost,
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
          // In the order in which they were posted.
          const items = batch.items.toSorted((a, b) => a.causeId - b.causeId);
          for (const item of items)
            await take(tools, tx, item, tools.clock.nowMs() + ahead.get(item.workspaceId)!);
        });
      } catch (error) {
        if (!(error instanceof LaneLost)) throw error;
      }
    },
  };
}

async function take(tools: Tools, tx: Tx, item: WorkItem, theirMs: number): Promise<void> {
  const { workspaceId, ownerId: conversationId, causeId: postId, seq } = item;
  const [post] = await selectPosts(tx, workspaceId, [postId]);
  if (!post) return;
  const typing = seq === SEQ.typing;
  const [thread] =
    post.spoken && !typing ? [] : await findThreads(tx, workspaceId, [conversationId], !typing);
  if (typing) {
    // Only a conversation with a contact has somebody to show it to.
    if (thread?.contactId) await showTyping(tools, tx, thread.contactId, thread, theirMs);
    return;
  }
  const told: Told[] = [{ what: 'posted', conversationId, postId }];
  if (thread) {
    const table = { thread, participants: await selectParticipants(tx, [conversationId]) };
    const known = table.participants.find(({ userId }) => userId === post.userId);
    const { userId, type, wire } = post;
    const name = known?.name ?? `User ${userId.slice(-4)}`;
    happen(
      table,
      { type, wire, actor: { userId, name, role: known?.role ?? 'agent' } },
      theirMs,
      workspaceId,
    );
    await keep(tx, table);
    told.push({ what: 'update', conversationId });
  }
  await tell(tools, tx, workspaceId, theirMs, told);
}

/** Lets the contact's web chat show that an answer is being typed (W11, W12); it ends when the message is there. */
async function showTyping(
  { queue }: Tools,
  tx: Tx,
  contactId: number,
  { id: conversationId, workspaceId }: Thread,
  atMs: number,
): Promise<void> {
  const payload: ConversationTyping = { contactId, conversationId, by: 'business', on: true };
  await queue.append(tx, [{ ownerId: contactId, workspaceId, type: 'conversation.typing', atMs, payload }]);
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
        const told = rows.flatMap(({ conversationId, messageId }): Told[] => [
          ...(queued.has(conversationId)
            ? [{ what: 'notify' as const, conversationId, postId: messageId }]
            : []),
          { what: 'update', conversationId },
        ]);
        await tell(tools, tx, workspaceId, Math.max(...rows.map(({ atMs }) => atMs)), told);
      }
    },
  };
}
