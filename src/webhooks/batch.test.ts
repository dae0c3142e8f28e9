/** One batch of calls at a time, handled by hand: what is called in it and what is not, and what is written of it. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../base/fault.ts';
import { bucketOf, firstIdAt } from '../base/ids.ts';
import { claimBatch } from '../../test/support/claim.ts';
import { testClock } from '../../test/support/clock.ts';
import { testDatabase } from '../../test/support/database.ts';
import { startReceiver } from '../../test/support/receiver.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Batch } from '../queue/work/work.ts';
import { webhookHandler, type WebhookDeps } from './deliver.ts';
import { putCalls } from './expand.ts';
import { getCall, listCalls, replay, replayFailed, replaySome } from './log.ts';
import { createSettling, type Result } from './settling.ts';
import { updateCalls } from './sql.calls.ts';
import { disableWebhooks } from './sql.ts';
import { OFFERED, startRig } from './testRig.ts';

const { sql } = await testDatabase();
const clock = testClock();
const receiver = await startReceiver();
const rig = await startRig({ sql, clock, node: 1, work: false });
test.after(() => rig.stop());

/** A webhook, and calls to it that are due: each of the contact that is given. */
async function due(path: string, contactIds: readonly number[], w?: Awaited<ReturnType<typeof webhook>>) {
  const made = w ?? (await webhook(path));
  const calls = contactIds.map((contactId, n) => ({
    id: rig.ids.inBucket(bucketOf(contactId)),
    workspaceId: made.workspaceId,
    webhookId: made.id,
    trigger: 'told',
    body: JSON.stringify({ n }),
    contactId,
  }));
  await rig.queue.transact((tx) => putCalls(tx, rig.queue, clock.nowMs(), calls));
  return { ...made, calls: calls.map(({ id }) => id) };
}

async function webhook(path: string, workspaceId = rig.ids.spread()) {
  const made = await rig.queue.transact((tx) =>
    rig.webhooks.create(tx, {
      workspaceId,
      door: 'sunshine',
      target: receiver.url(path),
      triggers: ['told'],
      offered: ['told'],
    }),
  );
  ok(!isFault(made));
  return made;
}

/** Two contacts whose calls lie in one lane, and in no line. */
function twoOfALane(): [number, number] {
  const [first, second] = rig.queue.lanes()[3]!.buckets;
  return [rig.ids.inBucket(first!), rig.ids.inBucket(second!)];
}
const claim = (ownerId: number, more: Partial<Batch> = {}) =>
  claimBatch(rig, ownerId, { kind: KIND.webhook, ...more });
/** Of what is due in the lane, which other tests may have left something in, these calls alone. */
const claimOnly = async ({ calls }: { calls: readonly number[] }) => {
  const batch = await claim(calls[0]!);
  return { ...batch, items: batch.items.filter(({ ownerId }) => calls.includes(ownerId)) };
};
const handle = (batch: Batch, more: Partial<WebhookDeps> = {}) =>
  webhookHandler({ ...rig, random: () => 0.5, ...more }).handle(batch);
const heard = (path: string) =>
  receiver.received(path).map(({ body }) => (JSON.parse(body) as { n: number }).n);
const dueOf = async (workspaceId: number) =>
  await sql<{ id: number; ms: number; attempt: number }[]>`
    SELECT owner_id AS id, due_ms AS ms, attempt FROM due WHERE workspace_id = ${workspaceId} ORDER BY owner_id`;
const isInFlight = async ({ flightId }: Batch) =>
  (await sql`SELECT 1 FROM flights WHERE id = ${flightId}`).length > 0;
const putOffFor = async (callId: number, byMs: number) =>
  await sql`UPDATE due SET due_ms = due_ms + ${byMs} WHERE owner_id = ${callId}`;

test('who has lost the lane while it waited makes no call', async () => {
  const { calls } = await due('/lost', [rig.ids.spread()]);
  await handle(await claim(calls[0]!, { holds: () => false })).catch(() => {});
  deepEqual(heard('/lost'), []);
});

test('what is delivered and due all the same is not called again', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/again', [contactId]);
  await handle(await claim(w.calls[0]!));
  await rig.queue.transact((tx) =>
    rig.queue.put(tx, [
      {
        kind: KIND.webhook,
        ownerId: w.calls[0]!,
        causeId: w.id,
        seq: 0,
        stream: 0,
        workspaceId: w.workspaceId,
        dueMs: clock.nowMs(),
      },
    ]),
  );
  await handle(await claim(w.calls[0]!));
  deepEqual([heard('/again'), await dueOf(w.workspaceId)], [[0], []]);
});

