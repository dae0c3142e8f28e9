/** One bad thing hurts one thing: what throws while a message is prepared, sent, settled or reported on is that message's outcome. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { ensureConversations } from '../src/conversations/conversations.ts';
import type { DeliveryChanged } from '../src/ledger/events.ts';
import { accept } from '../src/outbox/accept.ts';
import { testDatabase } from './support/database.ts';
import { callAsTwilio, startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { newContacts, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const PEOPLE = 40;
let door: World;
let worker: World;
let sink: TwilioSink;
let workspaceId: number;
let integrationId: number;
let next = 3_000_000;

before(async () => {
  sink = await startTwilioSink();
  door = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  workspaceId = (await newWorkspace(door.ctx, 'live')).id;
  integrationId = (await newTwilio(door.ctx, workspaceId, sink.url)).id;
});
after(async () => {
  await worker.stop();
  await door.stop();
  await sink.close();
});

type Standing = {
  contactId: number;
  causeId: number;
  state: number;
  code: string | null;
  detail: string | null;
};

/** Accepts a message of a class for new people, and lets a worker at them once `spoil` has done its work. */
async function sendTo(
  messageClass: 'marketing' | 'transactional',
  spoil: (ids: number[]) => Promise<void> = async () => {},
) {
  await worker?.stop();
  const { ctx } = door;
  const first = next;
  const people = await newContacts(ctx, workspaceId, PEOPLE, first);
  next += PEOPLE;
  const sent = await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const keys = people.map((contactId) => ({ workspaceId, contactId }));
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, keys);
    return await accept(
      ctx,
      tx,
      nowMs,
      people.map((contactId) => ({
        workspaceId,
        contactId,
        conversationId: conversations.get(contactId)!.id,
        kind: 'message' as const,
        class: messageClass,
        content: { type: 'text' as const, text: 'Hi' },
        author: {},
        source: { type: 'api' },
        integrationId,
      })),
    );
  });
  const ids = sent.map(({ messageId }) => messageId);
  await spoil(ids);
  worker = await startWorld(database.connection, { PARLEY_ROLES: 'worker' });
  const rows = () => sql<Standing[]>`
    SELECT contact_id AS "contactId", cause_id AS "causeId", state, code, detail FROM deliveries
    WHERE cause_id = ANY(${ids}::bigint[]) ORDER BY cause_id`;
  const settled = await until('all are settled', async () => {
    const all = await rows();
    return all.length === PEOPLE && all.every(({ state }) => state >= 4) ? all : undefined;
  });
  return { ids, settled, rows, numberOf: (at: number) => `+1555${first + at}` };
}

/** All but one were sent once and are accepted. */
function neighboursAreWell(sent: Awaited<ReturnType<typeof sendTo>>, bad: number): void {
  for (const [at, id] of sent.ids.entries()) {
    if (at === bad) continue;
    assert.equal(sink.countOf(sent.numberOf(at)), 1, `calls to neighbour ${at}`);
    assert.equal(sent.settled.find(({ causeId }) => causeId === id)!.state, 4);
  }
}

test('a message that cannot be prepared fails by itself and says so; its neighbours, marketing too, are sent once', async () => {
  const sent = await sendTo('marketing', async (ids) => {
    await sql`UPDATE messages SET content = '{"type":"text"}' WHERE id = ${ids[7]!}`;
  });
  neighboursAreWell(sent, 7);
  const bad = sent.settled.find(({ causeId }) => causeId === sent.ids[7])!;
  assert.equal(bad.state, 10);
  assert.equal(bad.code, 'internal_error');
  assert.match(bad.detail!, /Parley failed on this message/);
  assert.equal(sink.countOf(sent.numberOf(7)), 0);
});

test('a provider whose words cannot be stored hurts nobody', async () => {
  const bad = `+1555${next + 9}`;
  sink.answer = ({ to }) =>
    to === bad
      ? {
          status: 400,
          headers: { 'content-type': 'application/json' },
          body: '{"code":21211,"message":"nul \\u0000 and half \\ud800"}',
        }
      : 'accept';
  const sent = await sendTo('marketing');
  sink.answer = () => 'accept';
  neighboursAreWell(sent, 9);
  const row = sent.settled.find(({ causeId }) => causeId === sent.ids[9])!;
  assert.equal(row.state, 10);
  assert.equal(row.code, '21211');
});

test('an outcome that cannot be written is written as little as can be: sent once, told, and its neighbours whole', async () => {
  const sent = await sendTo('transactional', async (ids) => {
    await sql.unsafe(`
      CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.cause_id = ${ids[5]!} AND NEW.state = 4 AND NEW.trail IS NULL THEN RAISE EXCEPTION 'not this one'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse_one BEFORE INSERT OR UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION refuse_one()`);
  });
  neighboursAreWell(sent, 5);
  assert.equal(sink.countOf(sent.numberOf(5)), 1, 'not sent again');
  const [row] = await sql<{ state: number; trail: { what: string; why: string }[] }[]>`
    SELECT state, trail FROM deliveries WHERE cause_id = ${sent.ids[5]!}`;
  assert.equal(row!.state, 4);
  assert.match(row!.trail[0]!.what, /internal_error: not all of it could be kept/);
  assert.equal(row!.trail[0]!.why, 'not this one');
});

test('a receipt that cannot be stored does not keep the others of its call from being', async () => {
  const sent = await sendTo('transactional');
  await sql.unsafe(`
    CREATE FUNCTION refuse_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.cause_id = ${sent.ids[3]!} THEN RAISE EXCEPTION 'not this one'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_receipt BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION refuse_receipt()`);
  const callbacks = new Map(
    sink.calls.map(({ to, callback }) => [to, door.url + callback.slice(callback.indexOf('/callbacks'))]),
  );
  const told = await Promise.allSettled(
    sent.ids.map((_, at) =>
      callAsTwilio(callbacks.get(sent.numberOf(at))!, {
        AccountSid: `AC${'0'.repeat(32)}`,
        MessageSid: `SM${at}`,
        MessageStatus: 'delivered',
      }),
    ),
  );
  assert.deepEqual(
    told.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
    [3],
    'only whose receipt it is hears that it was not kept',
  );
  assert.deepEqual(
    (await sent.rows()).filter(({ state }) => state !== 5).map(({ causeId }) => causeId),
    [sent.ids[3]],
  );
});

test('9.17 what happened to somebody is told in their own bucket, whoever else was settled along with them', async () => {
  const rows = await sql<{ bucket: number; payload: DeliveryChanged }[]>`
    SELECT bucket, payload FROM feed_log WHERE type = 'delivery.changed'
    UNION ALL SELECT bucket, payload FROM feed WHERE type = 'delivery.changed'`;
  assert.ok(rows.length > PEOPLE);
  for (const { bucket, payload } of rows)
    for (const { contactId } of payload.changes) assert.equal(bucketOf(contactId), bucket);
});
