/** From the feed to calls: in few statements, in order, once; and at no cost where nobody listens. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../base/ids.ts';
import { isFault } from '../base/fault.ts';
import type { FeedEvent } from '../queue/feed/reader.ts';
import { testClock } from '../../test/support/clock.ts';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { putCalls, webhookReader } from './expand.ts';
import { OFFERED, plain, startRig, type Rig } from './testRig.ts';

const database = await testDatabase();
const { sql } = database;
const clock = testClock();
const rig = await startRig({ sql, clock, node: 1, work: false });
const { webhooks, ids, queue } = rig;
test.after(() => rig.stop());

const make = async (workspaceId: number, triggers = ['told'], door: 'sunshine' | 'console' = 'sunshine') => {
  const input = { workspaceId, door, target: 'https://example.com', triggers, offered: OFFERED };
  const made = await queue.transact((tx) => webhooks.create(tx, input));
  ok(!isFault(made));
  return made;
};
const eventsOf = (workspaceId: number, contactIds: readonly number[]): FeedEvent[] =>
  contactIds.map((contactId, n) => ({
    bucket: bucketOf(contactId),
    id: ids.inBucket(bucketOf(contactId)),
    workspaceId,
    type: 'told',
    atMs: clock.nowMs(),
    payload: { contactId, n },
  }));
const reader = (asked: Rig['asked'] = []) =>
  webhookReader({
    queue,
    ids,
    clock,
    subscriptions: webhooks.subscriptions,
    presenters: [plain('sunshine', asked), plain('console', asked)],
  });

/** Statements that this process sends while something runs. */
async function statements(run: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  database.hear((text) => sent.push(text));
  await run();
  database.hear(undefined);
  // What wakes other processes is sent a little later, and a new connection asks for the types there are.
  return sent.filter((text) => !/pg_notify|pg_type|pg_catalog/.test(text));
}

test('1,000 events become 2,000 calls in a handful of statements, bodies as they were rendered', async () => {
  const workspaceId = ids.spread();
  const [one, two] = [await make(workspaceId), await make(workspaceId)];
  await make(workspaceId, ['other']);
  const contacts = Array.from({ length: 1000 }, () => ids.spread());
  const events = eventsOf(workspaceId, contacts);
  const sent = await statements(() => queue.transact((tx) => reader().read(tx, events)));
  ok(sent.length <= 7, `${sent.length}: ${sent.join('\n')}`);
  equal(sent.filter((text) => text.includes('INSERT INTO webhook_calls')).length, 2, 'a thousand at a time');

  const rows = await sql<{ id: number; webhook_id: number; bucket: number; body: string; trigger: string }[]>`
    SELECT id, webhook_id, bucket, body, trigger FROM webhook_calls WHERE workspace_id = ${workspaceId} AND state = 'pending'`;
  equal(rows.length, 2000);
  for (const row of rows) {
    const body = JSON.parse(row.body) as { n: number; contactId: number };
    equal(row.bucket, bucketOf(body.contactId));
    equal(contacts[body.n], body.contactId);
    equal(row.trigger, 'told');
  }
  deepEqual(new Set(rows.map((row) => row.webhook_id)), new Set([one.id, two.id]));
  const due = await sql<{ owner_id: number; cause_id: number; stream: number; seq: number }[]>`
    SELECT owner_id, cause_id, stream, seq FROM due WHERE workspace_id = ${workspaceId} AND kind = 2`;
  deepEqual(
    new Map(due.map((d) => [d.owner_id, d.cause_id])),
    new Map(rows.map((row) => [row.id, row.webhook_id])),
  );
  ok(due.every(({ stream, seq }) => stream === 0 && seq === 0));
});

test('the calls of a contact sort by id as things happened', async () => {
  const workspaceId = ids.spread();
  await make(workspaceId);
  const contactId = ids.spread();
  await queue.transact((tx) =>
    reader().read(
      tx,
      eventsOf(
        workspaceId,
        Array.from({ length: 50 }, () => contactId),
      ),
    ),
  );
  const rows = await sql<{ body: string }[]>`
    SELECT body FROM webhook_calls WHERE workspace_id = ${workspaceId} ORDER BY id`;
  deepEqual(
    rows.map(({ body }) => (JSON.parse(body) as { n: number }).n),
    Array.from({ length: 50 }, (_, n) => n),
  );
});