test('what failed is tried again when its time has come, with one attempt more; what it failed with is kept, and not heard', async () => {
  receiver.answer('/failing', { status: 500, body: '{"error":"down"}' });
  const w = await due('/failing', [rig.ids.spread()]);
  const answers: string[] = [];
  const answered = async ({ answer }: { answer: Buffer }) => void answers.push(answer.toString());
  const fromMs = clock.nowMs();
  await handle(await claim(w.calls[0]!), { answered });
  const [again] = await dueOf(w.workspaceId);
  equal(again!.attempt, 1);
  ok(again!.ms >= fromMs + 10_000 && again!.ms <= clock.nowMs() + 10_000);
  clock.advance(10_000);
  receiver.answer('/failing', { status: 503 });
  await handle(await claim(w.calls[0]!), { answered });
  const call = await getCall(rig, { workspaceId: w.workspaceId, callId: w.calls[0]! });
  ok(!isFault(call));
  deepEqual(
    call.tried.map(({ status, answer }) => [status, answer]),
    [[500, '{"error":"down"}']],
  );
  equal(call.nextMs, (await dueOf(w.workspaceId))[0]!.ms, 'it says when it is tried again');
  const { calls } = await listCalls(rig, { workspaceId: w.workspaceId, webhookId: w.id });
  deepEqual(
    calls.map(({ nextMs }) => nextMs),
    [call.nextMs],
    'and so does the list',
  );
  clock.advance(40_000);
  receiver.answer('/failing', { status: 200 });
  await handle(await claim(w.calls[0]!), { answered });
  const over = await getCall(rig, { workspaceId: w.workspaceId, callId: w.calls[0]! });
  ok(!isFault(over));
  deepEqual(
    [over.state, over.attempts, over.tried.map(({ status }) => status)],
    ['delivered', 3, [500, 503]],
  );
  const lateMs = over.tried.map(({ atMs }, n) => atMs - fromMs - n * 10_000);
  ok(
    lateMs.every((ms) => ms >= 0 && ms < 8_000),
    'each when it was made',
  );
  ok(over.finishedMs! >= fromMs + 50_000);
  equal(over.nextMs, undefined);
  deepEqual(answers, [], 'nor what is nothing');
});

test('made again: in the order of what is repeated, beside it, under the first one’s id however often; also what was called off', async () => {
  receiver.answer('/repeated', { status: 404 });
  const contactId = rig.ids.spread();
  const w = await due('/repeated', [contactId, contactId, contactId]);
  await handle(await claim(w.calls[0]!));
  await sql`UPDATE webhook_calls SET state = 'canceled' WHERE id = ${w.calls[1]!}`;
  receiver.answer('/repeated', { status: 200 });
  const { workspaceId, id: webhookId } = w;
  const within = rig.queue.transact;
  deepEqual(await within((tx) => replayFailed(rig, tx, { workspaceId, webhookId, sinceMs: 0 })), {
    replayed: 3,
    more: false,
  });
  deepEqual(
    await within((tx) => replayFailed(rig, tx, { workspaceId, webhookId, sinceMs: 0 })),
    { replayed: 0, more: false },
    'once each',
  );
  await handle(await claim(w.calls[0]!));
  deepEqual(heard('/repeated'), [0, 1, 2, 0, 1, 2]);
  const page = { workspaceId, webhookId, limit: 2 };
  const first = await listCalls(rig, page);
  equal(first.next, first.calls[1]!.id);
  deepEqual(
    first.calls.map(({ replayOf, id }) => [replayOf, bucketOf(id)]),
    [w.calls[2], w.calls[1]].map((id) => [id, bucketOf(contactId)]),
  );
  const rest = [];
  for (let next: number | undefined = first.next; next !== undefined; ) {
    const more = await listCalls(rig, { ...page, beforeId: next });
    rest.push(...more.calls.map(({ id }) => id));
    next = more.next;
  }
  deepEqual(rest.slice(1), w.calls.toReversed(), 'page after page, each once');
  const callIds = [first.calls[0]!.id];
  for (const _ of ['once', 'again'])
    deepEqual(await within((tx) => replaySome(rig, tx, { workspaceId, webhookId, callIds })), {
      replayed: 1,
      more: false,
    });
  await handle(await claim(w.calls[0]!));
  const repeats = (await listCalls(rig, page)).calls;
  deepEqual(
    repeats.map(({ messageId, replayOf }) => [messageId, replayOf]),
    [first.calls[0]!, first.calls[0]!].map(({ messageId }) => [messageId, w.calls[2]]),
  );
  const onceMore = await within((tx) => replay(rig, tx, { workspaceId, callId: w.calls[0]! }));
  ok(!isFault(onceMore), 'one that somebody names is made again however often it was');
});

