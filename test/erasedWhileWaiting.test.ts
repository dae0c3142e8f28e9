/** Somebody is erased while a message for them waits: it is not sent, and the ledger says how it ended. Found by the simulation. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureConversations } from '../src/conversations/conversations.ts';
import { STATE } from '../src/ledger/states.ts';
import { accept } from '../src/outbox/accept.ts';
import { erasePerson } from '../src/people/people.ts';
import { testDatabase } from './support/database.ts';
import { startTwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { newContacts, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const sink = await startTwilioSink();
let world: World;
before(async () => {
  world = await startWorld(database.connection);
});
after(async () => {
  await world.stop();
  await sink.close();
});

test('a single message ends as canceled, because of the erasure', async () => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const { id: integrationId } = await newTwilio(ctx, app.id, sink.url);
  const [contactId] = await newContacts(ctx, app.id, 1);
  const nowMs = ctx.clock.nowMs();
  const causeId = await ctx.queue.transact(async (tx) => {
    const of = [{ contactId: contactId!, workspaceId: app.id }];
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, of);
    const [accepted] = await accept(ctx, tx, nowMs, [
      {
        workspaceId: app.id,
        contactId: contactId!,
        conversationId: conversations.get(contactId!)!.id,
        kind: 'notification',
        class: 'marketing',
        content: { type: 'text', text: 'Later' },
        author: {},
        source: { type: 'notification' },
        integrationId,
        notBeforeMs: nowMs + 3_600_000,
      },
    ]);
    return accepted!.messageId;
  });
  await ctx.queue.transact((tx) =>
    erasePerson(ctx, tx, {
      workspaceId: app.id,
      contactId: contactId!,
      atMs: ctx.clock.nowMs(),
      afterCommit: (run) => run(),
    }),
  );
  await database.sql`UPDATE due SET due_ms = ${nowMs} WHERE cause_id = ${causeId}`;
  await until('it has ended', async () => {
    const [row] = await database.sql<{ state: number; code: string | null }[]>`
      SELECT state, code FROM deliveries WHERE cause_id = ${causeId}`;
    return row?.state === STATE.canceled && row.code === 'erased';
  });
  assert.equal(sink.calls.length, 0);
});
