/** Conversations on a real Postgres: what two do to one at once, in either order, and what stays when one of them dies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { ENDS, overlapped } from '../../test/support/overlapped.ts';
import { systemClock } from '../base/clock.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Tx } from '../db/pool.ts';
import { createQueue } from '../queue/queue.ts';
import {
  conversationsOf,
  ensureConversations,
  keepOutgoing,
  mergeConversations,
  receiveMessages,
  type Incoming,
} from './conversations.ts';
import { historyPage, threadPart } from './history.ts';
import { markRead, markReadUpTo, markSeenUpTo, markStarted } from './marks.ts';
import { deleteConversation } from './sql.ts';

const { sql } = await testDatabase();
const NOW = systemClock.nowMs();
const WORKSPACE = 77;
const ids = idSource(9, () => NOW);
const queue = createQueue({ sql, ids, clock: systemClock, log: silentLog });
before(() => queue.start());
after(() => queue.stop());

/** A contact who is there. */
const somebody = async (): Promise<number> => {
  const contactId = ids.spread();
  await sql`
    INSERT INTO contacts (bucket, workspace_id, id, created_ms, changed_ms) VALUES (${contactId % 4096}, ${WORKSPACE}, ${contactId}, 1, 1)`;
  return contactId;
};
const said = (contactId: number, more: Partial<Incoming> = {}): Incoming => ({
  workspaceId: WORKSPACE,
  contactId,
  integrationId: 5,
  channel: 'sms',
  destinationId: 6,
  externalId: `SM${ids.spread()}`,
  content: { type: 'text', text: 'hi' },
  source: { type: 'sms' },
  atMs: NOW,
  ...more,
});
const receive = (tx: Tx, messages: readonly Incoming[]) => receiveMessages({ queue, ids }, tx, NOW, messages);
const outgoing = (contactId: number, conversationId: number, atMs: number) => ({
  id: ids.inBucket(contactId % 4096),
  conversationId,
  contactId,
  workspaceId: WORKSPACE,
  kind: 'message' as const,
  class: 'transactional' as const,
  content: { type: 'text' as const, text: 'hello' },
  author: {},
  source: { type: 'api' },
  atMs,
});
const begin = async (contactId: number) =>
  (
    await queue.transact((tx) => ensureConversations(tx, ids, NOW, [{ contactId, workspaceId: WORKSPACE }]))
  ).get(contactId)!;
const stands = async (contactId: number) => (await conversationsOf(sql, [contactId])).get(contactId);

const atOnce = { sql, transact: queue.transact };