test('however many failed since a time are made again, each once, and none that failed before', async () => {
  const w = await due('/many', [rig.ids.spread()]);
  const { workspaceId, id: webhookId } = w;
  await handle(await claim(w.calls[0]!));
  // Two hours later than anything that is really there.
  const sinceMs = clock.nowMs() + 7_200_000;
  await sql`
    INSERT INTO webhook_calls (bucket, id, workspace_id, webhook_id, trigger, body, state, created_ms, finished_ms)
    SELECT id & 4095, id, ${workspaceId}, ${webhookId}, 'told', '{}', 'failed', 1, 2
    FROM generate_series(${firstIdAt(sinceMs)}::bigint, ${firstIdAt(sinceMs) + 2_499}::bigint) AS id`;
  await sql`UPDATE webhook_calls SET state = 'failed' WHERE id = ${w.calls[0]!}`;
  const replayed = await rig.queue.transact((tx) =>
    replayFailed(rig, tx, { workspaceId, webhookId, sinceMs }),
  );
  deepEqual(replayed, { replayed: 2_500, more: false });
  const [{ n } = { n: 0 }] = await sql<{ n: number }[]>`
    SELECT count(DISTINCT replay_of) AS n FROM webhook_calls WHERE webhook_id = ${webhookId}`;
  equal(n, 2_500);
  const listed = await listCalls(rig, { workspaceId, webhookId, limit: 1_000 });
  equal(listed.calls.length, 200, 'a page is two hundred at most');
  await sql`DELETE FROM due WHERE workspace_id = ${workspaceId}`;
});

test('of what is rare among very many a page says that there may be more', async () => {
  const w = await due('/rare', [rig.ids.spread()]);
  // Two minutes later than anything that is really there: ids of others lie close by.
  const from = w.calls[0]! + 1_000_000_000;
  await sql`
    INSERT INTO webhook_calls (bucket, id, workspace_id, webhook_id, trigger, body, state, created_ms, finished_ms)
    SELECT id & 4095, id, ${w.workspaceId}, ${w.id}, 'other', '{}', 'delivered', 1, 2
    FROM generate_series(${from + 1}::bigint, ${from + 10_000}::bigint) AS id`;
  const page = { workspaceId: w.workspaceId, webhookId: w.id, trigger: 'told' };
  const first = await listCalls(rig, page);
  deepEqual([first.calls, first.next], [[], from + 1]);
  await sql`UPDATE webhook_calls SET trigger = 'told' WHERE id = ${from + 1}`;
  equal((await listCalls(rig, page)).calls.length, 1, 'the last that is looked at is among them');
  const repeated = await listCalls(rig, { ...page, firstId: w.calls[0]! });
  deepEqual(
    repeated.calls.map(({ id }) => id),
    w.calls,
    'a message that is named is found however many came since',
  );
  const second = await listCalls(rig, { ...page, beforeId: first.next! });
  deepEqual([second.calls.map(({ id }) => id), second.next], [w.calls, undefined]);
});

test('one that waits behind an older that is due in other hands comes back after a moment, not at once', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/behind', [contactId, contactId]);
  const batch = await claim(w.calls[0]!);
  const fromMs = clock.nowMs();
  await handle({ ...batch, items: batch.items.filter(({ ownerId }) => ownerId === w.calls[1]) });
  const [, newer] = await dueOf(w.workspaceId);
  ok(newer!.ms >= fromMs + 250);
  deepEqual([heard('/behind'), newer!.attempt], [[], 0]);
});

test('a call whose secret cannot be read fails, and says why', async () => {
  const other = await webhook('/unread');
  const w = await due('/unread', [rig.ids.spread()]);
  await sql`UPDATE webhooks SET secret_sealed = (SELECT secret_sealed FROM webhooks WHERE id = ${other.id})
    WHERE id = ${w.id}`;
  await handle(await claim(w.calls[0]!));
  const call = await getCall(rig, { workspaceId: w.workspaceId, callId: w.calls[0]! });
  ok(!isFault(call) && call.state === 'failed' && call.lastAnswer!.includes('PARLEY_SECRET'));
  deepEqual(heard('/unread'), []);
});

