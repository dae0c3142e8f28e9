/** Calls as a real receiver gets them: signed, retried, given up, and never held up by somebody else's target. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { monotonicMs } from '../base/clock.ts';
import { hmac } from '../base/crypto.ts';
import { isFault } from '../base/fault.ts';
import { bucketOf } from '../base/ids.ts';
import type { DoorName } from '../accounts/keys.ts';
import { listAudit } from '../accounts/audit.ts';
import { testClock } from '../../test/support/clock.ts';
import { testDatabase } from '../../test/support/database.ts';
import { startReceiver, type Received } from '../../test/support/receiver.ts';
import { until } from '../../test/support/until.ts';
import { MOST_INSIDE } from './gates.ts';
import { getCall, listCalls, replay, replayFailed, sendTest, type WebhookCall } from './log.ts';
import { OFFERED, startRig, type Rig } from './testRig.ts';
import { type WebhookWithSecret } from './webhooks.ts';

const database = await testDatabase();
const { sql } = database;
const clock = testClock();
const receiver = await startReceiver();
let rig = await startRig({ sql, clock, node: 1 });
test.after(() => rig.stop());

/** The rig is made anew where a test needs another one; lanes change hands meanwhile. */
async function restart(options: Partial<Parameters<typeof startRig>[0]>): Promise<Rig> {
  await rig.stop();
  rig = await startRig({ sql, clock, node: 1, ...options });
  return rig;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

async function make(path: string, more: object = {}): Promise<WebhookWithSecret> {
  const workspaceId = rig.ids.spread();
  const input = { workspaceId, door: 'sunshine' as DoorName, target: receiver.url(path), triggers: ['told'] };
  const made = await rig.queue.transact((tx) =>
    rig.webhooks.create(tx, { ...input, offered: OFFERED, ...more }),
  );
  ok(!isFault(made));
  return made;
}
const listed = async (page: Parameters<typeof listCalls>[1]) =>
  (await listCalls({ sql, queue: rig.queue }, page)).calls;
const calls = (w: WebhookWithSecret) => listed({ workspaceId: w.workspaceId, webhookId: w.id });
const stateOf = async (w: WebhookWithSecret) => {
  const got = await rig.webhooks.get(sql, w);
  ok(!isFault(got));
  return got;
};
const one = (w: WebhookWithSecret, is: (call: WebhookCall) => boolean): Promise<WebhookCall> =>
  until('the call came to that', async () => (await calls(w)).find(is));
const answerOf = async (call: WebhookCall, w: WebhookWithSecret) => {
  const got = await getCall({ sql, queue: rig.queue }, { workspaceId: w.workspaceId, callId: call.id });
  ok(!isFault(got));
  return got;
};
const later = (byMs: number): void => {
  clock.advance(byMs);
  rig.look();
};
const nothingDue = (w: WebhookWithSecret) =>
  until('nothing is left to do', async () => {
    const rows = await sql`SELECT 1 FROM due WHERE workspace_id = ${w.workspaceId}
      UNION ALL SELECT 1 FROM flights WHERE kind = 2`;
    return rows.length === 0;
  });

function verified(secret: string, call: Received): unknown {
  return new StandardWebhook(secret).verify(call.body, call.headers as Record<string, string>);
}

test('delivered: JSON, Sunshine’s key, and a signature that the standard’s library verifies with the shown secret', async () => {
  const w = await make('/plain');
  const contactId = rig.ids.spread();
  await rig.tell(w.workspaceId, [contactId]);
  const call = await one(w, ({ state }) => state === 'delivered');
  const [got, ...rest] = receiver.received('/plain');
  deepEqual(rest, []);
  equal(got!.method, 'POST');
  equal(got!.headers['content-type'], 'application/json');
  equal(got!.headers['x-api-key'], w.secret);
  equal(got!.headers['user-agent'], 'Parley');
  equal(got!.headers['webhook-id'], call.messageId);
  deepEqual(verified(w.secret!, got!), { n: 0, contactId });
  equal(call.lastStatus, 200);
  equal(call.attempts, 1);
  await nothingDue(w);
});

test('other doors: a secret of one’s own, Web1on1’s signature, HTTP Basic; the secret itself is not sent', async () => {
  const basicAuth = { username: 'shop', password: 'open sésame' };
  const w = await make('/own', { door: 'web1on1', secret: 'chosen-by-hand', basicAuth });
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await one(w, ({ state }) => state === 'delivered');
  const [got] = receiver.received('/own');
  ok(!JSON.stringify(got!.headers).includes('chosen-by-hand'));
  equal(got!.headers['x-hub-signature'], `sha1=${hmac('sha1', 'chosen-by-hand', got!.body, 'hex')}`);
  equal(got!.headers.authorization, `Basic ${Buffer.from('shop:open sésame').toString('base64')}`);
  const raw = new StandardWebhook('chosen-by-hand', { format: 'raw' });
  ok(raw.verify(got!.body, got!.headers as Record<string, string>));
});

test('a 500 is tried again with the same webhook-id, then delivered', async () => {
  const w = await make('/flaky');
  receiver.answer('/flaky', (before) => ({
    status: before < 2 ? 500 : 204,
    body: before < 2 ? 'broken' : '',
  }));
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  const first = await one(w, ({ attempts }) => attempts === 1);
  equal(first.state, 'pending');
  equal((await answerOf(first, w)).lastAnswer, 'broken');
  ok((await stateOf(w)).failingSinceMs);
  later(11_000);
  await one(w, ({ attempts }) => attempts === 2);
  equal(receiver.received('/flaky').length, 2);
  later(44_000);
  const last = await one(w, ({ state }) => state === 'delivered');
  equal(last.attempts, 3);
  const got = receiver.received('/flaky');
  equal(new Set(got.map(({ headers }) => headers['webhook-id'])).size, 1);
  equal(new Set(got.map(({ body }) => body)).size, 1);
  await nothingDue(w);
  equal((await stateOf(w)).failingSinceMs, undefined);
});

test('Sunshine gives up after five attempts; redirects and broken connections count as failures', async () => {
  const w = await make('/hopeless');
  receiver.answer('/hopeless', (before) =>
    before % 2 ? 'cut' : { status: 302, headers: { location: receiver.url('/elsewhere') } },
  );
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  for (let attempts = 1; attempts < 5; attempts++) {
    await one(w, (call) => call.attempts === attempts);
    later(11 * MINUTE_MS);
  }
  const call = await one(w, ({ state }) => state === 'failed');
  equal(call.attempts, 5);
  equal(receiver.received('/hopeless').length, 5);
  equal(receiver.received('/elsewhere').length, 0);
  await nothingDue(w);
});

test('400, 401, 403, 404 and 406 are final', async () => {
  for (const status of [400, 401, 403, 404, 406]) {
    const w = await make(`/final${status}`);
    receiver.answer(`/final${status}`, { status, body: 'x'.repeat(5000) });
    await rig.tell(w.workspaceId, [rig.ids.spread()]);
    const call = await one(w, ({ state }) => state === 'failed');
    deepEqual([call.attempts, call.lastStatus], [1, status]);
    equal((await answerOf(call, w)).lastAnswer, 'x'.repeat(2048));
    equal((await stateOf(w)).status, 'active');
    await nothingDue(w);
  }
});

test('410 disables the webhook, with an event and an entry in the audit log; what waited is canceled', async () => {
  const w = await make('/gone');
  receiver.answer('/gone', (before) => ({ status: before === 0 ? 500 : 410 }));
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await one(w, ({ attempts }) => attempts === 1);
  receiver.answer('/gone', { status: 410 });
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await one(w, ({ state }) => state === 'failed');
  equal((await stateOf(w)).status, 'disabled');
  later(11_000);
  const canceled = await one(w, ({ state }) => state === 'canceled');
  match((await answerOf(canceled, w)).lastAnswer!, /disabled/);
  equal(receiver.received('/gone').length, 2);
  const events = await until('the event is in history', async () => {
    const rows = await sql<{ payload: object }[]>`
      SELECT payload FROM feed_log WHERE workspace_id = ${w.workspaceId} AND type = 'webhook.disabled'`;
    return rows.length ? [...rows] : undefined;
  });
  deepEqual(
    events.map(({ payload }) => payload),
    [{ webhookId: w.id, door: 'sunshine', target: w.target, reason: 'gone' }],
  );
  const [entry] = await listAudit(sql, { workspaceId: w.workspaceId });
  deepEqual([entry!.actor, entry!.action, entry!.subject], ['parley', 'webhook.disable', `webhook:${w.id}`]);

  // Nothing more is written for it, until it is set to active by hand.
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await until('the feed was read', async () => !(await sql`SELECT 1 FROM feed LIMIT 1`).length);
  equal((await calls(w)).length, 2);
  receiver.answer('/gone', { status: 200 });
  await rig.queue.transact((tx) => rig.webhooks.update(tx, w, { status: 'active', offered: OFFERED }));
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await one(w, ({ state }) => state === 'delivered');
});

test('five days without a success disable a webhook; a success in between begins anew', async () => {
  const w = await make('/days', { door: 'console' });
  let told = 0;
  const tellAndSee = async (state: (call: WebhookCall) => boolean) => {
    await rig.tell(w.workspaceId, [rig.ids.spread()]);
    told++;
    await until('tried', async () => {
      const [latest, ...rest] = await calls(w);
      return rest.length === told - 1 && latest && state(latest);
    });
  };
  receiver.answer('/days', { status: 404 });
  await tellAndSee(({ state }) => state === 'failed');
  later(100 * HOUR_MS);
  receiver.answer('/days', { status: 200 });
  await tellAndSee(({ state }) => state === 'delivered');
  receiver.answer('/days', { status: 404 });
  await tellAndSee(({ state }) => state === 'failed');
  later(100 * HOUR_MS);
  await tellAndSee(({ state }) => state === 'failed');
  equal((await stateOf(w)).status, 'active');
  later(21 * HOUR_MS);
  await tellAndSee(({ state }) => state === 'failed');
  equal((await stateOf(w)).status, 'disabled');
});

test('Retry-After of a 429 is obeyed, by the other calls to the target too', async () => {
  const w = await make('/throttled');
  receiver.answer('/throttled', (before) =>
    before ? { status: 200 } : { status: 429, headers: { 'retry-after': '300' } },
  );
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await one(w, ({ attempts }) => attempts === 1);
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await until('the second call was put off', async () => {
    const rows = await sql<
      { due_ms: number }[]
    >`SELECT due_ms FROM due WHERE workspace_id = ${w.workspaceId}`;
    return rows.length === 2 && rows.every((row) => row.due_ms > clock.nowMs() + 290_000);
  });
  later(240_000);
  equal(receiver.received('/throttled').length, 1);
  later(65_000);
  await until('both arrived', async () => (await calls(w)).every(({ state }) => state === 'delivered'));
  deepEqual(new Set((await calls(w)).map(({ attempts }) => attempts)), new Set([1, 2]));
});

test('a target that hangs holds nobody up, not even in the same batch, and gets ten calls at a time', async () => {
  const slow = await make('/hang');
  const quick = await make('/quick', { workspaceId: slow.workspaceId });
  receiver.answer('/hang', 'hang');
  // All in one lane, and few enough to be claimed as one batch.
  const lane = rig.queue.laneOf(0);
  const { buckets } = rig.queue.lanes().find((l) => l.lane === lane)!;
  const contacts = Array.from({ length: 20 }, (_, i) => rig.ids.inBucket(buckets[i % buckets.length]!));
  await rig.tell(slow.workspaceId, contacts);
  await until('all of the quick one’s arrived', () => receiver.received('/quick').length === 20);
  await until('and are settled', async () =>
    (await calls(quick)).every(({ state }) => state === 'delivered'),
  );
  equal(receiver.mostAtOnce('/hang'), MOST_INSIDE);
  equal(receiver.received('/hang').length, MOST_INSIDE);
  await until('the others come again in ten seconds, not in one', async () => {
    const put = await sql`SELECT FROM due WHERE cause_id = ${slow.id} AND due_ms > ${clock.nowMs() + 5_000}`;
    return put.length === 20 - MOST_INSIDE;
  });
  const fresh = await make('/fresh');
  await rig.tell(fresh.workspaceId, [rig.ids.inBucket(buckets[0]!)]);
  await one(fresh, ({ state }) => state === 'delivered');
  receiver.answer('/hang', { status: 200 });
  receiver.release();
  await until('the rest follows', async () => {
    later(10_000);
    return (await calls(slow)).every(({ state }) => state === 'delivered');
  });
  deepEqual(new Set((await calls(slow)).map(({ attempts }) => attempts)), new Set([1]));
  await nothingDue(slow);
});

test('while calls hang, the worker does not ask the database over and over', async () => {
  const w = await make('/patient');
  receiver.answer('/patient', 'hang');
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await until('the call is under way', () => receiver.received('/patient').length === 1);
  let looks = 0;
  database.hear((text) => (looks += text.includes('min(due_ms)') ? 1 : 0));
  const fromMs = monotonicMs();
  await until('three seconds have passed', () => monotonicMs() - fromMs > 3000);
  database.hear(undefined);
  receiver.release();
  await one(w, ({ state }) => state === 'delivered');
  const tookS = (monotonicMs() - fromMs) / 1000;
  ok(looks <= 1 + tookS, `${looks} looks in ${tookS.toFixed(1)} seconds`);
});

test('the calls of a contact to one webhook go out one after the other, in order', async () => {
  const w = await make('/order');
  const contactId = rig.ids.spread();
  await rig.tell(
    w.workspaceId,
    Array.from({ length: 30 }, () => contactId),
  );
  await until('all arrived', async () => {
    const all = await calls(w);
    return all.length === 30 && all.every(({ state }) => state === 'delivered');
  });
  const order = receiver.received('/order').map(({ body }) => (JSON.parse(body) as { n: number }).n);
  deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test('a call waits for the one before it to the same contact, also when that is of another batch', async () => {
  const w = await make('/turns');
  const [contactId, other] = [rig.ids.spread(), rig.ids.spread()];
  const arrived = () =>
    receiver.received('/turns').map(({ body }) => JSON.parse(body) as Record<string, number>);
  receiver.answer('/turns', 'hang');
  await rig.tell(w.workspaceId, [contactId]);
  await until('the first is under way', () => arrived().length === 1);
  await rig.tell(w.workspaceId, [contactId]);
  await rig.tell(w.workspaceId, [other]);
  await until('the other contact’s is under way', () =>
    arrived().some((body) => body['contactId'] === other),
  );
  equal(arrived().filter((body) => body['contactId'] === contactId).length, 1);
  receiver.answer('/turns', { status: 200 });
  receiver.release();
  await until('all were delivered', async () => {
    const all = await calls(w);
    return all.length === 3 && all.every(({ state }) => state === 'delivered');
  });
});

test('the calls of a contact keep their order when the target asked to be left alone, or hung: no newer one is made first', async () => {
  const w = await make('/in-order');
  const [lane] = rig.queue.lanes();
  const contactId = rig.ids.inBucket(lane!.buckets[0]!);
  const asked = () =>
    receiver
      .received('/in-order')
      .map(({ body }) => JSON.parse(body) as { n: number; contactId: number })
      .filter((body) => body.contactId === contactId)
      .map(({ n }) => n);
  receiver.answer('/in-order', (before) =>
    before ? { status: 200 } : { status: 429, headers: { 'retry-after': '60' } },
  );
  await rig.tell(w.workspaceId, [rig.ids.inBucket(lane!.buckets[1]!)]);
  await one(w, ({ attempts }) => attempts === 1);
  // One is put off; a minute later its target may be called again, and newer ones come at that instant.
  await rig.tell(w.workspaceId, [contactId, contactId]);
  await until('both are put off', async () => {
    const rows = await sql<
      { due_ms: number }[]
    >`SELECT due_ms FROM due WHERE workspace_id = ${w.workspaceId}`;
    return rows.length === 3 && rows.every((row) => row.due_ms > clock.nowMs() + 50_000);
  });
  clock.advance(60_100);
  await rig.tell(w.workspaceId, [contactId]);
  await until('the newer one was put off behind them', async () => {
    const rows = await sql<{ due_ms: number }[]>`
      SELECT due_ms FROM due WHERE workspace_id = ${w.workspaceId} AND attempt = 0`;
    return rows.length === 3 && rows.every((row) => row.due_ms > clock.nowMs());
  });
  deepEqual(asked(), []);
  await until('all arrived', async () => {
    later(2_000);
    return (await calls(w)).every(({ state }) => state === 'delivered');
  });
  const order = asked();
  deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  await nothingDue(w);
});

test('a newer call gives way to an older one that was claimed after it, or whose batch failed and is handled again', async () => {
  const w = await make('/way');
  const [lane] = rig.queue.lanes();
  const contactId = rig.ids.inBucket(lane!.buckets[0]!);
  receiver.answer('/way', (before) =>
    before ? { status: 200 } : { status: 429, headers: { 'retry-after': '60' } },
  );
  await rig.tell(w.workspaceId, [rig.ids.inBucket(lane!.buckets[1]!)]);
  await one(w, ({ attempts }) => attempts === 1);
  const waiting = async () =>
    (
      await sql`SELECT 1 FROM due WHERE workspace_id = ${w.workspaceId} AND attempt = 0 AND due_ms > ${clock.nowMs()}`
    ).length;
  await rig.tell(w.workspaceId, [contactId]);
  await until('the older one is put off', async () => (await waiting()) === 1);
  clock.advance(60_100);
  const arrivedOf = () =>
    receiver
      .received('/way')
      .filter(({ body }) => (JSON.parse(body) as { contactId: number }).contactId === contactId);
  const look = rig.queue.untriedBefore.bind(rig.queue);
  const looks = { begun: 0 };
  // The newer one looks only when the older one was claimed, which does so only when the newer one has given way.
  rig.queue.untriedBefore = async (...asked) => {
    const nth = ++looks.begun;
    if (nth === 1) {
      later(2_000);
      await until('the older one was claimed', () => looks.begun === 2);
    }
    if (nth === 2)
      await until('the newer one is over', async () => (await waiting()) === 1 || arrivedOf().length > 0);
    return await look(...asked);
  };
  await rig.tell(w.workspaceId, [contactId]);
  const inOrder = async (n: number) => {
    await until('both arrived', () => {
      later(1_100);
      return arrivedOf().length === n;
    });
    const order = arrivedOf().map(({ body }) => (JSON.parse(body) as { n: number }).n);
    deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  };
  await inOrder(2);
  // The older one’s batch fails once the newer one waits for its turn.
  looks.begun = 0;
  rig.queue.untriedBefore = async (...asked) => {
    const nth = ++looks.begun;
    if (nth === 1) {
      await rig.tell(w.workspaceId, [contactId]);
      await until('the newer one waits', () => looks.begun === 2);
      throw new Error('a bug');
    }
    return await look(...asked);
  };
  await rig.tell(w.workspaceId, [contactId]);
  await until('the batch has failed', () => looks.begun === 2);
  await inOrder(4);
  rig.queue.untriedBefore = look;
  await nothingDue(w);
});

test('replay: a call of its own with the same body and webhook-id; failed ones are replayed once', async () => {
  const w = await make('/replayed');
  receiver.answer('/replayed', { status: 404 });
  await rig.tell(
    w.workspaceId,
    Array.from({ length: 5 }, () => rig.ids.spread()),
  );
  await until('all failed', async () => {
    const all = await calls(w);
    return all.length === 5 && all.every(({ state }) => state === 'failed');
  });
  const [failed] = await calls(w);
  receiver.answer('/replayed', { status: 200 });
  const replayed = await rig.queue.transact((tx) =>
    replay(rig, tx, { workspaceId: w.workspaceId, callId: failed!.id }),
  );
  ok(!isFault(replayed));
  const again = await one(w, ({ id, state }) => id === replayed.callId && state === 'delivered');
  deepEqual([again.replayOf, again.messageId], [failed!.id, failed!.messageId]);
  const same = receiver.received('/replayed').filter((c) => c.headers['webhook-id'] === failed!.messageId);
  equal(same.length, 2);
  equal(same[0]!.body, same[1]!.body);
  equal((await answerOf(failed!, w)).replayedBy, replayed.callId);

  const sinceMs = clock.nowMs() - HOUR_MS;
  const all = () =>
    rig.queue.transact((tx) =>
      replayFailed(rig, tx, { workspaceId: w.workspaceId, webhookId: w.id, sinceMs }),
    );
  const counts = (await Promise.all([all(), all()])).map((r) => (isFault(r) ? -1 : r.replayed));
  deepEqual(new Set(counts), new Set([0, 4]));
  deepEqual(await all(), { replayed: 0, more: false });
  await until(
    'all arrived',
    async () => (await calls(w)).filter(({ state }) => state === 'delivered').length === 5,
  );
  const page = { workspaceId: w.workspaceId, webhookId: w.id, limit: 3 };
  const first = await listed({ ...page, state: 'failed' });
  const second = await listed({ ...page, state: 'failed', beforeId: first.at(-1)!.id });
  deepEqual([first.length, second.length], [3, 2]);
  ok((await listed({ ...page, state: 'delivered', limit: 200 })).every(({ state }) => state === 'delivered'));

  const foreign = { workspaceId: rig.ids.spread(), callId: failed!.id, webhookId: w.id, sinceMs };
  for (const answer of [
    await getCall({ sql, queue: rig.queue }, foreign),
    await rig.queue.transact((tx) => replay(rig, tx, foreign)),
    await rig.queue.transact((tx) => replayFailed(rig, tx, foreign)),
    await rig.queue.transact((tx) => sendTest(rig, tx, foreign)),
  ])
    equal(isFault(answer) && answer.fault, 'not_found');
  deepEqual(await listed(foreign), []);
});

test('a test call arrives like any other', async () => {
  const w = await make('/ping');
  const sent = await rig.queue.transact((tx) =>
    sendTest(rig, tx, { workspaceId: w.workspaceId, webhookId: w.id }),
  );
  ok(!isFault(sent));
  const call = await one(w, ({ state }) => state === 'delivered');
  equal(call.id, sent.callId);
  equal((JSON.parse(receiver.received('/ping')[0]!.body) as { type: string }).type, 'ping');
});

test('the database going away between answer and settlement costs no second call, committed or not', async () => {
  for (const committed of [false, true]) {
    const path = `/outage${committed}`;
    const w = await make(path);
    receiver.answer(path, 'hang');
    await rig.tell(w.workspaceId, [rig.ids.spread()]);
    await until('the call is under way', () => receiver.received(path).length === 1);
    const { queue } = rig;
    const transact = queue.transact.bind(queue);
    let failed = 0;
    queue.transact = async (work) => {
      queue.transact = transact;
      if (committed) await transact(work);
      failed++;
      throw Object.assign(new Error('terminating connection due to administrator command'), {
        code: '57P01',
      });
    };
    receiver.release();
    await one(w, ({ state }) => state === 'delivered');
    await nothingDue(w);
    deepEqual([receiver.received(path).length, failed], [1, 1]);
  }
});

test('a lane that changed hands meanwhile: the former owner writes nothing, the new one calls again', async () => {
  const w = await make('/fenced');
  receiver.answer('/fenced', (before) => (before ? { status: 200 } : 'hang'));
  const contactId = rig.ids.spread();
  await rig.tell(w.workspaceId, [contactId]);
  await until('the call is under way', () => receiver.received('/fenced').length === 1);
  await sql`UPDATE lanes SET owner = NULL, leased_until_ms = 0, epoch = epoch + 1
    WHERE lane = ${rig.queue.laneOf(bucketOf(contactId))}`;
  receiver.release();
  const call = await one(w, ({ state }) => state === 'delivered');
  const ids = receiver.received('/fenced').map(({ headers }) => headers['webhook-id']);
  deepEqual(ids, [call.messageId, call.messageId]);
  await nothingDue(w);
});

test('one call whose outcome cannot be written, or whose answer cannot be handled, costs the others of its batch nothing', async () => {
  const told: string[] = [];
  const settling = await restart({
    work: false,
    answered: ({ call }) => {
      told.push(call);
      if (call.includes('"n":3')) throw new Error('cannot read this answer');
      return Promise.resolve();
    },
  });
  // Of one lane, so that they are one batch: the database refuses to write down one of them.
  await sql.unsafe(`ALTER TABLE webhook_calls ADD CONSTRAINT poison
    CHECK (body NOT LIKE '%"n":5,%' OR state <> 'delivered') NOT VALID`);
  const w = await make('/poison');
  receiver.answer('/poison', { status: 200, body: '{}' });
  const bucket = bucketOf(settling.ids.spread());
  const people = Array.from({ length: 8 }, () => settling.ids.inBucket(bucket));
  await settling.worker.start();
  await settling.tell(w.workspaceId, people);
  await until(
    'all but two are delivered',
    async () => (await calls(w)).filter((c) => c.state === 'delivered').length === 6,
  );
  const culprit = await one(w, (call) => call.state === 'failed');
  match((await answerOf(culprit, w)).lastAnswer ?? '', /could not be written/);
  const again = await one(w, (call) => call.state === 'pending');
  equal(again.attempts, 1);
  match((await answerOf(again, w)).lastAnswer ?? '', /cannot read this answer/);
  equal(receiver.received('/poison').length, 8, 'nobody is called twice for another');
  await sql.unsafe('ALTER TABLE webhook_calls DROP CONSTRAINT poison');
  await restart({});
});

test('a 2xx is a success whatever comes behind it, and the connection is freed: much, without end, nothing, broken off', async () => {
  const bodies: Record<string, (response: ServerResponse) => void> = {
    '/big': (response) => response.end('z'.repeat(1_200_000)),
    '/endless': (response) => {
      // As fast as it is read.
      const more = () => response.write('z'.repeat(16_384), more);
      more();
    },
    '/silent': (response) => response.write('ok'),
    '/headOnly': (response) => response.flushHeaders(),
    '/broken': (response) => response.write('ok', () => response.socket!.resetAndDestroy()),
  };
  const called: Record<string, number> = {};
  const open = new Set<string>();
  const target = createServer((request, response) => {
    const path = request.url!;
    called[path] = (called[path] ?? 0) + 1;
    open.add(path);
    response.on('close', () => open.delete(path));
    response.on('error', () => {});
    request.resume();
    response.writeHead(200, { 'content-type': 'text/html' });
    bodies[path]!(response);
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const { port } = target.address() as AddressInfo;
  await Promise.all(
    Object.keys(bodies).map(async (path) => {
      const w = await make(path, { target: `http://127.0.0.1:${port}${path}` });
      await rig.tell(w.workspaceId, [rig.ids.spread()]);
      const { attempts, lastStatus, state } = await one(w, (call) => call.attempts > 0);
      deepEqual([path, state, attempts, lastStatus], [path, 'delivered', 1, 200]);
    }),
  );
  await until('every connection is given up', () => open.size === 0);
  deepEqual(called, Object.fromEntries(Object.keys(bodies).map((path) => [path, 1])));
  target.close();
});

test('no answer in time is tried again; a deleted webhook’s calls are canceled', async () => {
  await restart({ deadlineMs: 200 });
  const w = await make('/late');
  receiver.answer('/late', 'hang');
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  const call = await one(w, ({ attempts }) => attempts === 1);
  match((await answerOf(call, w)).lastAnswer!, /no full answer within 0.2 s/);
  await rig.queue.transact((tx) => rig.webhooks.delete(tx, w));
  later(11_000);
  await one(w, ({ state }) => state === 'canceled');
  receiver.release();
});

test('a private target is not called, and the log says why', async () => {
  await restart({ allowed: [] });
  const targets = [receiver.url('/secret'), receiver.url('/secret').replace('127.0.0.1', 'localhost')];
  for (const target of targets) {
    const w = await make('/secret', { target });
    await rig.tell(w.workspaceId, [rig.ids.spread()]);
    const call = await one(w, ({ state }) => state === 'failed');
    match((await answerOf(call, w)).lastAnswer!, /private address: webhooks reach public addresses only/);
    equal(call.attempts, 1);
  }
  equal(receiver.received('/secret').length, 0);
});

test('a worker killed between the answer and its settlement: called again, with the same webhook-id', async () => {
  await restart({ work: false });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testWorker.ts')], {
    env: { ...process.env, TEST_CONNECTION: JSON.stringify(database.connection) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const exited = once(child, 'exit');
  const w = await make('/killed');
  receiver.answer('/killed', (before) => {
    if (before === 0) child.kill('SIGKILL');
    return { status: 200 };
  });
  await rig.tell(w.workspaceId, [rig.ids.spread()]);
  await exited;
  const [call] = await calls(w);
  equal(call!.state, 'pending');
  equal((await sql`SELECT 1 FROM flights WHERE kind = 2`).length, 1);
  await restart({});
  await one(w, ({ state }) => state === 'delivered');
  const ids = receiver.received('/killed').map(({ headers }) => headers['webhook-id']);
  deepEqual(ids, [call!.messageId, call!.messageId]);
  await nothingDue(w);
});