for (const ends of ENDS) {
  test(`two begin the conversation of one contact, and the first ${ends}: there is one, which both have`, async () => {
    const contact = { contactId: await somebody(), workspaceId: WORKSPACE };
    let first: number | undefined;
    const second = await overlapped(
      atOnce,
      ends,
      async (tx) => (first = (await ensureConversations(tx, ids, NOW, [contact])).get(contact.contactId)!.id),
      (tx) => ensureConversations(tx, ids, NOW, [contact, contact]),
    );
    const there = await stands(contact.contactId);
    assert.equal(second.get(contact.contactId)?.id, there?.id);
    assert.equal(there?.id === first, ends === 'commits');
  });

  test(`two say the first word to one contact, and the first ${ends}: each word is counted once`, async () => {
    const contact = { contactId: await somebody(), workspaceId: WORKSPACE, said: 1 };
    const say = async (tx: Tx) => {
      const { id, isNew } = (await ensureConversations(tx, ids, NOW, [contact])).get(contact.contactId)!;
      return await keepOutgoing(tx, [
        { ...outgoing(contact.contactId, id, NOW), isCounted: isNew === true },
        { ...outgoing(contact.contactId, id, NOW), kind: 'confirmation' as const },
      ]);
    };
    assert.equal(await overlapped(atOnce, ends, say, say), true);
    const { messageCount, unreadCount, started, businessReadMs } = (await stands(contact.contactId))!;
    const n = ends === 'commits' ? 2 : 1;
    assert.deepEqual([messageCount, unreadCount, started, businessReadMs], [n, n, true, NOW]);
  });

  test(`a provider repeats a message while it is being kept, and the first ${ends}: it is kept and told of once`, async () => {
    const message = said(await somebody());
    const fresh = await overlapped(
      atOnce,
      ends,
      (tx) => receive(tx, [message]),
      (tx) => receive(tx, [message, said(message.contactId, { externalId: `${message.externalId}b` })]),
    );
    assert.equal(fresh.length, ends === 'commits' ? 1 : 2);
    const conversation = (await stands(message.contactId))!;
    assert.equal(conversation.messageCount, 2);
    const page = await historyPage(sql, { conversationId: conversation.id, limit: 10 });
    assert.deepEqual(
      new Set(page.map(({ externalId }) => externalId)),
      new Set([message.externalId, `${message.externalId}b`]),
    );
    assert.equal(page.length, 2);
    const told = await sql`SELECT 1 FROM feed WHERE (payload ->> 'contactId')::bigint = ${message.contactId}`;
    assert.equal(told.length, 2);
  });

  test(`two begin to talk, and the first ${ends}: one of them began it`, async () => {
    const { id, contactId } = await begin(await somebody());
    const began = await overlapped(
      atOnce,
      ends,
      (tx) => markStarted(tx, id, NOW),
      (tx) => markStarted(tx, id, NOW + 1),
    );
    assert.equal(began, ends === 'dies');
    assert.equal((await stands(contactId))!.contactReadMs, ends === 'dies' ? NOW + 1 : NOW);
  });

  test(`something is said where the conversation is being taken away, and that ${ends}: who says it learns whether it is there`, async () => {
    const { id, contactId } = await begin(await somebody());
    const isThere = await overlapped(
      atOnce,
      ends,
      (tx) => deleteConversation(tx, id),
      (tx) => keepOutgoing(tx, [outgoing(contactId, id, NOW)]),
    );
    assert.equal(isThere, ends === 'dies');
    assert.equal((await stands(contactId))?.unreadCount, ends === 'dies' ? 1 : undefined);
  });

  test(`two have read up to different messages, and the further one ${ends}: what is read stays read`, async () => {
    const { id, contactId } = await begin(await somebody());
    const [one, two] = [outgoing(contactId, id, NOW + 1), outgoing(contactId, id, NOW + 2)];
    await queue.transact((tx) => keepOutgoing(tx, [one, two]));
    const moved = await overlapped(
      atOnce,
      ends,
      (tx) => markReadUpTo(tx, { conversationId: id, messageId: two.id, atMs: two.atMs }),
      (tx) => markReadUpTo(tx, { conversationId: id, messageId: one.id, atMs: one.atMs }),
    );
    assert.equal(moved, ends === 'dies');
    const { contactReadMs, unreadCount } = (await stands(contactId))!;
    assert.deepEqual([contactReadMs, unreadCount], ends === 'dies' ? [NOW + 1, 1] : [NOW + 2, 0]);
  });

  test(`both sides mark as read at one moment, and the later one ${ends}: no mark goes back`, async () => {
    for (const by of ['contact', 'business'] as const) {
      const { id, contactId } = await begin(await somebody());
      await overlapped(
        atOnce,
        ends,
        (tx) => markRead(tx, id, by, NOW + 5),
        (tx) => markRead(tx, id, by, NOW + 3),
      );
      const { contactReadMs, businessReadMs } = (await stands(contactId))!;
      const readMs = ends === 'dies' ? NOW + 3 : NOW + 5;
      assert.deepEqual([contactReadMs, businessReadMs], by === 'contact' ? [readMs, null] : [null, readMs]);
      assert.equal(
        await queue.transact((tx) => markSeenUpTo(tx, id, NOW + 4)),
        by === 'contact' || ends === 'dies',
      );
    }
  });
}