test('what came of a call stands, whatever is said later; one that is under way is not made again', async () => {
  const w = await due('/stands', [rig.ids.spread(), rig.ids.spread()]);
  const [callId, other] = w.calls as [number, number];
  const { workspaceId } = w;
  const early = await rig.queue.transact((tx) => replay(rig, tx, { workspaceId, callId }));
  equal(isFault(early) && early.fault, 'conflict');
  const batch = await claim(callId);
  await handle(batch);
  const change = {
    id: callId,
    state: 'failed',
    attempts: 2,
    lastStatus: 500,
    lastAnswer: null,
    finishedMs: 1,
  } as const;
  await updateCalls(sql, batch.lane, [change], clock.nowMs());
  const call = await getCall(rig, { workspaceId, callId });
  equal(!isFault(call) && call.state, 'delivered');
  const stranger = await webhook('/stands', workspaceId);
  const some = { workspaceId, webhookId: stranger.id, callIds: [callId, other] };
  deepEqual(await rig.queue.transact((tx) => replaySome(rig, tx, some)), { replayed: 0, more: false });
  await sql`UPDATE webhooks SET status = 'disabled' WHERE id = ${w.id}`;
  const disabled = await rig.queue.transact((tx) => replay(rig, tx, { workspaceId, callId }));
  equal(isFault(disabled) && disabled.field, 'status');
});

test('one success among failures is a success; who is gone is told of once, and called no more by this very process', async () => {
  const [one, other] = twoOfALane();
  receiver.answer('/mixed', (before) => ({ status: before ? 404 : 200 }));
  const w = await due('/mixed', [one, other]);
  const batch = await claim(w.calls[0]!);
  equal(batch.items.length, 2);
  // All of it is written at the end.
  await handle(batch, { clock: { ...clock, after: () => () => {} } });
  const now = await rig.webhooks.get(sql, w);
  ok(!isFault(now) && now.failingSinceMs === undefined);
  const active = async () =>
    (await rig.webhooks.subscriptions.active(sql, [w.workspaceId])).get(w.workspaceId)?.length ?? 0;
  // What is read now is kept for a second.
  clock.advance(5_000);
  equal(await active(), 1);
  receiver.answer('/mixed', { status: 410 });
  const last = await due('/mixed', [one], now);
  await handle(await claim(last.calls[0]!));
  equal(await active(), 0);
  deepEqual(await disableWebhooks(sql, [w], null), [], 'it is disabled already');
});

test('given up is what was called: not a webhook that has another target by now, nor one that works or was enabled anew meanwhile', async () => {
  const w = await webhook('/moved');
  const called = [{ id: w.id, target: w.target }];
  const update = (change: { target?: string; status?: 'active' | 'disabled' }) =>
    rig.queue.transact((tx) => rig.webhooks.update(tx, w, { ...change, offered: OFFERED }));
  await update({ target: `${w.target}/new` });
  deepEqual(await disableWebhooks(sql, called, null), []);
  await update({ target: w.target });
  const sinceMs = clock.nowMs() - 1_000;
  await sql`UPDATE webhooks SET failing_since_ms = ${sinceMs} WHERE id = ${w.id}`;
  deepEqual(await disableWebhooks(sql, called, sinceMs), []);
  await update({ status: 'disabled' });
  await update({ status: 'active' });
  deepEqual(await disableWebhooks(sql, called, sinceMs + 500), [], 'it fails no more');
  equal((await disableWebhooks(sql, called, null)).length, 1);
});

test('what the database was away for is no failed call', async () => {
  receiver.answer('/away', { status: 200, body: '{}' });
  const w = await due('/away', [rig.ids.spread()]);
  let holds = true;
  const answered = () => {
    holds = false;
    return Promise.reject(Object.assign(new Error('terminating connection'), { code: '57P01' }));
  };
  const batch = await claim(w.calls[0]!, { holds: () => holds });
  await rejects(handle(batch, { answered }));
  deepEqual(
    (await dueOf(w.workspaceId)).map(({ attempt }) => attempt),
    [0],
  );
  equal(await isInFlight(batch), true, 'nobody else takes up what is handled again');
});

test('what fails in our own hands says nothing about the target', async () => {
  receiver.answer('/own', { status: 200, body: '{}' });
  const w = await due('/own', [rig.ids.spread()]);
  await handle(await claim(w.calls[0]!), { answered: () => Promise.reject(new Error('cannot be read')) });
  const now = await rig.webhooks.get(sql, w);
  ok(!isFault(now));
  equal(now.failingSinceMs, undefined);
  const { calls } = await listCalls(rig, { workspaceId: w.workspaceId, webhookId: w.id });
  deepEqual([calls[0]!.state, calls[0]!.attempts], ['pending', 1]);
});

