/** The outbox by itself: a Parley without a worker, and batches that a test claims, sends and settles when it wants. */
import { bucketOf, toHex24 } from '../../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../../src/broadcasts/broadcasts.ts';
import type { BroadcastInput } from '../../src/broadcasts/broadcast.ts';
import { runSource } from '../../src/broadcasts/steps.ts';
import { ensureConversations } from '../../src/conversations/conversations.ts';
import { openPool } from '../../src/db/pool.ts';
import { accept, type Send } from '../../src/outbox/accept.ts';
import type { DeliverDeps } from '../../src/outbox/deliver/deliver.ts';
import { createFlow } from '../../src/queue/work/flow.ts';
import { KIND } from '../../src/queue/work/kinds.ts';
import type { Batch } from '../../src/queue/work/work.ts';
import { claimBatch } from './claim.ts';
import type { TestDatabase } from './database.ts';
import { startTwilioSink } from './twilioSink.ts';
import { must, newContacts, newTwilio, newWorkspace, startWorld } from './world.ts';

export type OutboxRig = Awaited<ReturnType<typeof startOutbox>>;

let numbers = 4_000_000;

/** Starts it. Stop it at the end of the test file. */
export async function startOutbox(database: TestDatabase) {
  const { sql } = database;
  const sink = await startTwilioSink();
  const world = await startWorld(database.connection, {
    PARLEY_ROLES: 'http',
    PARLEY_PROVIDER_DEADLINE_MS: '5000',
  });
  const { ctx } = world;
  // What is read in the middle of a transaction comes from another pool.
  const aside = openPool(database.connection, { max: 3, name: 'aside' });
  const deps: DeliverDeps = {
    ...ctx,
    runs: runSource({ ...ctx, sql: aside }),
    flow: createFlow({ ...ctx, sql: aside }),
    spread: () => 0.5,
  };
  return {
    ctx,
    deps,
    sink,
    url: world.url,
    /** A live workspace that sends text messages to the sink. */
    async newPlace(settings: Record<string, unknown> = {}) {
      const app = await newWorkspace(ctx, 'live');
      await sql`UPDATE workspaces SET settings = ${sql.json(settings)} WHERE id = ${app.id}`;
      ctx.directory.forget(app.id);
      return { ...app, integration: await newTwilio(ctx, app.id, sink.url) };
    },
    /** People of a workspace whose work is in one lane, with their numbers. */
    async newPeople(workspaceId: number, count: number) {
      const from = numbers;
      // One in 32 is in the lane of the first.
      const many = count === 1 ? 1 : count * 40;
      const made = await newContacts(ctx, workspaceId, many, from);
      numbers += many;
      const lane = ctx.queue.laneOf(bucketOf(made[0]!));
      return made
        .map((id, at) => ({ id, phone: `+1555${from + at}` }))
        .filter(({ id }) => ctx.queue.laneOf(bucketOf(id)) === lane)
        .slice(0, count);
    },
    /** Accepts messages, in order; returns their ids. */
    async say(
      workspaceId: number,
      sends: readonly (Partial<Send> & { contactId: number })[],
    ): Promise<number[]> {
      const sent = await ctx.queue.transact(async (tx) => {
        const nowMs = ctx.clock.nowMs();
        const keys = sends.map(({ contactId }) => ({ workspaceId, contactId }));
        const conversations = await ensureConversations(tx, ctx.ids, nowMs, keys);
        return await accept(
          ctx,
          tx,
          nowMs,
          sends.map((send) => ({
            workspaceId,
            conversationId: conversations.get(send.contactId)!.id,
            kind: 'message' as const,
            class: 'transactional' as const,
            content: { type: 'text' as const, text: 'Hi' },
            author: {},
            source: { type: 'api' },
            ...send,
          })),
        );
      });
      return sent.map(({ messageId }) => messageId);
    },
    /** A broadcast that runs and is not fanned out; returns its id and its run's. */
    async run(workspaceId: number, more: BroadcastInput = {}) {
      const nowMs = ctx.clock.nowMs();
      const input = {
        name: 'news',
        channel: 'sms',
        audience: { include: { all: true } },
        content: { type: 'text', text: 'News' },
        ...more,
      };
      const made = must(
        await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, workspaceId, input, nowMs)),
      );
      const begun = must(
        await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, workspaceId, made.id, nowMs)),
      );
      return { id: made.id, runId: begun.runId! };
    },
    /** Puts people into the queue for a run. */
    async fan(workspaceId: number, runId: number, contactIds: readonly number[]): Promise<void> {
      await ctx.queue.transact((tx) =>
        ctx.queue.put(
          tx,
          contactIds.map((ownerId) => ({
            kind: KIND.delivery,
            ownerId,
            causeId: runId,
            seq: 0,
            stream: runId,
            workspaceId,
            dueMs: ctx.clock.nowMs(),
          })),
        ),
      );
    },
    /** Claims what is due in the lane of a contact. */
    async claim(
      contactId: number,
      stream = 0,
      more: Partial<Batch> & { limit?: number } = {},
    ): Promise<Batch> {
      return await claimBatch(ctx, contactId, { kind: KIND.delivery, ...more, stream });
    },
    /** How deliveries of a cause stand, in order of contact and seq. */
    async standing(causeId: number) {
      return await sql<
        { contactId: number; seq: number; state: number; code: string | null; channel: string | null }[]
      >`
        SELECT contact_id AS "contactId", seq, state, code, channel FROM deliveries WHERE cause_id = ${causeId}
        ORDER BY contact_id, seq`;
    },
    /** What is in the queue of a cause. */
    async due(causeId: number) {
      return await sql<{ ownerId: number; seq: number; attempt: number; dueMs: number; kind: number }[]>`
        SELECT owner_id AS "ownerId", seq, attempt, due_ms AS "dueMs", kind FROM due WHERE cause_id = ${causeId}
        ORDER BY kind, owner_id, seq`;
    },
    hex: toHex24,
    async stop() {
      await world.stop();
      await aside.end({ timeout: 5 });
      await sink.close();
    },
  };
}
