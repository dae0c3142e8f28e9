/** An operator who sees a conversation in the moment in which the inbox hears of it, in both orders of commit: it is read afterwards. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { newContacts, newWorkspace, startWorld, type World } from '../../test/support/world.ts';
import { ensureConversations } from '../conversations/conversations.ts';
import type { Tx } from '../db/pool.ts';
import { noteSeen, takeUp } from './inbox.ts';
import { inboxReader } from './reader.ts';

const database = await testDatabase();
const { sql } = database;
const SEEN_MS = 2_000_000;
let world: World;
let workspaceId: number;
let numbers = 7_700_000;
before(async () => {
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  workspaceId = (await newWorkspace(world.ctx, 'live')).id;
});
after(() => world.stop());

async function somebody() {
  const [contactId] = await newContacts(world.ctx, workspaceId, 1, numbers++);
  const conversations = await sql.begin((tx) =>
    ensureConversations(tx, world.ctx.ids, SEEN_MS - 5, [{ workspaceId, contactId: contactId! }]),
  );
  return { contactId: contactId!, conversationId: conversations.get(contactId!)!.id };
}
type Somebody = Awaited<ReturnType<typeof somebody>>;

const see = async (tx: Tx, { contactId }: Somebody) => {
  assert.equal(await noteSeen(tx, { workspaceId, contactId, operatorId: 7, readMs: SEEN_MS }), true);
};
const hear = async (tx: Tx, { contactId, conversationId }: Somebody) => {
  const payload = { contactId, conversationId, messageId: contactId, destinationId: 1, channel: 'sms' };
  const event = { workspaceId, ownerId: contactId, type: 'message.received', atMs: SEEN_MS - 1, payload };
  await inboxReader({ send: () => {} }).read(tx, [event] as never);
};
const readMsOf = async ({ contactId }: Somebody) =>
  (await sql<{ readMs: number }[]>`SELECT read_ms AS "readMs" FROM inbox WHERE contact_id = ${contactId}`)[0]
    ?.readMs;

/** Both at work in transactions of their own before either is over: `first` ends its own only when the other is done with its work, or waits. */
async function atOnce(who: Somebody, first: typeof see, second: typeof see): Promise<void> {
  const begun = Promise.withResolvers<void>();
  const ends = Promise.withResolvers<void>();
  const one = sql.begin(async (tx) => {
    await first(tx, who);
    begun.resolve();
    await ends.promise;
  });
  await Promise.race([begun.promise, one]);
  let isDone = false;
  const other = sql.begin(async (tx) => {
    await second(tx, who);
    isDone = true;
  });
  await until('the second is done, or waits for the first', async () => {
    const waiting = await sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return isDone || waiting.length > 0;
  });
  ends.resolve();
  await Promise.all([one, other]);
}

test('seen in the moment in which it is heard: it is read, whichever of the two commits first', async () => {
  for (const [first, second] of [
    [see, hear],
    [hear, see],
  ] as const) {
    const who = await somebody();
    await atOnce(who, first, second);
    assert.equal(await readMsOf(who), SEEN_MS);
  }
});

test('the same where an operator turns to what only the business has said', async () => {
  const turn = async (tx: Tx, { contactId }: Somebody) => void (await takeUp(tx, workspaceId, contactId));
  for (const [first, second] of [
    [see, turn],
    [turn, see],
  ] as const) {
    const who = await somebody();
    await sql`
      INSERT INTO messages (bucket, id, conversation_id, contact_id, workspace_id, kind, direction, class, content, author, source, at_ms)
      SELECT bucket, id + 4096, id, contact_id, workspace_id, 'message', 'out', 'transactional', '{"type":"text","text":"Hi"}', '{}', '{"type":"api"}', ${SEEN_MS - 2}::bigint
      FROM conversations WHERE id = ${who.conversationId}`;
    await atOnce(who, first, second);
    assert.equal(await readMsOf(who), SEEN_MS);
  }
});

test('seen before it is heard, and heard before it is seen: nobody waits', async () => {
  for (const [first, second] of [
    [see, hear],
    [hear, see],
  ] as const) {
    const who = await somebody();
    await sql.begin((tx) => first(tx, who));
    await sql.begin((tx) => second(tx, who));
    assert.equal(await readMsOf(who), SEEN_MS);
  }
});