test('a batch that failed halfway is handled again: what was settled of it is not called again', async () => {
  const [one, other] = twoOfALane();
  receiver.answer('/half', { status: 500 });
  const w = await due('/half', [one, other]);
  let isAway = false;
  const { queue } = rig;
  const flaky: typeof queue = {
    ...queue,
    async transact(...given) {
      if (isAway) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
      return await queue.transact(...given);
    },
  };
  const batch = await claim(w.calls[0]!, { holds: () => !isAway });
  equal(batch.items.length, 2);
  const { promise: written, resolve: write } = Promise.withResolvers<void>();
  const http: typeof rig.http = {
    ...rig.http,
    async call(request) {
      // The second waits until what came of the first is written, and the database is away by then.
      if (request.body === '{"n":1}' && !isAway) await written;
      return await rig.http.call(request);
    },
  };
  const handler = webhookHandler({ ...rig, queue: flaky, http, random: () => 0.5 });
  const handled = rejects(handler.handle(batch));
  await until('the first is written', async () =>
    (await dueOf(w.workspaceId)).some(({ attempt }) => attempt === 1),
  );
  isAway = true;
  write();
  await handled;
  isAway = false;
  await handler.handle(batch);
  deepEqual(heard('/half'), [0, 1, 1], 'the one that was put off waits for its time');
});

/** A clock that leaps over the end of a bar once it was looked at so often. */
function leaping() {
  let left = Infinity;
  return {
    nowMs: () => clock.nowMs() + (left-- > 0 ? 0 : 60_000),
    afterLooks: (looks: number) => void (left = looks),
  };
}

test('one that is put off holds back those behind it, in its batch and in the next, though the bar is lifted in between', async () => {
  for (const apart of [false, true]) {
    const path = `/barred${apart}`;
    const [contactId, stranger] = twoOfALane();
    const first = await webhook(path);
    // Another contact's call is told to come again in two seconds; that closes the gate.
    receiver.answer(path, (before) =>
      before ? { status: 200 } : { status: 429, headers: { 'retry-after': '3' } },
    );
    const barring = await due(path, [stranger], first);
    const leap = leaping();
    const handler = webhookHandler({ ...rig, clock: { ...clock, nowMs: () => leap.nowMs() } });
    await handler.handle(await claim(barring.calls[0]!));
    await sql`DELETE FROM due WHERE owner_id = ${barring.calls[0]!}`;
    const two = await due(path, [contactId, contactId], first);
    const batch = await claim(two.calls[0]!);
    deepEqual(
      batch.items.map(({ ownerId }) => ownerId),
      two.calls,
    );
    // Looked at when a batch is read, when the first of the line is to be called, and when it is put off.
    leap.afterLooks(apart ? 4 : 3);
    if (apart)
      await Promise.all(batch.items.map((item) => handler.handle({ ...batch, items: [item], wakeAt() {} })));
    else await handler.handle(batch);
    deepEqual(heard(path), [0], 'neither was called');
    const [older, newer] = await dueOf(first.workspaceId);
    ok(older!.ms <= newer!.ms && older!.attempt === 0 && newer!.attempt === 0);
    receiver.answer(path, { status: 200 });
  }
});

test('one whose being put off is not written yet holds back those behind it, also when they come a second time', async () => {
  const [contactId, stranger] = twoOfALane();
  const path = '/unwritten';
  const first = await webhook(path);
  receiver.answer(path, (before) =>
    before ? { status: 200 } : { status: 429, headers: { 'retry-after': '3' } },
  );
  const barring = await due(path, [stranger], first);
  const leap = leaping();
  let writing: Promise<void> | undefined;
  const asked = Promise.withResolvers<void>();
  const write = Promise.withResolvers<void>();
  const slow: typeof rig.queue = {
    ...rig.queue,
    async transact(...given) {
      const waited = writing;
      writing = undefined;
      if (waited) asked.resolve();
      await waited;
      return await rig.queue.transact(...given);
    },
  };
  const handler = webhookHandler({ ...rig, queue: slow, clock: { ...clock, nowMs: () => leap.nowMs() } });
  await handler.handle(await claim(barring.calls[0]!));
  await sql`DELETE FROM due WHERE owner_id = ${barring.calls[0]!}`;
  const two = await due(path, [contactId, contactId], first);
  const batch = await claim(two.calls[0]!);
  const [older, newer] = batch.items.map((item) => ({ ...batch, items: [item], wakeAt() {} }));
  writing = write.promise;
  const handled = handler.handle(older!);
  await asked.promise;
  await handler.handle(newer!);
  // The bar is lifted, and the newer is due again.
  leap.afterLooks(0);
  await handler.handle({ ...newer!, items: newer!.items.map((item) => ({ ...item })) });
  deepEqual(heard(path), [0], 'neither was called');
  const copied = ({ items }: Batch) => ({ ...batch, items: items.map((item) => ({ ...item })) });
  await Promise.all([handler.handle(copied(newer!)), handler.handle(copied(batch))]);
  deepEqual(heard(path), [0, 0, 1], 'once the older was made nothing holds the newer up');
  write.resolve();
  await handled;
});