test('in whatever order a presenter tells, the calls are in the order of what happened; what names no event comes last', async () => {
  const workspaceId = ids.spread();
  const { id: webhookId } = await make(workspaceId);
  const contactId = ids.spread();
  const call = (n: number, eventIndex?: number) => ({
    webhookId,
    trigger: 'told',
    body: { n },
    contactId,
    ...(eventIndex === undefined ? {} : { eventIndex }),
  });
  const backwards = webhookReader({
    queue,
    ids,
    clock,
    subscriptions: webhooks.subscriptions,
    presenters: [{ door: 'sunshine', present: () => Promise.resolve([call(2), call(1, 1), call(0, 0)]) }],
  });
  await queue.transact((tx) => backwards.read(tx, eventsOf(workspaceId, [contactId, contactId])));
  const rows = await sql<{ body: string }[]>`
    SELECT body FROM webhook_calls WHERE workspace_id = ${workspaceId} ORDER BY id`;
  deepEqual(
    rows.map(({ body }) => JSON.parse(body) as unknown),
    [{ n: 0 }, { n: 1 }, { n: 2 }],
  );
});

test('where nobody listens, no presenter is asked and, within a second, nothing is read', async () => {
  const workspaceId = ids.spread();
  const asked: Rig['asked'] = [];
  const read = () => queue.transact((tx) => reader(asked).read(tx, eventsOf(workspaceId, [ids.spread()])));
  deepEqual((await statements(read)).length, 3);
  deepEqual((await statements(read)).length, 2);
  deepEqual(asked, []);
});

test('each door is asked for its own webhooks, with the events of its workspace only', async () => {
  const [a, b] = [ids.spread(), ids.spread()];
  const [ofSunshine, ofConsole, ofB] = [await make(a), await make(a, ['told'], 'console'), await make(b)];
  const asked: Rig['asked'] = [];
  const events = [...eventsOf(a, [ids.spread(), ids.spread()]), ...eventsOf(b, [ids.spread()])];
  await queue.transact((tx) => reader(asked).read(tx, events));
  deepEqual(asked, [
    { events: 2, webhooks: [ofSunshine.id] },
    { events: 2, webhooks: [ofConsole.id] },
    { events: 1, webhooks: [ofB.id] },
  ]);
});

test('a presenter that names a foreign webhook is a bug, and nothing of it stands', async () => {
  const workspaceId = ids.spread();
  await make(workspaceId);
  const odd = { webhookId: ids.spread(), trigger: 'told', body: {}, contactId: ids.spread() };
  const bad = webhookReader({
    queue,
    ids,
    clock,
    subscriptions: webhooks.subscriptions,
    presenters: [{ door: 'sunshine', present: () => Promise.resolve([odd]) }],
  });
  await rejects(
    queue.transact((tx) => bad.read(tx, eventsOf(workspaceId, [ids.spread()]))),
    /not asked for/,
  );
  equal((await sql`SELECT 1 FROM webhook_calls WHERE workspace_id = ${workspaceId}`).length, 0);
});

test('what is too much for one statement goes in two: after one that is full the next has all of its room', async () => {
  const workspaceId = ids.spread();
  const large = 'x'.repeat(2_100_000);
  const calls = [large, large, '', '', ''].map((body) => {
    const contactId = ids.spread();
    const id = ids.inBucket(bucketOf(contactId));
    return { id, workspaceId, webhookId: 1, trigger: 'told', body, contactId };
  });
  const sent = await statements(() =>
    // Nothing of it stays: the worker of another test would call them.
    rejects(
      queue.transact(async (tx) => {
        await putCalls(tx, queue, clock.nowMs(), calls);
        equal((await tx`SELECT FROM webhook_calls WHERE workspace_id = ${workspaceId}`).length, 5);
        throw new Error('enough');
      }),
      /enough/,
    ),
  );
  equal(sent.filter((text) => text.includes('INSERT INTO webhook_calls')).length, 2);
});

test('through the dispatcher, an event becomes one call', async () => {
  const workspaceId = ids.spread();
  await make(workspaceId);
  const contacts = Array.from({ length: 300 }, () => ids.spread());
  await rig.tell(workspaceId, contacts);
  await rig.worker.start();
  await until('the feed was dispatched', async () => (await sql`SELECT 1 FROM feed LIMIT 1`).length === 0);
  const rows = await sql<
    { body: string }[]
  >`SELECT body FROM webhook_calls WHERE workspace_id = ${workspaceId}`;
  deepEqual(
    rows.map(({ body }) => (JSON.parse(body) as { contactId: number }).contactId).sort((x, y) => x - y),
    contacts.sort((x, y) => x - y),
  );
});