for (const ends of ENDS)
  test(`a conversation is begun with somebody who is being taken away, and that ${ends}: nothing is left over`, async () => {
    const contactId = await somebody();
    const contact = { contactId, workspaceId: WORKSPACE };
    let tries = 0;
    const begun = overlapped(
      atOnce,
      ends,
      async (tx) =>
        void (await tx`DELETE FROM contacts WHERE bucket = ${contactId % 4096} AND id = ${contactId}`),
      async (tx) => {
        tries++;
        return await ensureConversations(tx, ids, NOW, [contact]);
      },
    );
    if (ends === 'commits') {
      await assert.rejects(begun, /taken away meanwhile/);
      assert.ok(tries > 1, 'the transaction is repeated, and finds them gone');
    } else assert.equal((await begun).get(contactId)?.contactId, contactId);
    assert.equal((await stands(contactId)) === undefined, ends === 'commits');
  });

test('of messages of one millisecond each can be read by itself', async () => {
  const { id, contactId } = await begin(await somebody());
  const some = [1, 2, 3].map(() => outgoing(contactId, id, NOW));
  await queue.transact((tx) => keepOutgoing(tx, some));
  const [one, two, three] = some.map((message) => message.id).sort((a, b) => a - b);
  const readTo = async (messageId: number) => {
    const moved = await queue.transact((tx) =>
      markReadUpTo(tx, { conversationId: id, messageId, atMs: NOW }),
    );
    return [moved, (await stands(contactId))!.unreadCount];
  };
  assert.deepEqual(await readTo(two!), [true, 1]);
  assert.deepEqual(await readTo(one!), [false, 1]);
  assert.deepEqual(await readTo(three!), [true, 0]);
  assert.deepEqual(await readTo(three!), [false, 0]);
});

test('what was said to two who become one is one thread: in pages of any length nothing is lost and nothing comes twice', async () => {
  const [survivingId, discardedId, third] = [await somebody(), await somebody(), await somebody()];
  for (const contactId of [survivingId, discardedId, third]) {
    const { id } = await begin(contactId);
    // Several of one moment, of both of them.
    await queue.transact((tx) =>
      keepOutgoing(
        tx,
        [0, 0, 1, 1, 2].map((n) => outgoing(contactId, id, NOW + n)),
      ),
    );
  }
  const merge = (one: number, other: number) =>
    queue.transact((tx) =>
      mergeConversations(tx, ids, NOW, { workspaceId: WORKSPACE, survivingId: one, discardedId: other }),
    );
  await merge(discardedId, third);
  await merge(survivingId, discardedId);
  await merge(survivingId, discardedId);
  assert.equal(await stands(discardedId), undefined);
  const conversation = (await stands(survivingId))!;
  assert.deepEqual([conversation.messageCount, conversation.unreadCount], [15, 15]);
  const all = await threadPart(sql, conversation.id, { limit: 100 });
  assert.equal(new Set(all.map(({ id }) => id)).size, 15);
  for (const limit of [1, 2, 4, 7]) {
    const back: number[] = [];
    for (let part = await threadPart(sql, conversation.id, { limit }); part.length; ) {
      back.unshift(...part.map(({ id }) => id));
      part = await threadPart(sql, conversation.id, { limit, before: part[0]! });
    }
    assert.deepEqual(
      back,
      all.map(({ id }) => id),
      `backwards by ${limit}`,
    );
    const on: number[] = [all[0]!.id];
    for (let last = all[0]!; ; ) {
      const part = await threadPart(sql, conversation.id, { limit, after: last });
      if (!part.length) break;
      on.push(...part.map(({ id }) => id));
      last = part.at(-1)!;
    }
    assert.deepEqual(on, back, `forwards by ${limit}`);
  }
});