test('one that was written late is behind an older that was put off, though one behind both was put off before it', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/late', [contactId, contactId, contactId]);
  const batch = await claimOnly(w);
  const [, second, third] = batch.items.map((item) => ({ ...batch, items: [item] }));
  await putOffFor(w.calls[0]!, 60_000);
  const handler = webhookHandler({ ...rig });
  await Promise.all([handler.handle(third!), handler.handle(second!)]);
  deepEqual(heard('/late'), []);
  const [older, late] = await dueOf(w.workspaceId);
  ok(late!.ms >= older!.ms && late!.attempt === 0, 'and comes back when that is due');
});

test('who is put off behind two comes back when both are due, and waits for the second also when the first was made', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/both', [contactId, contactId, contactId, contactId]);
  const [id0, id1, id2] = w.calls as [number, number, number];
  const batch = await claimOnly(w);
  const only = (...which: number[]) => ({ ...batch, items: which.map((n) => batch.items[n]!) });
  await putOffFor(id0, 60_000);
  await putOffFor(id2, 5_000);
  const handler = webhookHandler({ ...rig });
  await Promise.all([handler.handle(only(1)), handler.handle(only(3))]);
  const [first, , , last] = await dueOf(w.workspaceId);
  ok(last!.ms >= first!.ms);

  // The third is put off behind the second; the fourth was read before anybody knew.
  await putOffFor(id1, 60_000);
  const isRead = Promise.withResolvers<void>();
  const slow: typeof rig.queue = {
    ...rig.queue,
    async untriedBefore(db, kind, items) {
      if (items[0]!.ownerId === id2) await isRead.promise;
      const found = await rig.queue.untriedBefore(db, kind, items);
      // What it says is read in this turn of the loop.
      if (items[0]!.ownerId === id0) setImmediate(isRead.resolve);
      return found;
    },
  };
  const other = webhookHandler({ ...rig, queue: slow });
  await Promise.all([other.handle(only(2)), other.handle(only(0, 3))]);
  deepEqual(heard('/both'), [0]);
});

test('one that was read before an older one was put off comes back when that is due, and not sooner', async () => {
  const [contactId, stranger] = twoOfALane();
  receiver.answer('/stale', { status: 429, headers: { 'retry-after': '60' } });
  const w = await webhook('/stale');
  const barring = await due('/stale', [stranger], w);
  const [isRead, isPutOff] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let newest: number | undefined;
  const slow: typeof rig.queue = {
    ...rig.queue,
    async untriedBefore(db, kind, items) {
      const isNewest = items[0]!.ownerId === newest;
      if (newest !== undefined && !isNewest) await isRead.promise;
      const found = await rig.queue.untriedBefore(db, kind, items);
      if (isNewest) isRead.resolve();
      if (isNewest) await isPutOff.promise;
      return found;
    },
  };
  const handler = webhookHandler({ ...rig, queue: slow });
  await handler.handle(await claimOnly(barring));
  await sql`DELETE FROM due WHERE owner_id = ${barring.calls[0]!}`;
  const two = await due('/stale', [contactId, contactId], w);
  newest = two.calls[1]!;
  const batch = await claimOnly(two);
  const [first, second] = batch.items.map((item) => ({ ...batch, items: [item] }));
  await Promise.all([handler.handle(first!).finally(() => isPutOff.resolve()), handler.handle(second!)]);
  const [older, newer] = await dueOf(w.workspaceId);
  ok(older!.ms > clock.nowMs() + 30_000 && newer!.ms >= older!.ms);
});

