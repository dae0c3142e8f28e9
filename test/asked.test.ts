/** What was called without an answer is asked for before it is sent again: nothing is doubled, and nothing left unknown. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createIntegration } from '../src/accounts/integrations.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { ADAPTERS } from '../src/channels/adapters.ts';
import { ensureConversations } from '../src/conversations/conversations.ts';
import { STATE } from '../src/ledger/states.ts';
import { accept } from '../src/outbox/accept.ts';
import { startBirdSink } from './support/birdSink.ts';
import { testDatabase } from './support/database.ts';
import { hurry } from './support/hurry.ts';
import { startTwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { must, newContacts, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
let world: World;
before(async () => {
  world = await startWorld(database.connection);
});
after(() => world.stop());

test('9.4 two equal messages to one number, of which one was taken: the other is sent again, whichever it is', async () => {
  const sink = await startTwilioSink();
  sink.lists = true;
  try {
    for (const lost of [0, 1, 2]) {
      const { ctx } = world;
      const app = await newWorkspace(ctx, 'live');
      const { id: integrationId } = await newTwilio(ctx, app.id, sink.url);
      const number = 9_000_000 + lost;
      const phone = `+1555${number}`;
      const [contactId] = await newContacts(ctx, app.id, 1, number);
      const isMine = ({ to }: { to: string }) => to === phone;
      // The call that is lost was never taken; before or after it the same text was, answered (0, 1) or not (2).
      let calls = 0;
      sink.onCall = (call) => {
        if (isMine(call) && calls++ === lost % 2) sink.calls.splice(sink.calls.indexOf(call), 1);
      };
      sink.answer = () => (calls - 1 === lost % 2 || (lost === 2 && calls === 2) ? 'reset' : 'accept');
      const say = () =>
        ctx.queue.transact(async (tx) => {
          const nowMs = ctx.clock.nowMs();
          const of = { contactId: contactId!, workspaceId: app.id };
          const conversations = await ensureConversations(tx, ctx.ids, nowMs, [of]);
          return await accept(ctx, tx, nowMs, [
            {
              ...of,
              conversationId: conversations.get(contactId!)!.id,
              kind: 'notification',
              class: 'marketing',
              content: { type: 'text', text: 'Hi' },
              author: {},
              source: { type: 'notification' },
              integrationId,
            },
          ]);
        });
      await say();
      await until('the first is called', () => calls === 1);
      await say();
      await until('both are accepted', async () => {
        await hurry(ctx, app.id);
        const rows = await sql<{ state: number; ids: string[] }[]>`
          SELECT state, external_ids AS ids FROM deliveries WHERE contact_id = ${contactId!}`;
        return (
          rows.length === 2 &&
          rows.every(({ state }) => state === STATE.accepted) &&
          new Set(rows.flatMap(({ ids }) => ids)).size === 2
        );
      });
      assert.equal(sink.calls.filter(isMine).length, 2, 'it has each of them once');
      assert.equal(calls, 3, 'the one that was lost was called twice');
    }
  } finally {
    await sink.close();
  }
});

test('9.5 Bird whose answers are lost: each of a marketing broadcast is there once, and none is left unknown', async () => {
  const sink = await startBirdSink();
  try {
    const { ctx } = world;
    const app = await newWorkspace(ctx, 'live');
    const settings = {
      accessKey: 'bk_eu_0123456789',
      originator: '+31612340000',
      signingKey: `whsec_${Buffer.from('a key of the test').toString('base64')}`,
      baseUrl: sink.url,
    };
    const deps = { vault: ctx.vault, ids: ctx.ids, catalogue: ADAPTERS };
    const wanted = { workspaceId: app.id, provider: 'messagebird', ratePerS: 100_000, nowMs: 0, settings };
    const integration = must(await sql.begin((tx) => createIntegration(tx, deps, wanted)));
    ctx.directory.forget(integration.id);
    const contactIds = await newContacts(ctx, app.id, 600, 9_100_000);
    // Of three calls one is answered, of one the answer is lost, and one is lost itself.
    sink.answer = (call) => (['accept', 'lost', 'cut'] as const)[call % 3]!;
    const nowMs = ctx.clock.nowMs();
    const input = {
      name: 'x',
      content: { type: 'text', text: 'Hi' },
      channel: 'sms',
      class: 'marketing',
      integrationId: integration.id,
      audience: { include: { all: true } },
    };
    const begun = await ctx.queue.transact(async (tx) => {
      const made = must(await createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs));
      return must(await startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs));
    });
    const standing = () => sql<{ state: number; n: number }[]>`
      SELECT state, count(*) AS n FROM deliveries WHERE cause_id = ${begun.runId!} GROUP BY state`;
    await until('all have been called', async () => {
      const rows = await standing();
      return rows.reduce((sum, { n }) => sum + n, 0) === contactIds.length;
    });
    assert.ok(
      (await standing()).some(({ state }) => state === STATE.unknown),
      'some are unclear',
    );
    sink.answer = () => 'accept';
    await until(
      'none is unclear',
      async () => {
        await hurry(ctx, app.id);
        const rows = await standing();
        return rows.length === 1 && rows[0]!.state === STATE.accepted && rows[0]!.n === contactIds.length;
      },
      60_000,
    );
    const numbers = contactIds.map((_, at) => `+1555${9_100_000 + at}`);
    assert.deepEqual(
      numbers.filter((to) => sink.countOf(to) !== 1),
      [],
    );
    assert.ok(sink.listed() > 0, 'it was asked');
  } finally {
    await sink.close();
  }
});