test('a call that came again is waited for by those behind it, also once the batch in which it was put off is over', async () => {
  const [contactId, stranger] = twoOfALane();
  const w = await webhook('/anew');
  receiver.answer('/anew', (before) =>
    before ? { status: 200 } : { status: 429, headers: { 'retry-after': '30' } },
  );
  const barring = await due('/anew', [stranger], w);
  const leap = leaping();
  // Calls hang until they are let go: that of another webhook in the first batch, and the older one when it comes again.
  const hanging = new Map(['/anew', '/elsewhere'].map((path) => [path, Promise.withResolvers<void>()]));
  const asked: string[] = [];
  let hangs = false;
  const http: typeof rig.http = {
    ...rig.http,
    async call(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (hangs) await hanging.get(pathname)!.promise;
      return await rig.http.call(request);
    },
  };
  let opened = () => {};
  const vault: typeof rig.vault = {
    ...rig.vault,
    open(...given) {
      opened();
      return rig.vault.open(...given);
    },
  };
  const leaps = { ...clock, nowMs: () => leap.nowMs() };
  const handler = webhookHandler({ ...rig, http, vault, clock: leaps });
  await handler.handle(await claimOnly(barring));
  await sql`DELETE FROM due WHERE owner_id = ${barring.calls[0]!}`;
  hangs = true;
  const other = await due('/elsewhere', [stranger]);
  const { calls } = await due('/anew', [contactId, contactId], w);
  const claimed = await claimOnly({ calls: [...calls, ...other.calls] });
  const only = (...which: number[]) => ({
    ...claimed,
    items: claimed.items.filter(({ ownerId }) => which.includes(ownerId)).map((item) => ({ ...item })),
  });
  const first = handler.handle(only(calls[0]!, other.calls[0]!));
  await until('the older is put off, and its batch goes on', async () => {
    const [older] = await dueOf(w.workspaceId);
    return older!.ms > clock.nowMs() && asked.includes('/elsewhere');
  });
  // The bar is lifted, and it comes again.
  leap.afterLooks(0);
  asked.length = 0;
  const again = handler.handle(only(calls[0]!));
  await until('it is called', () => asked.includes('/anew'));
  hanging.get('/elsewhere')!.resolve();
  await first;
  // The last thing that is done before the newer waits for its turn is to open its secret.
  opened = () => void setImmediate(hanging.get('/anew')!.resolve);
  await Promise.all([again, handler.handle(only(calls[1]!))]);
  deepEqual(heard('/anew'), [0, 0, 1]);
});

test('what was made before is not put behind what was put off', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/before', [contactId, contactId]);
  const batch = await claimOnly(w);
  await putOffFor(w.calls[0]!, 60_000);
  const again = batch.items.slice(1).map((item) => ({ ...item, attempt: 1 }));
  await handle({ ...batch, items: again });
  deepEqual(heard('/before'), [1]);
});

test('those behind a batch that failed give way to it: it is handled again, and first', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/failed', [contactId, contactId]);
  const batch = await claimOnly(w);
  const [first, second] = batch.items.map((item) => ({ ...batch, items: [item] }));
  const fail = Promise.withResolvers<void>();
  let isFirst = true;
  const failing: typeof rig.queue = {
    ...rig.queue,
    async untriedBefore(...given) {
      if (!isFirst) return await rig.queue.untriedBefore(...given);
      isFirst = false;
      await fail.promise;
      throw new Error('cannot be read');
    },
  };
  // The second is read, and waits for its turn: the last thing that is done before is to open its secret.
  const vault: typeof rig.vault = {
    ...rig.vault,
    open(...given) {
      setImmediate(fail.resolve);
      return rig.vault.open(...given);
    },
  };
  const handler = webhookHandler({ ...rig, queue: failing, vault });
  const refused = rejects(handler.handle(first!), /cannot be read/);
  await Promise.all([refused, handler.handle(second!)]);
  deepEqual(heard('/failed'), []);
  await handler.handle(first!);
  deepEqual(heard('/failed'), [0]);
});

test('calls that are put off together come back one after the other', async () => {
  const [one, other] = twoOfALane();
  receiver.answer('/spread', { status: 429, headers: { 'retry-after': '3' } });
  const w = await webhook('/spread');
  const barring = await due('/spread', [one], w);
  const handler = webhookHandler({ ...rig });
  await handler.handle(await claim(barring.calls[0]!));
  await sql`DELETE FROM due WHERE owner_id = ${barring.calls[0]!}`;
  const two = await due('/spread', [one, other], w);
  await handler.handle(await claimOnly(two));
  const [first, second] = (await dueOf(w.workspaceId)).map(({ ms }) => ms).toSorted((a, b) => a - b);
  ok(second! > first!);
});

/** What came of the calls of a batch, which is written down by hand. */
const cameOf = ({ items }: Batch, more: Partial<Result['change'] & object> = {}): Result[] =>
  items.map((item) => ({
    item,
    change: {
      id: item.ownerId,
      state: 'delivered',
      attempts: 1,
      lastStatus: 200,
      lastAnswer: null,
      finishedMs: 1,
      ...more,
    },
  }));

test('what finished is written 50 ms after the first of it, however many follow, and each once', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/gathered', [contactId, contactId, contactId]);
  const batch = await claimOnly(w);
  const still = stillClock(clock.nowMs());
  const counted: string[] = [];
  const deps = { ...rig, clock: still, settled() {}, counted: (what: string) => void counted.push(what) };
  const settling = createSettling(deps, batch);
  const [one, two, three] = cameOf(batch);
  settling.add(one!);
  await still.moveOn(40);
  settling.add(two!);
  await still.moveOn(10);
  await until('two are written', async () => (await dueOf(w.workspaceId)).length === 1);
  equal(await isInFlight(batch), true, 'it goes on');
  settling.add(three!);
  await settling.finish(true);
  deepEqual(counted, ['delivered', 'delivered', 'delivered']);
  equal(await isInFlight(batch), false);
});

test('a group of which one cannot be written ends its flight all the same', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/apart', [contactId, contactId, contactId]);
  const batch = await claimOnly(w);
  const wasInFlight: boolean[] = [];
  const queue: typeof rig.queue = {
    ...rig.queue,
    async transact(...given) {
      wasInFlight.push(await isInFlight(batch));
      return await rig.queue.transact(...given);
    },
  };
  const settling = createSettling({ ...rig, queue, settled() {} }, batch);
  for (const [n, result] of cameOf(batch).entries())
    settling.add(n ? result : { ...result, change: { ...result.change!, lastAnswer: 'no \0 in text' } });
  await settling.finish(true);
  const { calls } = await listCalls(rig, { workspaceId: w.workspaceId, webhookId: w.id });
  deepEqual(
    calls.map(({ state }) => state),
    ['delivered', 'delivered', 'failed'],
  );
  deepEqual([await isInFlight(batch), await dueOf(w.workspaceId)], [false, []]);
  ok(wasInFlight.length > 2 && wasInFlight.every(Boolean), 'and not before the last of it is written');
});

test('what came of a call is not taken for what cannot be written, where the database is back before the lane is lost', async () => {
  receiver.answer('/back', { status: 200 });
  const [one, other] = twoOfALane();
  const w = await due('/back', [one, other]);
  let isAway = true;
  const { queue } = rig;
  const flaky: typeof queue = {
    ...queue,
    async transact(...given) {
      if (!isAway) return await queue.transact(...given);
      isAway = false;
      throw Object.assign(new Error('terminating connection'), { code: '57P01' });
    },
  };
  const batch = await claim(w.calls[0]!, { holds: () => isAway });
  await rejects(handle(batch, { queue: flaky }));
  const { calls } = await listCalls(rig, { workspaceId: w.workspaceId, webhookId: w.id });
  deepEqual(
    calls.map(({ state }) => state),
    ['pending', 'pending'],
  );
});

test('a webhook fails since the first of its calls that did, however many of a batch follow', async () => {
  const contactId = rig.ids.spread();
  const w = await due('/since', [contactId, contactId]);
  const batch = await claimOnly(w);
  const still = stillClock(clock.nowMs());
  const fromMs = still.nowMs();
  const settling = createSettling({ ...rig, clock: still, settled() {} }, batch);
  const [one, two] = cameOf(batch).map((came) => ({
    ...came,
    change: { ...came.change!, state: 'failed' as const, lastStatus: 404 },
    called: w,
  }));
  settling.add(one!);
  await still.moveOn(50);
  await until('the first is written', async () => (await dueOf(w.workspaceId)).length === 1);
  await still.moveOn(10_000);
  settling.add(two!);
  await settling.finish(true);
  const now = await rig.webhooks.get(sql, w);
  ok(!isFault(now));
  equal(now.failingSinceMs, fromMs + 50);
});

test('a call that could not begin for five seconds goes back, though others pass the gate all the time', async () => {
  const contacts = rig.queue
    .lanes()[9]!
    .buckets.slice(0, 20)
    .map((bucket) => rig.ids.inBucket(bucket));
  const w = await due('/passing', contacts);
  const batch = await claimOnly(w);
  const still = stillClock(clock.nowMs());
  const answers: (() => void)[] = [];
  const http: typeof rig.http = {
    ...rig.http,
    call: () =>
      new Promise((resolve) => {
        answers.push(() => resolve({ kind: 'answer', status: 200, headers: {}, body: Buffer.alloc(0) }));
      }),
  };
  const handled = handle(batch, { clock: still, http });
  for (let begun = 10; begun <= 15; begun++) {
    await until(`${begun} have begun`, () => answers.length === begun);
    await still.moveOn(900);
    answers[begun - 10]!();
  }
  await still.moveOn(1);
  for (const answer of answers) answer();
  await handled;
  equal(answers.length, 15);
  deepEqual(
    (await dueOf(w.workspaceId)).map(({ attempt }) => attempt),
    [0, 0, 0, 0, 0],
  );
});
